"""The form in which a run is put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Select, SelectionList, Static
from textual.widgets.selection_list import Selection
from textual.worker import get_current_worker

from spm_tui.bench.estimate import Estimate
from spm_tui.bench.named_here import Resource
from spm_tui.bench.options import BY_NAME, MODEL_OPTION, SERVERS, RunOptions
from spm_tui.engine.remote.key import Key
from spm_tui.errors import InputError, SpmError
from spm_tui.methods.catalogue import FEW_SHOT, MODEL_OF
from spm_tui.tui.known_models import KnownModel
from spm_tui.tui.run_texts import (
    BACKENDS,
    addresses,
    brief,
    model_name,
    offered,
    strangers,
    target_sets,
    written,
)
from spm_tui.tui.widgets.connection_test import ConnectionTest
from spm_tui.tui.widgets.field import Field, choice, line
from store.errors import StoreError

_OTHER = ""
"""In place of a model's name: the one that is typed."""
_TRAINED = (MODEL_OPTION["kaleido"], MODEL_OPTION["reward"])
"""Options that name a model that was trained for one method."""
_TEXTS = ("scenario", "limit", "samples", "temperature", "shots", "seed", "targets")
"""Options that are typed."""
_WHERE = ("backend", "url", "model", "ray-address")
"""Options that say what answers."""
_OPTIONAL = frozenset({"scenario", "limit", "ray-address"})
"""Those that may be left blank, and then are as they are without the option."""
_LOCAL = "a folder, a GGUF file or a hub id"
_HINTS = {"scenario": "all; or numbers: 3, 14", "limit": "all"}


@dataclass(frozen=True, slots=True)
class BenchmarkChoice:
    """A benchmark that can be run."""

    key: str
    """What `--benchmark` finds it by."""
    label: str
    """What people tell it from others by."""
    attributes: tuple[str, ...]
    saved: tuple[str, ...] = ()
    """Names of target sets."""


