"""The tree of what has been read: prompts share segments, and nothing is kept for nobody."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.engine.fast.tree import WORTH, Segment, Tree

BLOCK = 8
"""Prompts are made of blocks, so that they often have a beginning in common."""


@st.composite
def prompts(draw: st.DrawFn) -> list[int]:
    blocks = draw(st.lists(st.integers(0, 1), min_size=1, max_size=3 * WORTH // BLOCK))
    rest = draw(st.lists(st.integers(2, 3), max_size=BLOCK))
    return [block for block in blocks for _ in range(BLOCK)] + rest


@st.composite
def uses(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Draw a prompt, and where later ones are to leave it."""
    prompt = draw(prompts())
    return prompt, sorted(draw(st.sets(st.integers(1, len(prompt)), max_size=4)))


def grown() -> Tree:
    return Tree(lambda tokens: tokens)


def segments(tree: Tree) -> Iterator[Segment]:
    waiting = list(tree._roots)
    while waiting:
        segment = waiting.pop()
        yield segment
        waiting += segment.children


def spelt(path: list[Segment]) -> list[int]:
    return [token for segment in path for token in segment.tokens]


def ends(path: list[Segment]) -> list[int]:
    return [segment.start + len(segment.tokens) for segment in path]


def check(tree: Tree, held: list[list[Segment]]) -> None:
    alive = list(segments(tree))
    assert tree.size == sum(len(segment.tokens) for segment in alive)
    for segment in alive:
        assert segment.users == sum(segment in path for path in held)
        assert segment.cache == len(segment.tokens), "memory for all of it, and no more"
        parent = segment.parent
        assert segment.start == (parent.start + len(parent.tokens) if parent else 0)


@given(st.lists(st.tuples(uses(), st.integers(0, 2)), max_size=12))
def test_a_tree_holds_what_is_used_and_spells_it(
    steps: list[tuple[tuple[list[int], list[int]], int]],
) -> None:
    tree, held = grown(), list[list[Segment]]()
    for (prompt, cuts), action in steps:
        known = tree.known(prompt)
        assert spelt(known) == prompt[: len(spelt(known))]
        assert tree.missing(prompt) == len(prompt) - len(spelt(known))
        if action == 0 and held:
            tree.release(held.pop(len(prompt) % len(held)))
        elif action == 1:
            tree.use(known)
            held.append(known)
        else:
            held.append(tree.hold(prompt, cuts))
            assert held[-1][: len(known)] == known
            assert spelt(held[-1]) == prompt
            assert tree.missing(prompt) == 0
        check(tree, held)
    for path in held:
        tree.release(path)
    assert tree.size == 0
    assert not list(segments(tree))


@given(uses())
def test_a_prompt_is_cut_where_that_is_worth_it(use: tuple[list[int], list[int]]) -> None:
    prompt, cuts = use
    path = grown().hold(prompt, cuts)
    assert ends(path)[-1] == len(prompt)
    assert set(ends(path)[:-1]) <= set(cuts)
    if len(path) > 1:
        assert min(len(segment.tokens) for segment in path) >= WORTH
    for cut in cuts:
        near = any(abs(cut - end) < WORTH for end in [0, *ends(path)])
        assert near, "a cut far from all others is made"


@given(uses(), uses())
def test_a_remainder_may_be_short_a_shared_segment_never_is(
    one: tuple[list[int], list[int]], other: tuple[list[int], list[int]]
) -> None:
    tree = grown()
    paths = [tree.hold(*one), tree.hold(*other)]
    for segment in segments(tree):
        last = any(path[-1] is segment for path in paths)
        assert len(segment.tokens) >= WORTH or last


@pytest.mark.parametrize("length", [WORTH, WORTH + 5, 3 * WORTH])
def test_two_prompts_share_up_to_the_cut(length: int) -> None:
    tree = grown()
    one, other = ([0] * length + [token] * WORTH for token in (1, 2))
    first, second = tree.hold(one, [length]), tree.hold(other, [])
    assert first[0] is second[0]
    assert ends(first) == ends(second) == [length, length + WORTH]
    assert tree.size == length + 2 * WORTH
    tree.release(first)
    assert tree.known(other) == second
    assert tree.known(one) == second[:1]


def test_a_beginning_too_short_to_share_is_read_twice() -> None:
    tree = grown()
    one, other = ([0] * (WORTH - 1) + [token] * WORTH for token in (1, 2))
    assert len(tree.hold(one, [WORTH - 1])) == len(tree.hold(other, [])) == 1
    assert tree.size == 2 * (2 * WORTH - 1)
