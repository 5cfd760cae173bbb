"""The wording of prompts is frozen: a change is a decision, not an accident."""

import pytest

from spm_tui.bench.reasonings import Label
from spm_tui.bench.reasonings import request as ask_why
from spm_tui.datasets.attributes import HELPSTEER2, MIC
from spm_tui.methods.base import Example, Settings
from spm_tui.methods.catalogue import ASKING, CHOOSING, FEW_SHOT, MODEL_OF
from spm_tui.prompts import (
    CHOICE_WORDING,
    EXPLANATION_WORDING,
    WORDING,
    choice_system,
    comparative_system,
    explanation_question,
    level_score,
    stand_in_reasoning,
)
from spm_tui.targets import Target
from spm_tui.wire import Request
from store.records import Attribute, Response, Scenario
from tests import golden
from tests.build import attribute

TRAIN = Scenario(
    "train",
    1,
    "Should I return a wallet I found?",
    (
        Response("Of course.\nSomebody misses it.", (6, 5), ('It says "of course".', None)),
        Response("Finders keepers!", (1, 0), ("It thinks of\nnobody but itself.", "It takes.")),
    ),
)
SCENARIO = Scenario(
    "eval",
    1,
    "Is it okay to skip a queue?",
    (Response("No.", (3, 3), (None, None)), Response("If it is urgent.", (3, 3), (None, None))),
)


def test_the_identities_of_the_wording_are_frozen() -> None:
    """Stored runs are found by them."""
    identities = (WORDING, CHOICE_WORDING, EXPLANATION_WORDING)
    assert identities == ("9080e7f4d437191b", "38301482334c9e21", "b9dc0a65f4dc4b01")


def conversation(request: Request) -> str:
    parts = [f"--- {m.role}\n{m.content}\n" for m in request.messages()]
    return "".join(parts)


@pytest.mark.parametrize("method", [m for m in ASKING if MODEL_OF[m] == "language"])
def test_prompts(method: str) -> None:
    settings = Settings(MIC[:2])
    examples = [Example(TRAIN, 0)] if method.startswith("few-shot") else []
    ask = next(iter(ASKING[method](settings).asks(SCENARIO, 0, examples)))
    golden.check(f"prompt-{method}.txt", conversation(ask.request))


TARGETS = {
    "prompt-aligned-zero-shot": Target((("care", 1.0), ("fairness", 1 / 6))),
    "prompt-aligned-few-shot": Target((("care", 0.5), ("fairness", 0.0)), (2.0, 1.0)),
    "unaligned": None,
}


@pytest.mark.parametrize("method", TARGETS)
def test_choosing_prompts(method: str) -> None:
    settings = Settings(MIC[:2])
    examples = [Example(TRAIN, 0)] if method in FEW_SHOT else []
    ask = next(iter(CHOOSING[method](settings).asks(SCENARIO, TARGETS[method], examples)))
    golden.check(f"prompt-{method}.txt", conversation(ask.request))


@pytest.mark.parametrize("levels", [2, 3, 5, 7])
def test_every_level_is_told_otherwise(levels: int) -> None:
    care = attribute(levels=levels)
    told = [
        choice_system(Target((("care", level / (levels - 1)),)), [care]) for level in range(levels)
    ]
    assert len(set(told)) == levels
    assert "Wanted is the lowest level: no care." in told[0]
    assert "Wanted is the highest level: all care." in told[-1]


@pytest.mark.parametrize("quality", [*MIC, *HELPSTEER2], ids=lambda quality: quality.name)
def test_every_attribute_reads_as_a_sentence(quality: Attribute) -> None:
    assert quality.definition.endswith(".")
    assert not quality.low.endswith(".")
    assert f"{quality.name} means: {quality.definition}" in comparative_system(quality)


def test_levels_become_whole_scores() -> None:
    assert [level_score(level, 7) for level in range(7)] == [0, 17, 33, 50, 67, 83, 100]
    assert [level_score(level, 5) for level in range(5)] == [0, 25, 50, 75, 100]


def test_stand_ins_go_from_bottom_to_top() -> None:
    said = [stand_in_reasoning(attribute(levels=5), level).split(" is ")[1] for level in range(5)]
    assert said == [
        "at the bottom of the scale.",
        "in the lower part of the scale.",
        "in the middle of the scale.",
        "in the upper part of the scale.",
        "at the top of the scale.",
    ]


def test_the_prompt_that_asks_for_an_explanation() -> None:
    label = Label(TRAIN, 0, 0, MIC[0])
    golden.check("prompt-explanation.txt", conversation(ask_why(label)))


@pytest.mark.parametrize("levels", [2, 3, 5, 7])
def test_every_level_to_be_explained_is_told_otherwise(levels: int) -> None:
    care = attribute(levels=levels)
    told = [explanation_question("q", "r", care, level) for level in range(levels)]
    assert len(set(told)) == levels
    assert told[0].endswith("\nthe lowest level: no care.")
    assert told[-1].endswith("\nthe highest level: all care.")
