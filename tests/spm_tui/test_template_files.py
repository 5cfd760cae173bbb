"""What a model's chat template does to its identity and to a run's record."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.record import Context, with_prompts
from spm_tui.bench.subject import Backbone
from spm_tui.control_strings import holds_any
from spm_tui.datasets import builtin
from spm_tui.engine import template_files
from spm_tui.engine.chat import Chat
from spm_tui.engine.manner import Manner
from spm_tui.errors import ModelError
from spm_tui.forms import Fields, Letter
from spm_tui.wire import Rating, Request, Shot, Stance, request_key
from store.connection import Store
from tests import templates, tiny
from tests.conftest import AT

FORM = Fields((("a", Letter("AB")),))
CLOCK = "{{ strftime_now('%Y') }}" + templates.CHATML
PARTS = "{% for m in messages %}<{{ m.role }}>{{ m.content[0].text + '' }}{% endfor %}"


def folder_with(tmp_path: Path, template: Any) -> Path:
    """A model's folder, as far as its tokenizer goes."""
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = template
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def listed(folder: Path, template: Any) -> None:
    """Write a template as older models have it."""
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": template}))


EVERY = {**templates.USUAL, **templates.THINKING, "clock": CLOCK, "parts": PARTS}


@pytest.mark.parametrize("name", EVERY)
def test_files_tell_what_the_loaded_tokenizer_does(tmp_path: Path, name: str) -> None:
    folder = folder_with(tmp_path, EVERY[name])
    manner = template_files.manner(folder)
    assert manner == Chat(AutoTokenizer.from_pretrained(folder)).manner
    assert bool(manner.changes) == (name not in templates.USUAL)


@pytest.mark.parametrize(
    "template",
    [
        {"default": CLOCK, "tool_use": "?"},
        {"plain": CLOCK, "tool_use": "?"},
        [{"name": "default", "template": CLOCK}, {"name": "rag", "template": "?"}],
    ],
)
def test_templates_with_names_are_found_wherever_they_are(tmp_path: Path, template: Any) -> None:
    named = template if isinstance(template, dict) else {"default": CLOCK, "rag": "?"}
    folder = folder_with(tmp_path, named)
    assert template_files.manner(folder).changes == "clock"
    folder = folder_with(tmp_path / "old", None)
    listed(folder, template)
    assert template_files.manner(folder).changes == "clock"


def test_a_folder_without_a_template_is_left_to_loading(tmp_path: Path) -> None:
    assert template_files.manner(tmp_path) == Manner()
    (tmp_path / "tokenizer_config.json").write_text("[")
    assert template_files.manner(tmp_path) == Manner()
    (tmp_path / "tokenizer_config.json").write_text('["chat_template"]')
    assert template_files.manner(tmp_path) == Manner()


# identity


def identity(folder: Path, role: Any = "language") -> str:
    choice = ModelChoice(model=str(folder), reward=str(folder), device="cpu", dtype="float32")
    return Backend(choice, say=lambda _: None).backbone(role).identity


@pytest.mark.parametrize("name", templates.USUAL)
def test_a_model_whose_prompts_are_as_ever_keeps_its_identity(tmp_path: Path, name: str) -> None:
    revision, _, precision = identity(folder_with(tmp_path, templates.USUAL[name])).partition("/")
    assert (len(revision), precision) == (64, "float32")


@pytest.mark.parametrize(
    ("template", "changes", "rating"),
    [
        (templates.THINKING["qwen3"], "unthinking", ""),
        ("{{ strftime_now('%Y') }}" + templates.THINKING["r1"], "unthinking+clock", "clock"),
        (CLOCK, "clock", "clock"),
        (PARTS, "parts", "parts"),
    ],
)
def test_a_model_whose_prompts_change_is_another(
    tmp_path: Path, template: str, changes: str, rating: str
) -> None:
    folder = folder_with(tmp_path, template)
    assert identity(folder).partition("/")[2] == f"float32/{changes}"
    expected = f"float32/{rating}" if rating else "float32"
    assert identity(folder, "reward").partition("/")[2] == expected


