"""Tests of paired differences: how likely one as large is where there is none.

Both are two-sided and take for granted only that, without a difference, each pair is as likely
to come out the other way round. The sign test is McNemar's where a pair is right or wrong.
"""

from collections.abc import Iterator

import numpy as np

from spm_tui.alignment import Floats

FLIPS = 10_000
"""Random ones, beyond what can be enumerated: p is then off by 0.01 at most at p = 0.5, and by
0.004 near 0.05, 95 times in 100."""
MOST_EXACT = 18
"""Differences whose signs are enumerated: 131,072 sums up to the sign of all, a millisecond."""
_ROUNDING = 1e-12
"""Sums closer than this are equal: what cancels out over 100,000 targets leaves 1e-16 or so."""
_AT_ONCE = 2_000_000
"""Signs in memory."""


def sign_test(better: int, worse: int) -> float:
    """Return the two-sided p of the exact binomial test that better and worse are as likely."""
    number, fewer = better + worse, min(better, worse)
    ways = term = 1
    for k in range(fewer):
        term = term * (number - k) // (k + 1)
        ways += term
    return min(1.0, 2 * ways / (1 << number))


def sign_flip_test(differences: Floats, *, flips: int = FLIPS, seed: int = 0) -> float:
    """Return the two-sided p of the permutation test of the sum, or mean, of paired differences.

    The share of all ways to give the differences signs whose sum is at least as far from zero as
    the sum observed. All ways are enumerated for up to `MOST_EXACT` differences that are not
    zero; beyond, p is (b + 1) / (m + 1) for b of m random ways (Phipson and Smyth 2010), so that
    it is never too small. Order and overall sign of the differences change nothing.

    Args:
        differences: one per pair, [N], in shares of 1.
        flips: m.
        seed: of the random ways.

    """
    sizes = np.sort(np.abs(differences))[::-1]
    kept = sizes[sizes > _ROUNDING]
    least = abs(float(differences.sum())) - _ROUNDING
    if len(kept) <= MOST_EXACT:
        return float(np.mean(np.abs(_every_sum(kept)) >= least))
    as_far = sum(int((np.abs(sums) >= least).sum()) for sums in _some_sums(kept, flips, seed))
    return (as_far + 1) / (flips + 1)


def _every_sum(sizes: Floats) -> Floats:
    """Return the sums with all signs but that of the first, whose other half is their mirror."""
    sums: Floats = sizes[:1].copy() if len(sizes) else np.zeros(1)
    for size in sizes[1:]:
        sums = np.concatenate([sums + size, sums - size])
    return sums


def _some_sums(sizes: Floats, flips: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    whole = sizes.sum()
    for start in range(0, flips, step := max(_AT_ONCE // len(sizes), 1)):
        rows = min(step, flips - start)
        bits = rng.integers(0, 256, (rows, -(-len(sizes) // 8)), dtype=np.uint8)
        chosen = np.unpackbits(bits, axis=1, count=len(sizes)).astype(np.float64)
        yield 2 * (chosen @ sizes) - whole
