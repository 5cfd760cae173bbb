"""Attention over a tree is attention: checked token by token against the definition."""

from random import Random
from typing import Any, TypeAlias

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_tui.engine.fast import attention, fused, tree
from spm_tui.engine.fast.attention import Piece, Scoring, Stretch
from spm_tui.engine.fast.rows import Row
from spm_tui.engine.fast.step import Share, plan
from spm_tui.engine.fast.tree import Segment, Tree

LAYERS, HEADS, SIZE, SLOTS, LONGEST = 2, 4, 8, 3, 9
SCALE = 0.7
NOBODY: Any = None


Token: TypeAlias = tuple[Segment | Row, int]
"""Of a segment or of an answer, and its place there."""


def above(segment: Segment) -> list[Segment]:
    """Return the segments before one."""
    return [*above(segment.parent), segment.parent] if segment.parent else []


class Scene:
    """Prompts being read and answers being written at random, and what ought to be seen."""

    def __init__(self, random: Random, key_heads: int, dtype: torch.dtype) -> None:
        self.random = random
        self.dtype = dtype
        self.generator = torch.Generator().manual_seed(random.randrange(1 << 30))
        unread = (LAYERS, 2, key_heads)  # whoever looks at what is not read yet sees NaN
        self.tree = Tree(lambda n: torch.full((*unread, n, SIZE), torch.nan, dtype=dtype))
        self.tails = torch.zeros(LAYERS, 2, SLOTS, key_heads, LONGEST, SIZE, dtype=dtype)
        self.prompts: list[list[int]] = []
        self.rows: list[Row] = []
        self.free = list(range(SLOTS))
        self.numbers: dict[Token, int] = {}
        """Where the key of a segment's or an answer's token is in `keys`."""
        self.keys = torch.zeros(LAYERS, 2, key_heads, 0, SIZE, dtype=dtype)

    def admit(self) -> None:
        """Begin an answer to a new prompt, to an old one, or to one that is new from a place on."""
        prompt = list(self.random.choice([[], *self.prompts]))
        del prompt[self.random.randrange(len(prompt) + 1) :]
        prompt += [self.random.randrange(2) for _ in range(self.random.randrange(1, 12))]
        self.prompts.append(prompt)
        cuts = sorted(self.random.randrange(1, len(prompt) + 1) for _ in range(2))
        path = self.tree.hold(prompt, cuts)
        self.free, slot = self.free[1:], self.free[0]
        self.rows.append(Row(NOBODY, path, slot, NOBODY, [], []))

    def retire(self) -> None:
        """End the answers for which there is no more room, and some others."""
        for row in list(self.rows):
            if row.read > LONGEST - 3 or (row.read and not self.random.randrange(5)):
                self.rows.remove(row)
                self.free.append(row.slot)
                self.tree.release(row.path)

    def step(self) -> tuple[list[Row], list[Share]]:
        """Choose what to read."""
        going: list[Row] = []
        for row in self.rows:
            if row.path[-1].whole and (not going or self.random.randrange(4)):
                row.unread = [9] * self.random.randrange(1, 4)
                room = LONGEST - row.read - len(row.unread)
                row.draft = [9] * self.random.randrange(1 + min(2, room))
                going.append(row)
        shares, room = [], self.random.randrange(1, 20)
        for segment in dict.fromkeys(segment for row in self.rows for segment in row.path):
            if count := min(room, len(segment.tokens) - segment.read):
                shares.append(Share(segment, count))
                room -= count
        return going, shares

    def sights(self, going: list[Row], shares: list[Share]) -> list[list[Token]]:
        """Return, for each token of a step, all tokens up to it."""
        lines: list[tuple[list[Segment], Segment | Row, int, int]] = [
            *((above(s.segment), s.segment, s.segment.read, s.count) for s in shares),
            *((row.path, row, row.read, len(row.unread + row.draft)) for row in going),
        ]
        found = []
        for path, newest, read, count in lines:
            before = [(s, i) for s in path for i in range(len(s.tokens))]
            own = [(newest, i) for i in range(read + count)]
            found += [[*before, *own[:end]] for end in range(read + 1, read + count + 1)]
        return found

    def noise(self, heads: int, tokens: int) -> torch.Tensor:
        made = torch.randn(LAYERS, heads, tokens, SIZE, generator=self.generator)
        return made.to(self.dtype)

    def compare(self, window: int | None, scoring: Scoring, compiled: bool) -> float:
        """Take a step; return how far it is from what it should be."""
        going, shares = self.step()
        step = plan(going, shares, self.tails, "cpu")
        sights = self.sights(going, shares)
        assert step.positions == [len(sight) - 1 for sight in sights]
        for number, sight in enumerate(sights, self.keys.shape[3]):
            self.numbers[sight[-1]] = number
        query = self.noise(HEADS, len(sights))
        new = torch.stack([self.noise(self.keys.shape[2], len(sights)) for _ in "kv"], dim=1)
        self.keys = torch.cat([self.keys, new], dim=3)
        distances = []
        for layer in range(LAYERS):
            found = step.layout(window, compiled).attend(
                layer, query[layer], new[layer, 0], new[layer, 1], scoring
            )
            for place, sight in enumerate(sights):
                seen = [self.numbers[token] for token in sight[-(window or len(sight)) :]]
                expected = defined(query[layer][:, place], self.keys[layer][:, :, seen], scoring)
                distances.append((found[place] - expected).abs().max())
        for row in going:
            right = self.random.randrange(1 + len(row.draft))
            row.read, row.unread = row.read + len(row.unread) + right, []
        for share in shares:
            share.segment.read += share.count
        return float(torch.stack(distances).max())  # NaN if there is any


