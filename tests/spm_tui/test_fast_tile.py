"""Products of small matrices against numpy's."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_tui.engine.fast.tile import LANES, multiply


@given(
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 9)),
    turned=st.booleans(),
    more=st.booleans(),
    seed=st.integers(0, 1 << 30),
)
@settings(max_examples=200, deadline=None)
def test_a_product_is_numpys_and_nothing_else_is_touched(
    shape: tuple[int, int, int], turned: bool, more: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    rows, count, vectors = shape
    columns = vectors * LANES
    left = random.random((count, rows) if turned else (rows, count), np.float32)
    left = left.T if turned else left
    right = random.random((count, columns + 3), np.float32)[:, 1 : columns + 1]
    around = random.random((rows + 2, columns + 5), np.float32)
    before = around.copy()
    out = around[1:-1, 2 : columns + 2]
    expected = before.copy()
    expected[1:-1, 2 : columns + 2] = left @ right + (out if more else 0)
    multiply(left, right, out, more)
    np.testing.assert_allclose(around, expected, rtol=1e-5)
