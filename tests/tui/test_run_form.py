"""The run form: what is entered is what is run; what cannot be used is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Select, SelectionList, Static

from spm_tui.bench import options
from spm_tui.bench.estimate import Estimate
from spm_tui.bench.options import KALEIDO_MODEL, LANGUAGE_MODEL, RunOptions
from spm_tui.errors import InputError
from spm_tui.tui import run_texts
from spm_tui.tui.known_models import KnownModel
from spm_tui.tui.run_texts import brief
from spm_tui.tui.screens.run_form import BenchmarkChoice, RunForm
from spm_tui.tui.widgets.field import Field
from tests.spm_tui.remote_server import FakeServer, listening, through
from tests.tui.wait import settle

BENCHMARKS = [
    BenchmarkChoice("mini-mic", "mini-mic", ("care", "fairness"), saved=("kind",)),
    BenchmarkChoice("[b]odd[/b]", "[b]odd[/b]", ("[red]help", "tone", "style")),
    BenchmarkChoice("aaaa11112222", "twin (aaaa11)", ("care",)),
    BenchmarkChoice("bbbb11112222", "twin (bbbb11)", ("zeal", "zest")),
]
MODELS = [
    KnownModel(LANGUAGE_MODEL, False),
    KnownModel("Qwen/Qwen2.5-0.5B", True),
    KnownModel("meta-llama/Llama-3.2-3B-Instruct", False, 6.4e9),
]


class Host(App[None]):
    """Shows the form and keeps its answer."""

    def __init__(
        self,
        estimate: Callable[[RunOptions], Estimate],
        initial: RunOptions | None = None,
        addresses: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.form = RunForm(BENCHMARKS, MODELS, estimate, initial=initial, addresses=addresses)
        self.answers: list[RunOptions | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.form, self.answers.append)

    def text(self, name: str) -> Input:
        return self.form.query_one(f"#{name}", Input)

    def choose(self, name: str, value: str) -> None:
        self.form.query_one(f"#{name}", Select).value = value

    def shown(self, name: str) -> bool:
        return bool(self.form.query_one(f"#field-{name}", Field).display)

    def problem(self, name: str) -> str:
        return str(self.form.query_one(f"#field-{name} .problem", Static).content)

    def estimated(self) -> str:
        return str(self.form.query_one("#estimate", Static).content)


def cost(options: RunOptions) -> Estimate:
    return Estimate((options.limit or 24) * 6, 190_456, 1)


async def until(pilot: Pilot[None], host: Host, text: str) -> None:
    await settle(pilot, lambda: text in host.estimated())


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (140, 45)])
async def test_enter_starts_what_is_entered(size: tuple[int, int]) -> None:
    host = Host(cost)
    async with host.run_test(size=size) as pilot:
        await until(pilot, host, "144 requests, about 190,000 prompt tokens")
        host.text("limit").focus()
        await pilot.press("3")
        await until(pilot, host, "18 requests")
        await pilot.press("enter")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions(limit=3)]


async def test_every_field_counts_and_what_is_not_shown_stays() -> None:
    initial = RunOptions(method=("oracle",), batch_size=4, target=("care=1",))
    host = Host(cost, initial)
    async with host.run_test(size=(80, 40)) as pilot:
        await pilot.pause()
        assert not host.shown("model")
        host.choose("benchmark", "[b]odd[/b]")
        host.choose("method", "few-shot-comparative")
        host.choose("model", "Qwen/Qwen2.5-0.5B")
        host.choose("decoding", "sampling")
        host.choose("split", "train")
        await settle(pilot, lambda: host.shown("samples") and host.form._offered != "mini-mic")
        for name, value in {
            "samples": "3",
            "temperature": "1",
            "shots": "2",
            "seed": "7",
            "targets": "high, low",
            "scenario": "4, 2",
        }.items():
            host.text(name).value = value
        host.form.query_one("#attributes", SelectionList).focus()
        await pilot.press("home", "space")
        await pilot.press("ctrl+r")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [
        RunOptions(
            benchmark="[b]odd[/b]",
            split="train",
            scenario=(4, 2),
            attributes=("tone", "style"),
            method=("few-shot-comparative",),
            targets=("high", "low"),
            target=("care=1",),
            decoding="sampling",
            samples=3,
            temperature=1.0,
            shots=2,
            seed=7,
            model="Qwen/Qwen2.5-0.5B",
            batch_size=4,
        )
    ]


async def test_only_what_matters_is_shown() -> None:
    host = Host(cost)
    async with host.run_test(size=(80, 40)) as pilot:
        await pilot.pause()
        names = ("model", "other", "decoding", "samples", "temperature", "shots", "seed")
        assert [name for name in names if host.shown(name)] == ["model", "decoding", "shots"]
        host.choose("method", "zero-shot-regression")
        host.choose("decoding", "sampling")
        await settle(pilot, lambda: host.shown("samples"))
        assert not host.shown("shots")
        host.choose("method", "random")
        await settle(pilot, lambda: not host.shown("samples"))
        assert [name for name in names if host.shown(name)] == ["seed"]


async def test_methods_with_a_model_of_their_own_name_that_one() -> None:
    host = Host(cost)
    async with host.run_test(size=(80, 40)) as pilot:
        await pilot.pause()
        names = ("model", "other", "kaleido-model", "reward-model", "decoding", "samples", "shots")
        host.choose("decoding", "sampling")
        host.choose("method", "kaleido")
        await settle(pilot, lambda: host.shown("kaleido-model"))
        assert [name for name in names if host.shown(name)] == ["kaleido-model"]
        assert host.text("kaleido-model").value == KALEIDO_MODEL
        host.choose("method", "reward")
        await settle(pilot, lambda: host.shown("reward-model"))
        assert [name for name in names if host.shown(name)] == ["reward-model"]
        host.text("reward-model").value = ""
        await settle(pilot, lambda: "hub id" in host.problem("reward-model"))
        host.text("reward-model").value = "owner/judge"
        host.text("reward-model").focus()
        await pilot.press("enter")
        await settle(pilot, lambda: host.answers)
    wanted = RunOptions(method=("reward",), reward_model="owner/judge", decoding="sampling")
    assert host.answers == [wanted]


async def test_any_model_can_be_typed() -> None:
    host = Host(cost, RunOptions(model="owner/mine"))
    async with host.run_test() as pilot:
        await settle(pilot, lambda: host.shown("other"))
        assert host.text("other").value == "owner/mine"
        host.text("other").value = " "
        await settle(pilot, lambda: "hub id" in host.problem("other"))
        host.text("other").value = " ~/model.gguf "
        host.text("other").focus()
        await pilot.press("enter")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions(model="~/model.gguf")]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("limit", "x", "expected a whole number of at least 1, found 'x'"),
        ("limit", "0", "expected a whole number of at least 1, found 0"),
        ("shots", "", "expected a whole number of at least 1, found ''"),
        ("scenario", "1, x", "expected a whole number of at least 1, found 'x'"),
        ("targets", "best", "'best' is neither a file nor one of all, sampled, high, low, kind"),
        ("targets", "", "name some of all, sampled, high, low, kind, or a file"),
    ],
)
async def test_a_bad_value_is_named_beside_its_field(name: str, value: str, problem: str) -> None:
    host = Host(cost)
    async with host.run_test() as pilot:
        await pilot.pause()
        host.text(name).value = value
        await settle(pilot, lambda: host.problem(name) == problem)
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert host.answers == []
        assert host.focused is host.text(name)
        assert host.estimated() == "a value cannot be used"


async def test_attributes_need_one_at_least() -> None:
    host = Host(cost)
    async with host.run_test() as pilot:
        await pilot.pause()
        host.form.query_one("#attributes", SelectionList).deselect_all()
        await settle(pilot, lambda: host.problem("attributes") == "choose at least one")


async def test_escape_closes_the_list_first_then_the_form() -> None:
    host = Host(cost)
    async with host.run_test() as pilot:
        await pilot.pause()
        method = host.form.query_one("#method", Select)
        method.focus()
        await pilot.press("enter")
        await settle(pilot, lambda: method.expanded)
        await pilot.press("escape")
        await settle(pilot, lambda: not method.expanded)
        assert host.answers == []
        await pilot.press("escape")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [None]


async def test_why_there_is_no_estimate_is_said() -> None:
    def fail(options: RunOptions) -> Estimate:
        raise InputError("no such benchmark")

    host = Host(fail)
    async with host.run_test() as pilot:
        await until(pilot, host, "no such benchmark")


def test_estimates_are_rounded() -> None:
    assert brief(Estimate(1, 987, 1)) == "1 request, about 990 prompt tokens"
    assert brief(Estimate(117_649, 12_345_678, 1)).startswith("117,649 requests, about 12,000,000")
    assert brief(Estimate(2, 987, 1, 750.0)).endswith("990 prompt tokens, about 12 min 30 s")
    assert brief(Estimate(2, 987, 1, None)).endswith("990 prompt tokens")
    assert brief(Estimate()) == "no requests: needs no model"


async def test_a_targets_file_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.touch()
    host = Host(cost, RunOptions(targets=("high", str(path))))
    async with host.run_test() as pilot:
        await until(pilot, host, "144")


async def test_saved_targets_are_those_of_the_benchmark() -> None:
    host = Host(cost, RunOptions(targets=("kind", "low")))
    async with host.run_test() as pilot:
        await until(pilot, host, "144")
        host.choose("benchmark", "[b]odd[/b]")
        await settle(
            pilot, lambda: "'kind' is neither a file nor one of" in host.problem("targets")
        )
        host.choose("benchmark", "mini-mic")
        await until(pilot, host, "144")
        await pilot.press("ctrl+r")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions(targets=("kind", "low"))]


async def test_benchmarks_of_one_name_are_told_apart() -> None:
    host = Host(cost, RunOptions(benchmark="aaaa11112222"))
    async with host.run_test(size=(80, 40)) as pilot:
        await until(pilot, host, "144")
        select = host.form.query_one("#benchmark", Select)
        assert str(select.query_one("#label", Static).content) == "twin (aaaa11)"
        host.choose("benchmark", "bbbb11112222")
        ticks = host.form.query_one("#attributes", SelectionList)
        await settle(pilot, lambda: ticks.option_count == 2)
        await pilot.press("ctrl+r")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions(benchmark="bbbb11112222")]


async def test_models_are_offered_with_what_would_be_fetched() -> None:
    host = Host(cost)
    async with host.run_test() as pilot:
        await until(pilot, host, "144 requests")
        offered = host.form.query_one("#model", Select)._options
    assert [str(prompt) for prompt, _ in offered] == [
        "SmolLM2-135M-Instruct (to fetch)",
        "Qwen/Qwen2.5-0.5B (cached)",
        "meta-llama/Llama-3.2-3B-Instruct (to fetch, 6.4 GB)",
        "another",
    ]


def told(host: Host) -> str:
    return str(host.form.query_one("#field-connection .told", Static).content)


async def test_a_server_is_tried_and_then_used() -> None:
    fake = FakeServer()
    host = Host(cost)
    with listening(lambda handler, body: through(fake, handler, body)) as url:
        async with host.run_test(size=(80, 40)) as pilot:
            await until(pilot, host, "144 requests")
            assert not host.shown("url")
            host.choose("backend", "vllm")
            await settle(pilot, lambda: host.shown("url") and not host.shown("model"))
            assert "a value cannot be used" in host.estimated()
            await pilot.press("ctrl+t")
            await settle(pilot, lambda: "expected the address" in host.problem("url"))
            host.text("url").value = f"{url}/chat/completions, http://127.0.0.1:9/v1"
            await pilot.press("ctrl+t")
            await settle(pilot, lambda: "✓" in told(host) and "✗" in told(host))
            assert f"✓ {url}: m, constrained by json_schema, " in told(host)
            assert "✗ http://127.0.0.1:9/v1: cannot be reached" in told(host)
            assert host.text("served").value == "m"
            host.text("url").value = url
            await settle(pilot, lambda: not told(host))
            await pilot.press("ctrl+r")
            await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions(backend="vllm", url=(url,), model="m")]


async def test_the_software_of_a_server_is_taken_from_its_answer() -> None:
    fake = FakeServer(owner="llamacpp")
    host = Host(cost, RunOptions(backend="openai", url=("http://x/v1",), model="m"))
    with listening(lambda handler, body: through(fake, handler, body)) as url:
        async with host.run_test(size=(80, 40)) as pilot:
            await until(pilot, host, "144 requests")
            host.text("url").value = url
            await pilot.press("ctrl+t")
            await settle(pilot, lambda: "✓" in told(host))
            await pilot.press("ctrl+r")
            await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions(backend="llama.cpp", url=(url,), model="m")]


async def test_the_models_of_a_server_are_named() -> None:
    fake = FakeServer()
    host = Host(cost, RunOptions(backend="openai", url=("http://x/v1",), model="llama"))
    with listening(lambda handler, body: through(fake, handler, body)) as url:
        async with host.run_test(size=(80, 40)) as pilot:
            await until(pilot, host, "144 requests")
            assert host.text("served").value == "llama"
            host.text("url").value = url
            await pilot.press("ctrl+t")
            await settle(pilot, lambda: "'llama' is not served; there is m" in told(host))


async def test_what_was_entered_for_another_backend_does_not_count() -> None:
    host = Host(cost, RunOptions(backend="vllm", url=("http://x/v1",), model="llama"))
    async with host.run_test(size=(80, 40)) as pilot:
        await until(pilot, host, "144 requests")
        host.choose("backend", "ray")
        host.choose("model", LANGUAGE_MODEL)
        await settle(pilot, lambda: host.shown("ray-address") and not host.shown("url"))
        host.text("ray-address").value = "head:6379"
        await pilot.pause()
        await pilot.press("ctrl+r")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions(backend="ray", ray_address="head:6379")]


async def test_addresses_outlast_a_look_at_another_backend() -> None:
    host = Host(cost)
    async with host.run_test(size=(80, 40)) as pilot:
        await until(pilot, host, "144 requests")
        host.choose("backend", "vllm")
        await settle(pilot, lambda: host.shown("url"))
        host.text("url").value = "http://a/v1 http://b/v1"
        host.text("served").value = "llama"
        host.choose("backend", "local")
        await settle(pilot, lambda: host.shown("model") and not host.shown("url"))
        host.choose("backend", "llama.cpp")
        await settle(pilot, lambda: host.shown("url"))
        assert host.text("url").value == "http://a/v1 http://b/v1"
        await pilot.press("ctrl+r")
        await settle(pilot, lambda: host.answers)
    urls = ("http://a/v1", "http://b/v1")
    assert host.answers == [RunOptions(backend="llama.cpp", url=urls, model="llama")]


async def test_addresses_of_before_are_offered_and_count_for_servers_alone() -> None:
    host = Host(cost, addresses=("http://a/v1",))
    async with host.run_test(size=(80, 40)) as pilot:
        await until(pilot, host, "144 requests")
        assert host.text("url").value == "http://a/v1"
        await pilot.press("ctrl+r")
        await settle(pilot, lambda: host.answers)
    assert host.answers == [RunOptions()]
    named = Host(cost, RunOptions(backend="vllm", url=("http://b/v1",)), addresses=("http://a/v1",))
    async with named.run_test(size=(80, 40)) as pilot:
        await until(pilot, named, "144 requests")
        assert named.text("url").value == "http://b/v1"


def test_every_backend_is_offered() -> None:
    assert tuple(run_texts.BACKENDS) == options.BACKENDS