def test_a_template_that_cannot_be_used_is_told_before_a_run_begins(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "{{ messages|nosuch }}")
    with pytest.raises(ModelError, match="its chat template cannot be used: No filter named"):
        identity(folder)


def request(**texts: str) -> Request:
    given = {"system": "rules", "question": "what?", "shot": "so", "answer": "A"} | texts
    shots = (Shot(given["shot"], given["answer"], 0),)
    return Request(given["system"], shots, given["question"], FORM, 0.0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "a <|im_end|> b",
        "<|eot_id|>",
        "<｜Assistant｜>",
        "[INST] x [/INST]",
        "[|endofturn|]",
        "<</SYS>>",
        "a</s>",
        "<start_of_turn>",
        "</think>",
        "<extra_id_0>",
        "<unk>",
    ],
)
@pytest.mark.parametrize("part", ["system", "question", "shot", "answer"])
def test_a_request_with_control_strings_is_another_one_here(text: str, part: str) -> None:
    asked = request(**{part: text})
    assert holds_any(asked)
    here, there = Backbone("m", "r/float32"), Backbone("m", "m/served/vllm", served=True)
    assert here.identity_for(asked) == "r/float32/text"
    assert there.identity_for(asked) == "m/served/vllm"
    assert request_key(asked, "r/float32/text") != request_key(asked, "r/float32")


@pytest.mark.parametrize(
    "text", ["a < b | c > d", "<b>bold</b>", "list[int]", "[1]", "x <- y", "|x|", "s > t", "<html>"]
)
def test_other_requests_are_the_same_as_ever(text: str) -> None:
    asked = request(question=text, shot=text)
    assert not holds_any(asked)
    assert Backbone("m", "r/float32").identity_for(asked) == "r/float32"


def test_requests_of_every_kind_are_looked_through() -> None:
    assert holds_any(Rating("what?", ("so", "</s>")))
    assert holds_any(Stance("what?", "so", "Care</s>", 4))
    assert not holds_any(Rating("what?", ("so", "no")))


@pytest.mark.parametrize("name", builtin.NAMES)
def test_no_built_in_benchmark_has_any(name: str) -> None:
    for scenario in builtin.load(name).benchmark.scenarios:
        texts = tuple(response.text for response in scenario.responses)
        assert not holds_any(Rating(scenario.question, texts))


# the record


def test_the_record_says_what_was_done_to_the_prompts(tmp_path: Path) -> None:
    told: list[str] = []
    folder = folder_with(tmp_path, "{{ strftime_now('%Y') }}" + templates.THINKING["r1"])
    backend = Backend(ModelChoice(model=str(folder), device="cpu"), say=told.append)
    facts = backend.prompts("language", [request(), request(question="<|im_end|>")])
    assert facts == {
        "thought": "closed with '\\n</think>\\n\\n'",
        "clock": "26 Jul 2024",
        "requests_with_control_strings": 1,
    }
    assert told == []
    context = Context(Store(tmp_path / "s.duckdb"), "p", '{"python": "3"}', lambda: AT, bool)
    assert json.loads(with_prompts(context, facts).environment)["prompts"] == facts
    assert with_prompts(context, {}) is context


def test_what_a_server_may_take_for_control_tokens_is_said_before_the_run() -> None:
    told: list[str] = []
    choice = ModelChoice(model="m", backend="vllm", urls=("http://server/v1",))
    backend = Backend(choice, say=told.append)
    assert backend.prompts("language", [request()]) == {}
    asked = [request(), request(question="<|im_end|>"), request(answer="</s>")]
    facts = backend.prompts("language", asked)
    assert facts == {"requests_with_control_strings": 2}
    assert told == [
        "2 of 3 requests hold control strings such as <|im_end|>, which a server may take for"
        " control tokens: they can end a text early"
    ]
