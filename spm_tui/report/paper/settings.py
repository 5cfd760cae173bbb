"""With which settings a run was made, and where they are not the paper's."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from spm_tui import prompts
from spm_tui.bench.options import DTYPES, QUANTIZATIONS
from spm_tui.bench.repeating import options_of
from spm_tui.bench.served import unsent
from spm_tui.engine.embedded import EMBEDDED
from spm_tui.methods.base import REASONING
from spm_tui.methods.catalogue import CHOOSING, FEW_SHOT, MODEL_OF
from spm_tui.report.paper.published import Procedure
from spm_tui.report.tables import Cell
from store.records import Run

_GGUF = ".gguf"
_NAN = float("nan")
_HANDLED = frozenset({"temperature", "samples", "shots", "seed", "reasoning", "reasoning_tokens"})
"""Settings of a method that have a field here."""
COLUMNS = ("temperature", "samples", "shots", "seed", "precision")
NO_SETTINGS: tuple[Cell, ...] = (_NAN, _NAN, _NAN, _NAN, "")
"""In place of the cells of a run that is not there."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run was made; None is for what its method knows not, or does not draw."""

    temperature: float | None
    """0 is greedy decoding."""
    samples: int | None
    shots: int | None
    seed: int | None
    characters: int | None
    """Most that a reasoning may have."""
    tokens: int | None
    precision: str
    """Of the weights; empty where no model is asked, or it is not known."""
    quantized: str
    """Fewer bits that the weights were put into, or empty."""
    server: str
    """Software that answered elsewhere; what its weights are is not known."""
    file: str
    """Kind of the file with the weights, where they may be in fewer bits there."""
    worded: bool
    """Whether its prompts are worded as now."""
    further: Mapping[str, Any]
    """Settings of a later version of this program, which change its answers."""
    own_temperature: bool = False
    """Whether answers were drawn at a server's own temperature, whatever that is."""

    @property
    def greedy(self) -> bool:
        """Whether nothing is drawn."""
        return self.temperature == 0

    @property
    def weights(self) -> str:
        """In which precision the model ran, for people; empty where none was asked."""
        if self.server:
            return f"not known ({self.server} server)"
        about = (self.precision, self.quantized, self.file and f"from {self.file}")
        return ", ".join(filter(None, about))

    def cells(self) -> tuple[Cell, ...]:
        """Return the settings as `COLUMNS` name them, for programs."""
        temperature = _NAN if self.own_temperature else self.temperature
        numbers = (temperature, self.samples, self.shots, self.seed)
        return (*(_NAN if number is None else number for number in numbers), self.weights)

    def texts(self) -> tuple[str, ...]:
        """Return the same for people, empty where a setting does not apply."""
        temperature = None if self.own_temperature else self.temperature
        numbers = (temperature, self.samples, self.shots, self.seed)
        texts = ("" if number is None else _plain(number) for number in numbers)
        return (*texts, self.weights)


def settings_of(run: Run) -> RunSettings:
    """Return the settings of a run, from its configuration."""
    config: dict[str, Any] = json.loads(run.spec.config)
    method, name = config.get("method", {}), run.spec.method
    language = MODEL_OF.get(name) == "language"
    characters, tokens = method.get("reasoning") or (None, method.get("reasoning_tokens"))
    precision, quantized, server = _precision(config.get("model", ""))
    wording = prompts.CHOICE_WORDING if name in CHOOSING else prompts.WORDING
    return RunSettings(
        temperature=method.get("temperature"),
        samples=method.get("samples", 1 if "temperature" in method else None),
        shots=method.get("shots", 0 if language else None),
        seed=None if "seed" in unsent(config) else method.get("seed"),
        characters=characters,
        tokens=tokens,
        precision=precision,
        quantized=quantized,
        server=server,
        file=_file(run, config.get("model", "")),
        worded=not language or config.get("wording") == wording,
        further={key: method[key] for key in method if key not in _HANDLED} if language else {},
        own_temperature="temperature" in unsent(config),
    )


def _precision(identity: str) -> tuple[str, str, str]:
    """Read precision, quantisation and server from what identifies a backbone."""
    parts = identity.split("/")
    served = [after for before, after in pairwise(parts) if before == "served"]
    precision = [part for part in parts if part in DTYPES]
    quantized = [part for part in parts if part in QUANTIZATIONS]
    return "".join(precision[-1:]), "".join(quantized[-1:]), "".join(served[-1:])


