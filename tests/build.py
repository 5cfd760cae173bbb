"""Small benchmarks, and hypothesis strategies for them."""

from collections.abc import Sequence

from hypothesis import strategies as st

from store.records import Attribute, Benchmark, Response, RuleOfThumb, Scenario, Split


def attribute(name: str = "care", levels: int = 5) -> Attribute:
    """Return an attribute with a definition made from its name."""
    return Attribute(name, f"what {name} is.", levels, f"no {name}", f"some {name}", f"all {name}")


def scenario(
    number: int, levels: Sequence[Sequence[int]], *, split: Split = "eval", reasons: bool = True
) -> Scenario:
    """Return a scenario whose texts follow from its number and split."""
    return Scenario(
        split,
        number,
        f"{split} question {number}?",
        tuple(
            Response(
                f"{split} response {index} to {number}",
                tuple(labels),
                tuple(f"because {label}" if reasons else None for label in labels),
            )
            for index, labels in enumerate(levels)
        ),
    )


def benchmark(
    eval_levels: Sequence[Sequence[Sequence[int]]],
    train_levels: Sequence[Sequence[Sequence[int]]] = (),
    *,
    names: Sequence[str] = ("care", "fairness"),
    levels: int = 5,
) -> Benchmark:
    """Return a benchmark from levels by scenario, response and attribute."""
    splits: list[tuple[Split, Sequence[Sequence[Sequence[int]]]]] = [
        ("train", train_levels),
        ("eval", eval_levels),
    ]
    return Benchmark(
        "small",
        "made here",
        tuple(attribute(name, levels) for name in names),
        tuple(
            scenario(number, one, split=split)
            for split, scenarios in splits
            for number, one in enumerate(scenarios, start=1)
        ),
    )


SMALL = benchmark(
    [[[0, 4], [4, 0]], [[1, 1], [3, 2], [2, 4]], [[2, 2], [2, 2]]],
    [[[0, 1], [4, 2]], [[1, 3], [2, 0]], [[3, 4], [0, 0]], [[2, 2], [1, 1]]],
)
"""Three eval scenarios, the last a tie for every target, and four train scenarios."""

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30
).filter(str.strip)


@st.composite
def benchmarks(draw: st.DrawFn) -> Benchmark:
    """Any valid benchmark of modest size."""
    names = draw(st.lists(texts, min_size=1, max_size=3, unique=True))
    attributes = tuple(attribute(name, draw(st.integers(2, 7))) for name in names)
    reasoning = st.none() | texts

    def response(text: str) -> Response:
        return Response(
            text,
            tuple(draw(st.integers(0, a.levels - 1)) for a in attributes),
            tuple(draw(reasoning) for _ in attributes),
            tuple(
                RuleOfThumb(annotation, index, draw(st.integers(-1, 1)), draw(texts | st.just("")))
                for annotation in range(draw(st.integers(0, 3)))
                for index in range(len(attributes))
                if draw(st.booleans())
            ),
        )

    questions = draw(st.lists(texts, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(0, len(questions) - 1))
    return Benchmark(
        draw(texts),
        draw(texts),
        attributes,
        tuple(
            Scenario(
                "train" if position < cut else "eval",
                position + 1 if position < cut else position - cut + 1,
                question,
                tuple(map(response, draw(st.lists(texts, min_size=2, max_size=4, unique=True)))),
            )
            for position, question in enumerate(questions)
        ),
    )