class RunForm(ModalScreen[RunOptions | None]):
    """Asks what to run; dismissed with None when nothing is to be run.

    Args:
        benchmarks: to choose from; at least one.
        models: likewise; any other can be typed.
        estimate: says what a run would take; called in a thread.
        initial: what the form starts with; options it does not show stay as they are there.
        addresses: of servers, to begin with where `initial` has none.
        missing: what of a run's servers, clusters and models was never named on this machine: of
            what `initial` has, that is pointed out.
        key: the API key of servers.

    """

    DEFAULT_CSS = """
    RunForm {
        align: center middle;
        & > .box {
            width: 78; max-width: 100%; height: 100%; max-height: 36; padding: 0 1;
            border: round $accent; border-title-color: $accent; background: $surface;
        }
        & VerticalScroll { height: 1fr; }
        & Input, & Select, & SelectionList { width: 1fr; }
        & SelectionList { height: auto; max-height: 8; border: none; padding: 0; }
        & .selection-list--button { color: $surface; background: $surface; }
        & .selection-list--button-highlighted { color: $panel; background: $panel; }
        & .selection-list--button-selected { color: $text-success; background: $surface; }
        & .selection-list--button-selected-highlighted {
            color: $text-success; background: $panel;
        }
        & Select:focus SelectCurrent, & Input:focus { background: $panel; text-style: bold; }
        & SelectCurrent #label { text-wrap: nowrap; text-overflow: ellipsis; }
        & #estimate { height: auto; text-style: bold; }
        & #strangers { display: none; height: auto; color: $text-warning; }
        & .hint { height: auto; color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Start", id="run.start"),
        Binding("ctrl+t", "test", "Test the connection", id="run.test"),
        Binding("escape", "dismiss(None)", "Cancel", id="run.cancel"),
    ]

    @dataclass
    class Estimated(Message):
        """It is known what a run would take."""

        options: RunOptions
        text: str

    def __init__(
        self,
        benchmarks: Sequence[BenchmarkChoice],
        models: Sequence[KnownModel],
        estimate: Callable[[RunOptions], Estimate],
        *,
        initial: RunOptions | None = None,
        addresses: Sequence[str] = (),
        missing: Callable[[RunOptions], Sequence[Resource]] = lambda _: (),
        key: Key | None = None,
    ) -> None:
        super().__init__()
        self._missing, self._key = missing, key
        self._initial = initial or RunOptions()
        self._addresses = self._initial.url or addresses
        self._benchmarks = {choice.key: choice for choice in benchmarks}
        self._models = models
        self._estimate = estimate
        self._wanted: RunOptions | None = None
        """What the fields say; None while a value cannot be used."""

    def compose(self) -> ComposeResult:
        """Lay out the fields, the estimate and the keys."""
        start = self._initial
        names, served = offered(self._models), start.backend in SERVERS
        local = "" if served else start.model
        model = local if local in names else _OTHER
        with Vertical(classes="box") as box:
            box.border_title = Content("Run")
            with VerticalScroll(can_focus=False):
                labels = {key: choice.label for key, choice in self._benchmarks.items()}
                yield choice("benchmark", labels, start.benchmark)
                yield choice("split", _same(BY_NAME["split"].choices), start.split)
                yield choice("method", _same(BY_NAME["method"].choices), start.method[0])
                yield choice("backend", BACKENDS, start.backend)
                yield choice("model", names | {_OTHER: "another"}, model)
                yield line("other", "" if model else local, _LOCAL, label="")
                yield line("url", " ".join(self._addresses), "http://host:8000/v1")
                name = start.model if served else ""
                yield line("served", name, "its name there", label="model")
                yield ConnectionTest("ctrl+t")
                yield line("ray-address", start.ray_address, "auto")
                for name in _TRAINED:
                    value = written(start, BY_NAME[name].field)
                    yield line(name, value, "folder or hub id", label="model")
                ticks = SelectionList[str](id="attributes", compact=True)
                yield Field("attributes", ticks, id="field-attributes")
                yield choice("decoding", _same(BY_NAME["decoding"].choices), start.decoding)
                for name in _TEXTS:
                    yield line(name, written(start, name), _HINTS.get(name, ""))
            yield Static(id="strangers", markup=False)
            yield Static(id="estimate", markup=False)
            yield Static(
                "ctrl+r start   tab next   enter open a choice   escape cancel",
                classes="hint",
            )

    def on_mount(self) -> None:
        """Offer the attributes of the benchmark."""
        self._offer_attributes(self._initial.attributes)
        self._changed()

    @on(Select.Changed, "#benchmark")
    def _other_benchmark(self) -> None:
        if self._value("benchmark") != self._offered:
            self._offer_attributes(())
            self._changed()

    def _offer_attributes(self, ticked: tuple[str, ...]) -> None:
        self._offered = self._value("benchmark")
        ticks = self.query_one("#attributes", SelectionList)
        ticks.clear_options()
        ticks.add_options(
            Selection(Content(name), name, not ticked or name in ticked)
            for name in self._benchmarks[self._offered].attributes
        )

    @on(Select.Changed)
    @on(Input.Changed)
    @on(SelectionList.SelectedChanged)
    def _changed(self) -> None:
        """Read the fields, say what is wrong, and estimate what the run would take."""
        if not self.is_mounted:
            return
        self._show_what_matters()
        self._wanted = self._read()
        self._point_out(self._wanted or self._initial)
        if self._wanted is None:
            self.query_one("#estimate", Static).update("a value cannot be used")
        else:
            self._work_out(self._wanted)

    def _show_what_matters(self) -> None:
        method, sampling = self._value("method"), self._value("decoding") == "sampling"
        role = MODEL_OF.get(method)
        asks, backend = role == "language", self._value("backend")
        served = asks and backend in SERVERS
        shown = {
            **{name: role is not None and name == MODEL_OPTION[role] for name in _TRAINED},
            "backend": asks,
            "model": asks and not served,
            "other": asks and not served and self._value("model") == _OTHER,
            **dict.fromkeys(("url", "served", "connection"), served),
            "ray-address": asks and backend == "ray",
            "decoding": asks,
            "samples": asks and sampling,
            "temperature": asks and sampling,
            "shots": method in FEW_SHOT,
            "seed": sampling if asks else method == "random",
        }
        for name, there in shown.items():
            self.query_one(f"#field-{name}", Field).display = there

    def _point_out(self, wanted: RunOptions) -> None:
        """Say what a run's record names and nobody has named on this machine."""
        note = self.query_one("#strangers", Static)
        note.update(strangers(self._recorded(wanted)))
        note.display = bool(self._recorded(wanted))

    def _recorded(self, wanted: RunOptions) -> list[Resource]:
        """Return what a run would use that nobody but the form's beginning has named."""
        begun = replace(self._initial, method=wanted.method, backend=wanted.backend)
        beginning = self._missing(begun)
        return [resource for resource in self._missing(wanted) if resource in beginning]

    def _value(self, name: str) -> str:
        return str(self.query_one(f"#{name}", Select).value)

    def _read(self) -> RunOptions | None:
        """Return what the fields say; None if a value cannot be used, which is then named."""
        values: dict[str, Any] = {"method": (self._value("method"),)}
        values |= {name: self._value(name) for name in ("benchmark", "split", "decoding")}
        for name in (*_WHERE, *_TRAINED, "attributes", *_TEXTS):
            field = self._field(name)
            field.complain("")
            try:
                if field.display:
                    values[BY_NAME[name].field] = self._read_one(name)
            except InputError as error:
                field.complain(str(error).removeprefix(f"field '--{name}': "))
        if values.get("backend", "") not in ("", *SERVERS):
            values |= {"url": (), "without": ()}
        if values.get("model", self._initial.model) != self._initial.model:
            values["revision"] = None  # it is one of the other model
        wanted = replace(self._initial, **values)
        complaining = [field for field in self.query(Field) if field.has_class("-wrong")]
        return None if complaining else wanted

    def _field(self, name: str) -> Field:
        """Return where an option is entered."""
        return self.query_one(f"#field-{self._named_in if name == 'model' else name}", Field)

    @property
    def _named_in(self) -> str:
        """Where the language model is named."""
        if self._value("backend") in SERVERS:
            return "served"
        return "other" if self._value("model") == _OTHER else "model"

    def _read_one(self, name: str) -> Any:
        if name == "backend" or (name == "model" and self._named_in == "model"):
            return self._value(name)
        if name == "attributes":
            return _ticked(self.query_one("#attributes", SelectionList))
        control = self._named_in if name == "model" else name
        return self._read_text(name, self.query_one(f"#{control}", Input).value.strip())

    def _read_text(self, name: str, text: str) -> Any:
        if name == "model" or name in _TRAINED:
            served = name == "model" and self._value("backend") in SERVERS
            return model_name(text, kinds="a model of the server" if served else _LOCAL)
        if name == "url":
            return addresses(text, key=self._key)
        if not text and name in _OPTIONAL:
            return getattr(RunOptions(), name)
        found = BY_NAME[name].read(text)
        if name == "targets":
            return target_sets(found, self._benchmarks[self._value("benchmark")].saved)
        return found

    @work(thread=True, exclusive=True, group="estimate", exit_on_error=False)
    def _work_out(self, options: RunOptions) -> None:
        worker = get_current_worker()
        try:
            text = brief(self._estimate(options))
        except (SpmError, StoreError) as error:
            text = str(error)
        if not worker.is_cancelled:
            self.post_message(self.Estimated(options, text))

    @on(Estimated)
    def _show_estimate(self, message: Estimated) -> None:
        if message.options == self._wanted:
            self.query_one("#estimate", Static).update(message.text)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_start()

    @on(Button.Pressed, "#test")
    def action_test(self) -> None:
        """Ask the servers what they are."""
        field = self.query_one("#field-url", Field)
        if not field.display:
            return
        try:
            urls = addresses(self.query_one("#url", Input).value, key=self._key)
        except InputError as error:
            field.complain(str(error).removeprefix("field '--url': "))
            return
        model = self.query_one("#served", Input).value.strip()
        self.query_one(ConnectionTest).ask(urls, model, key=self._key_for(urls))

    def _key_for(self, urls: Sequence[str]) -> Key | None:
        """Return the key for a test; what a record names is tested without until it is started."""
        recorded = self._recorded(replace(self._initial, url=tuple(urls)))
        strange = any(resource.kind == "server" for resource in recorded)
        return None if strange else self._key

    @on(Input.Changed, "#url")
    def _other_servers(self) -> None:
        if self.is_mounted:
            self.query_one(ConnectionTest).forget()

    @on(ConnectionTest.Told)
    def _take_what_is_known(self, message: ConnectionTest.Told) -> None:
        """Name a server's software, and what it serves if it serves nothing else."""
        if message.outcome.kind:
            self.query_one("#backend", Select).value = message.outcome.kind
        named = self.query_one("#served", Input)
        if not named.value.strip() and len(message.outcome.models) == 1:
            named.value = message.outcome.models[0]

    def action_start(self) -> None:
        """Close with the options, or go to the first value that cannot be used."""
        self._changed()
        if self._wanted:
            self.dismiss(self._wanted)
            return
        next(field for field in self.query(Field) if field.has_class("-wrong")).control.focus()


def _same(names: Sequence[str]) -> dict[str, str]:
    return {name: name for name in names}


def _ticked(ticks: SelectionList[str]) -> tuple[str, ...]:
    """Return the chosen attributes; nothing stands for all."""
    if not ticks.selected:
        raise InputError("choose at least one", field="--attributes")
    whole = len(ticks.selected) == ticks.option_count
    there = [ticks.get_option_at_index(index).value for index in range(ticks.option_count)]
    return () if whole else tuple(name for name in there if name in ticks.selected)
