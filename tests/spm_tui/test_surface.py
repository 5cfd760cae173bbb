"""Surface regression: what it sees, that it learns from train alone, and that it is repeatable."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from spm_tui.errors import InputError
from spm_tui.methods.base import Settings, Vector
from spm_tui.methods.surface import FEATURES, Surface, features
from store.records import Prediction, Response, Scenario, Split
from tests.build import attribute

ATTRIBUTES = (attribute("long"), attribute("short"))
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]


def scenario(number: int, lengths: Sequence[int], *, split: Split = "train") -> Scenario:
    """Responses of so many words; the longest has the highest level of `long`."""
    most = max(lengths)
    return Scenario(
        split,
        number,
        f"question {number}?",
        tuple(
            Response(
                " ".join(WORDS[i % len(WORDS)] for i in range(length)),
                (4 * (length == most), 4 * (length != most)),
                (None, None),
            )
            for length in lengths
        ),
    )


TRAIN = [scenario(i, (3 + i % 3, 30 - i)) for i in range(1, 13)]


def vectors(*scenarios: Scenario) -> Mapping[str, Vector]:
    """Every text is like every other."""
    texts = [t for s in scenarios for t in Surface(Settings(ATTRIBUTES)).texts(s)]
    return dict.fromkeys(texts, np.ones(2, dtype=np.float32))


def learned(train: Sequence[Scenario], one: Scenario) -> list[Prediction]:
    decide = Surface(Settings(ATTRIBUTES)).learn(train, vectors(*train, one))
    return [p for p in decide(one) if isinstance(p, Prediction)]


def test_it_learns_what_can_be_seen() -> None:
    found = learned(TRAIN, scenario(1, (25, 4), split="eval"))
    score = {(p.response, p.attribute): p.score for p in found}
    assert min(score[0, 0], score[1, 1]) > 0.9
    assert max(score[1, 0], score[0, 1]) < 0.1
    assert all(0 <= p.score <= 1 for p in found)
    assert {(p.scenario, p.sample) for p in found} == {(1, 0)}


def test_it_gives_the_same_every_time() -> None:
    one = scenario(1, (25, 4, 9), split="eval")
    assert learned(TRAIN, one) == learned(TRAIN, one)


def test_permuting_responses_permutes_the_scores() -> None:
    one = scenario(1, (25, 4, 9), split="eval")
    turned = Scenario("eval", 1, one.question, one.responses[::-1])
    forth = {(p.response, p.attribute): p.score for p in learned(TRAIN, one)}
    back = {(2 - p.response, p.attribute): p.score for p in learned(TRAIN, turned)}
    assert back == pytest.approx(forth)


def test_every_feature_is_seen_also_as_difference_to_the_others() -> None:
    one = Scenario(
        "eval",
        1,
        "How do I loop?",
        (
            Response("I'm sorry, I can't help with that.", (0, 0), (None, None)),
            Response("Like this:\n```\nfor x in y: pass\n```", (0, 0), (None, None)),
            Response("", (0, 0), (None, None)),
        ),
    )
    known = dict(vectors(one)) | {one.responses[0].text: np.array([1, 0], dtype=np.float32)}
    found = features(one, known)
    assert found.shape == (3, 2 * len(FEATURES) + 1)
    own = dict(zip(FEATURES, found[:, : len(FEATURES)].T.tolist(), strict=True))
    assert own["refusal"] == [1, 0, 0]
    assert own["code"] == [0, 1, 0]
    assert own["line breaks"] == pytest.approx([0, np.log(4), 0])
    assert own["cosine with question"] == pytest.approx([0.5**0.5, 1, 1])
    assert own["distinct words by words"][2] == own["characters"][2] == 0, "an empty response"
    differences = found[:, len(FEATURES) : -1]
    assert differences[0, 7] == 1
    assert differences[1, 7] == -0.5
    assert set(found[:, -1]) == {np.log1p(len(one.question))}


def test_two_train_scenarios_are_the_least() -> None:
    assert learned(TRAIN[:2], TRAIN[2])
    with pytest.raises(InputError, match="surface needs two train scenarios at least"):
        learned(TRAIN[:1], TRAIN[2])