def _file(run: Run, identity: str) -> str:
    """Return `a GGUF file` where a run's weights came from one: it may hold them in fewer bits."""
    if run.spec.method not in MODEL_OF or "/served/" in identity:
        return ""
    inside = tuple(model.sha256 for model in EMBEDDED.values() if model.weights.endswith(_GGUF))
    given = options_of(run).model_of(run.spec.method).lower().endswith(_GGUF)
    return "a GGUF file" if given or identity.startswith(inside) else ""


def departures(run: Run, *, paper: Procedure, published: bool) -> Iterator[str]:
    """Yield where a run's settings are not the paper's, for people.

    Args:
        run: the run.
        paper: the authors' settings.
        published: whether the paper has numbers for its backbone, so that it must be known that
            the weights are the authors', not in fewer bits.

    """
    settings = settings_of(run)
    if run.spec.split != "eval":
        yield f"{run.spec.split} split"
    yield from _drawn(settings, paper)
    if run.spec.method in FEW_SHOT and settings.shots != paper.shots:
        yield _counted(settings.shots, "shot")
    if (settings.tokens or REASONING.tokens) != REASONING.tokens:
        yield f"reasonings of at most {settings.tokens} tokens"
    if (settings.characters or REASONING.characters) != REASONING.characters:
        yield f"reasonings of at most {settings.characters} characters"
    if not settings.worded:
        yield "prompts in the words of another version"
    for key, value in settings.further.items():
        yield f"{key.replace('_', ' ')} {json.dumps(value)}"
    yield from _reduced(run, settings, published=published)


def _drawn(settings: RunSettings, paper: Procedure) -> Iterator[str]:
    if settings.temperature:
        if settings.own_temperature:
            yield "the server's own temperature"
        elif settings.temperature != paper.temperature:
            yield f"temperature {_plain(settings.temperature)}"
        if settings.samples != paper.samples:
            yield _counted(settings.samples, "sample")
    elif settings.greedy and settings.samples != 1:
        yield f"{_counted(settings.samples, 'sample')} under greedy decoding"


def _reduced(run: Run, settings: RunSettings, *, published: bool) -> Iterator[str]:
    """Yield how a run's weights are, or may be, other than those of the model that it names."""
    if settings.quantized:
        yield f"weights in {settings.quantized}"
    elif published and settings.server:
        yield f"precision not known: answered by a {settings.server} server"
    elif published and settings.file:
        yield f"weights from {settings.file}, which may hold them in fewer bits"
    elif run.spec.method in MODEL_OF and not settings.precision and not settings.server:
        yield "precision not known"


def _plain(number: float) -> str:
    """Return a setting as it was given: all digits, no exponent before it must be."""
    return str(number) if isinstance(number, int) else f"{number:.15g}"


def _counted(number: int | None, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def stated(columns: Mapping[str, Sequence[RunSettings]]) -> tuple[str, tuple[int, ...]]:
    """Say what the runs in a table have in common, column by column.

    Args:
        columns: settings of the runs in each column, by its title.

    Returns:
        A sentence's part, and the places in `texts` of those settings that differ within a
        column, so that they must stand in each row.

    """
    common: list[str] = []
    differing: list[int] = []
    for place in range(len(COLUMNS)):
        by_text: dict[str, list[str]] = {}
        for title, several in columns.items():
            for text in dict.fromkeys(map(partial(setting_text, place=place), several)):
                by_text.setdefault(text, []).append(title)
        titles = [title for titles in by_text.values() for title in titles]
        if len(titles) > len(set(titles)):
            differing.append(place)
        elif len(by_text) == 1:
            common += by_text
        else:
            common += [f"{text} ({', '.join(titles)})" for text, titles in by_text.items()]
    return "; ".join(filter(None, common)), tuple(differing)


def setting_text(settings: RunSettings, place: int) -> str:
    """Say one setting with its name, as it stands in a caption or a row."""
    values = (settings.temperature, settings.samples, settings.shots, settings.seed)
    if place == len(values):
        return f"precision {settings.weights}" if settings.weights else ""
    value = values[place]
    if place == 0 and settings.own_temperature:
        return "T of the server"
    if place == 0:
        return "greedy" if value == 0 else "" if value is None else f"T {_plain(value)}"
    if place == 3:
        return f"seed {value}" if value is not None else "no seed"
    return "" if value is None else _counted(int(value), ("sample", "shot")[place - 1])
