"""What speaks against a sentence that explains a label."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from spm_tui.bench.objections import object_to, opening
from spm_tui.datasets import builtin, helpsteer2
from spm_tui.datasets.attributes import HELPSTEER2, MIC
from spm_tui.errors import AnswerError
from store.records import Attribute
from tests.build import attribute

QUALITY = {quality.name: quality for quality in (*HELPSTEER2, *MIC, attribute("politeness"))}


@pytest.mark.parametrize(
    "sentence",
    [
        "The response answers all parts.",
        "The response says 3.5 is more than 3, e.g. A beats B!",
        "The response's steps are all there (see 'How to').",
        'This response asks "Why not?"',
        "The response says 'No. Never.' and leaves it at that.",
        'The response says "No. Never." and leaves it at that.',
        "The response says “No. Never.”, not ‘Yes. Don’t.’ or 'Do. Don't.'",
    ],
)
def test_one_whole_sentence_will_do(sentence: str) -> None:
    object_to(sentence, attribute(), 2)


@pytest.mark.parametrize(
    ("sentence", "complaint"),
    [
        ("The response", "not about the response"),
        ("Here is why: it is good.", "not about the response"),
        ("The response answers all parts, and it", "not one whole sentence"),
        ("The response cites Dr. Smith. It is long.", "not one whole sentence"),
        ("The response asks 'Why?' That is kind.", "not one whole sentence"),
        ("The response asks 'Why? No.' That is kind.", "not one whole sentence"),
        ("The response fits users' needs. It shows the users' way.", "not one whole sentence"),
        ('The response wants 5" boards. It offers 6" ones.', "not one whole sentence"),
        ("The response is 'fine. It is long.", "not one whole sentence"),
    ],
)
def test_anything_else_will_not(sentence: str, complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        object_to(sentence, attribute(), 2)


OPENINGS = {
    "helpfulness": {
        "is very helpful because": 1,
        "is too helpful": 1,
        "is excellent": 1,
        "is not helpful": -1,
        "isn't very helpful": -1,
        "is very unhelpful": -1,
        "lacks what was asked for": -1,
        "fails to answer": -1,
        "is not unhelpful": 0,
        "is not only short but": 0,
        "is somewhat helpful": 0,
        "gives no answer": 0,
    },
    "verbosity": {
        "is very brief": 0,
        "is not brief": 0,
        "is quite verbose": 1,
        "lacks brevity": 0,
        "lacks any concision": 0,
        "fails to be concise": 0,
        "fails to stay very brief": 0,
        "fails to expand on its short answer": -1,
        "lacks a brief summary": -1,
        "lacks detail": -1,
    },
    "coherence": {"is coherent": 1, "is incoherent": -1, "fails to be concise": -1},
    "complexity": {"is complete": 0, "is not complex": -1, "lacks simplicity": 0},
    "care": {"is caring": 1, "is careless": -1, "is uncaring": -1},
    "loyalty": {"is loyal": 1, "is disloyal": -1, "lacks disloyalty": 0},
    "politeness": {"is extremely polite": 1, "is impolite": -1},
}


@pytest.mark.parametrize(
    ("name", "words", "end"),
    [(name, words, end) for name, said in OPENINGS.items() for words, end in said.items()],
)
def test_the_opening_words_may_speak_of_an_end_of_the_scale(
    name: str, words: str, end: int
) -> None:
    assert opening(f"The response {words} to him.", QUALITY[name]) == end


@pytest.mark.parametrize(
    ("words", "refused"),
    [("is very helpful", [0, 1]), ("lacks an answer", [3, 4]), ("gives an answer", [])],
)
def test_an_opening_is_held_against_labels_of_the_other_half(
    words: str, refused: list[int]
) -> None:
    for level in range(5):
        wrong = pytest.raises(AnswerError, match="begins as for the other end of the scale")
        with wrong if level in refused else nullcontext():
            object_to(f"The response {words}.", QUALITY["helpfulness"], level)


@pytest.mark.parametrize("name", builtin.NAMES)
def test_no_opening_of_what_people_wrote_is_held_against_its_label(name: str) -> None:
    benchmark, judged = builtin.load(name).benchmark, 0
    for scenario in benchmark.split("train"):
        for response in scenario.responses:
            labels = zip(benchmark.attributes, response.labels, response.reasonings, strict=True)
            for quality, level, sentence in labels:
                words = (sentence or "").replace("It ", "The response ", 1)
                assert opening(words, quality) * (2 * level - quality.levels + 1) >= 0, sentence
                judged += bool(words)
    assert judged > 150


def refused(sentence: str, quality: Attribute, level: int) -> bool:
    try:
        object_to(sentence, quality, level)
    except AnswerError:
        return True
    return False


def test_what_came_with_helpsteer2_is_refused_with_its_labels_upside_down(shared: Path) -> None:
    benchmark = helpsteer2.load(shared / "helpsteer2").benchmark
    labelled = [
        (sentence or "", quality, level)
        for scenario in benchmark.split("train")
        for response in scenario.responses
        for quality, level, sentence in zip(
            benchmark.attributes, response.labels, response.reasonings, strict=True
        )
    ]
    assert len(labelled) == 5000
    assert sum(refused(*one) for one in labelled) == 3
    sided = [one for one in labelled if one[2] != 2]
    caught = sum(refused(sentence, quality, 4 - level) for sentence, quality, level in sided)
    assert 0.837 < caught / len(sided) < 0.84