def defined(query: Any, keys: Any, scoring: Scoring) -> Any:
    """Return what one token sees, [heads, head size], in double precision."""
    shared = len(query) // keys.shape[1]
    key, value = keys.double().repeat_interleave(shared, dim=1)
    scores = torch.einsum("hs,hks->hk", query.double(), key) * scoring.scale
    if scoring.cap:
        scores = scoring.cap * torch.tanh(scores / scoring.cap)
    return torch.einsum("hk,hks->hs", scores.softmax(-1), value)


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "WORTH", 2)
    monkeypatch.setattr(fused, "_KEYS", 3)
    monkeypatch.setattr(fused, "_TOKENS", 2)


@pytest.fixture(params=["fused", "plain"])
def _kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also compute as devices do for which there is no fused kernel."""
    if request.param == "plain":
        monkeypatch.setattr(attention, "_has_kernel", lambda *_: False)


def play(
    seed: int,
    dtype: torch.dtype,
    window: int | None,
    cap: float | None,
    tolerance: float,
    *,
    compiled: bool = False,
) -> None:
    random = Random(seed)
    scene = Scene(random, random.choice([1, 2, HEADS]), dtype)
    for _ in range(8):
        while scene.free and (not scene.rows or random.randrange(2)):
            scene.admit()
        assert scene.compare(window, Scoring(SCALE, cap), compiled) < tolerance
        scene.retire()


@pytest.mark.usefixtures("_kernel")
@pytest.mark.parametrize("cap", [None, 1.5])
@given(seed=st.integers(0, 1 << 30), window=st.sampled_from([None, 1, 2, 5, 11]))
@settings(max_examples=50, deadline=None)
def test_every_token_sees_what_it_should(cap: float | None, seed: int, window: int | None) -> None:
    play(seed, torch.float32, window, cap, 1e-5)


@given(seed=st.integers(0, 1 << 30), window=st.sampled_from([None, 5]))
@settings(max_examples=100, deadline=None)
def test_every_token_sees_the_same_by_the_compiled_kernel(seed: int, window: int | None) -> None:
    play(seed, torch.float32, window, None, 1e-5, compiled=True)


@pytest.mark.parametrize(("heads", "key_heads", "size"), [(9, 3, 64), (4, 4, 80), (8, 1, 128)])
def test_the_compiled_kernel_joins_long_stretches(
    heads: int, key_heads: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused, "_KEYS", 256)
    monkeypatch.setattr(fused, "_TOKENS", 64)
    generator = torch.Generator().manual_seed(heads)

    def noise(*shape: int) -> torch.Tensor:
        return 3 * torch.randn(*shape, generator=generator)

    before, prompt = noise(2, 2, key_heads, 700, size), noise(2, 2, key_heads, 300, size)
    tails = noise(2, 2, 3, key_heads, 200, size)
    pieces = [Piece(prompt, 1, 0, 150, 40)]
    own = [fused.Own(150, 151, 2, 130), fused.Own(151, 155, 0, 0)]
    stretches = [Stretch(before, 0, 0, 155, 0, 700), Stretch(prompt, 1, 0, 155, 0, 40)]
    query, key, value = (noise(count, 155, size) for count in (heads, key_heads, key_heads))
    found = fused.fuse(stretches, pieces, own, tails).attend(1, query, key, value, Scoring(0.1))
    lines = [
        *((turn, prompt[1], 41 + turn) for turn in range(150)),
        *(
            (one.first + turn, tails[1, :, one.slot], one.offset + turn + 1)
            for one in own
            for turn in range(one.tokens)
        ),
    ]
    for place, last, end in lines:
        written = last[:, :, :end]
        first = prompt[1, :, :, :40] if place >= 150 else written[:, :, :0]
        seen = torch.cat([before[1], first, written], dim=2)
        assert torch.equal(seen[:, :, -1], torch.stack([key[:, place], value[:, place]]))
        expected = defined(query[:, place], seen, Scoring(0.1))
        assert (found[place] - expected).abs().max() < 1e-4


def test_the_compiled_kernel_does_single_precision_on_a_processor() -> None:
    query = torch.zeros(1, 1, 8)
    assert fused.suits(query, Scoring(1.0))
    assert not fused.suits(query, Scoring(1.0, cap=30.0))
    assert not fused.suits(query.bfloat16(), Scoring(1.0))
    assert not fused.suits(query.to("meta"), Scoring(1.0))


@pytest.mark.usefixtures("_kernel")
@given(seed=st.integers(0, 1 << 30), window=st.sampled_from([None, 5]))
@settings(max_examples=20, deadline=None)
def test_half_precision_differs_by_its_rounding(seed: int, window: int | None) -> None:
    play(seed, torch.bfloat16, window, None, 5e-2)


def test_a_window_hides_what_lies_before_it_and_nothing_is_looked_at_in_vain() -> None:
    scene = Scene(Random(0), 2, torch.float32)
    (path,) = [scene.tree.hold([0] * 30, [10, 20])]
    for segment in path:
        segment.read = 10
    row = Row(NOBODY, path, 0, NOBODY, [], [], unread=[9, 9], read=3)  # at 33 and 34

    def seen(window: int | None) -> list[tuple[int, int, int, bool]]:
        layout = plan([row], [], scene.tails, "cpu").layout(window, False)
        assert isinstance(layout, attention.Layout)
        return [(s.level, s.since, s.until, s.hidden is None) for s in layout.stretches]

    everything = [(0, 0, 10, True), (1, 0, 10, True), (2, 0, 10, True)]
    assert seen(None) == seen(35) == everything
    assert seen(34) == [(0, 0, 10, False), *everything[1:]]
    assert seen(24) == [(1, 0, 10, False), everything[2]]
    assert seen(18) == [(1, 6, 10, False), everything[2]]
    assert seen(15) == [(1, 9, 10, False), everything[2]]
    assert seen(14) == [(2, 0, 10, False)]
    assert seen(4) == []


def test_who_sees_what_is_found_out_once_for_all_layers() -> None:
    scene = Scene(Random(0), 2, torch.float32)
    scene.admit()
    step = plan(*scene.step(), scene.tails, "cpu")
    assert step.layout(3, False) is step.layout(3, False)
    assert step.layout(3, False) is not step.layout(None, False)
