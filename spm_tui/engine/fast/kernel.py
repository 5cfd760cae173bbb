"""Attention on the processor: all tokens of a layer in one call, compiled by numba.

What torch has for a processor takes a call for every stretch of keys, and is made for many queries
that all see the same. Answers bring a few each, and what a prompt sees of itself is a triangle.
Here queries lie side by side, so that no number is summed up across a register; a stretch's keys
are read as they lie in the cache, in blocks that stay near the processor, and scores are normalized
on the way (online softmax).
"""

import math
from typing import Any

import numpy as np
from numba import carray, njit, prange

from spm_tui.engine.fast.intrinsics import as_float, as_int, floats, take
from spm_tui.engine.fast.tile import LANES, multiply

TASK = np.dtype(
    [
        ("address", np.int64),  # of the first key of layer 0 and key head 0
        ("layer", np.int64),  # distances in floats: to the next layer,
        ("value", np.int64),  # from keys to values,
        ("head", np.int64),  # to the next key head
        ("keys", np.int64),
        ("first", np.int64),  # token
        ("tokens", np.int64),
        ("seen", np.int64),  # keys that the first token sees
        ("grows", np.int64),  # whether each further token sees one more, which is its own
        ("part", np.int64),  # where the first token's result goes
    ]
)
"""Tokens that follow each other, and keys that all of them see or that are their own."""

_BLOCK = 128
"""Keys at a time."""
_HIDDEN = np.float32(-1e30)
_LOG2_E = np.float32(math.log2(math.e))
_ROUNDS = np.float32(3 << 22)
"""So large that adding a number less than four millions rounds it."""
_SERIES = tuple(np.float32(math.log(2) ** i / math.factorial(i)) for i in range(7))
"""Of two to a power."""
_STRICT = {"contract", "nnan", "ninf", "nsz"}
"""What the compiler may do where the order of additions matters."""
_DIVIDING = {"error_model": "numpy", "cache": True}
"""Where sums of shares divide. One that is no number is to make results that are none, of that
token alone; by default numba raises for all, or takes time to see that it need not."""


@njit(cache=True)
def _lines(task: Any, layer: int, head: int, size: int) -> Any:
    """Return keys and values of a task, [keys, head size]."""
    start = task.address + 4 * (layer * task.layer + head * task.head)
    shape = (task.keys, size)
    return carray(floats(start), shape), carray(floats(start + 4 * task.value), shape)


@njit(fastmath=_STRICT, cache=True)
def _power(exponent: Any) -> Any:
    """Return two to a power of at most 0.

    The power's whole part is added to the exponent of a float, the rest is a series; the relative
    error is below 3e-7. The library's function would go number by number.
    """
    exponent = max(exponent, np.float32(-126))
    rounded = exponent + _ROUNDS
    rest = exponent - (rounded - _ROUNDS)
    found = _SERIES[6]
    for factor in _SERIES[5::-1]:
        found = found * rest + factor
    return as_float(as_int(found) + (as_int(rounded) << np.int32(23)))


@njit(fastmath=_STRICT, cache=True)
def _normalize(scores: Any, most: Any, total: Any, found: Any) -> None:
    """Replace scores by two to the power of what they are less than the highest so far.

    What was found before is brought to the same measure.

    Args:
        scores: [keys, lanes].
        most: the highest scores so far, [lanes].
        total: sums of powers so far, [lanes].
        found: sums of values so far, [head size, lanes].

    """
    keys, lanes = scores.shape
    factors = most.copy()
    for key in range(keys):
        for lane in range(lanes):
            most[lane] = max(most[lane], scores[key, lane])
    for lane in range(lanes):
        factors[lane] = _power(factors[lane] - most[lane])
        total[lane] *= factors[lane]
    for at in range(len(found)):
        for lane in range(lanes):
            found[at, lane] *= factors[lane]
    for key in range(keys):
        for lane in range(lanes):
            scores[key, lane] = share = _power(scores[key, lane] - most[lane])
            total[lane] += share


@njit(**_DIVIDING)
def _see(queries: Any, alike: int, task: Any, layer: int, head: int, found: Any) -> Any:
    """Let queries see a task's keys; return the log-sum-exp of their scores, [lanes].

    Args:
        queries: of the heads that share these keys, token by token, [head size, lanes]; scaled
            so that shares are powers of two.
        alike: how many heads those are.
        task: a record of `TASK`.
        layer: index.
        head: of the keys.
        found: zeros, to be overwritten, [head size, lanes].

    """
    size, lanes = queries.shape
    keys, values = _lines(task, layer, head, size)
    scores = np.empty((_BLOCK, lanes), np.float32)
    most = np.full(lanes, _HIDDEN)
    total = np.zeros(lanes, np.float32)
    for start in range(0, task.keys, _BLOCK):
        end = min(start + _BLOCK, task.keys)
        block = scores[: end - start]
        multiply(keys[start:end], queries, block, False)
        for place in range(max(start, task.seen), end):
            block[place - start, : (place + 1 - task.seen) * alike] = _HIDDEN
        _normalize(block, most, total, found)
        multiply(values[start:end].T, block, found, True)
    for lane in range(lanes):
        most[lane] = most[lane] / _LOG2_E + np.float32(math.log(total[lane]))
    for at in range(size):
        for lane in range(lanes):
            found[at, lane] /= total[lane]
    return most


@njit(cache=True)
def _do(
    task: Any, layer: int, head: int, alike: int, query: Any, scale: Any, found: Any, weights: Any
) -> None:
    """Do a task for the heads that share a head's keys, and write down what they have seen."""
    size = query.shape[2]
    rows = task.tokens * alike
    lanes = (rows + LANES - 1) // LANES * LANES
    queries = np.zeros((size, lanes), np.float32)
    for row in range(rows):
        line = query[task.first + row // alike, head * alike + row % alike]
        for at in range(size):
            queries[at, row] = line[at] * scale * _LOG2_E
    seen = np.zeros((size, lanes), np.float32)
    weight = _see(queries, alike, task, layer, head, seen)
    for row in range(rows):
        token, whose = task.part + row // alike, head * alike + row % alike
        found[token, whose] = seen[:, row]
        weights[token, whose] = weight[row]


@njit(cache=True)
def _remember(task: Any, layer: int, key: Any, value: Any) -> None:
    """Write a task's own keys and values, [tokens, key heads, head size], to the cache."""
    _, heads, size = key.shape
    for head in range(heads):
        keys, values = _lines(task, layer, head, size)
        for turn in range(task.tokens):
            keys[task.seen - 1 + turn] = key[task.first + turn, head]
            values[task.seen - 1 + turn] = value[task.first + turn, head]


@njit(parallel=True, cache=True)
def attend(
    layer: int,
    query: Any,
    key: Any,
    value: Any,
    scale: Any,
    tasks: Any,
    owned: Any,
    starts: Any,
    threads: int,
) -> Any:
    """Store the keys and values of tokens, and return what these see.

    Args:
        layer: index.
        query: [tokens, heads, head size].
        key: [tokens, key heads, head size].
        value: likewise.
        scale: of the scores.
        tasks: records of `TASK`; together, what all tokens see.
        owned: places of results, token by token, [results].
        starts: where a token's begin among them, [tokens + 1].
        threads: to do it; each does what comes next as soon as it has time.

    Returns:
        [tokens, heads, head size]

    """
    count, heads, size = query.shape
    key_heads = key.shape[1]
    alike = heads // key_heads
    for thread in prange(threads):
        for place in range(thread, len(tasks), threads):
            if tasks[place].grows:
                _remember(tasks[place], layer, key, value)
    found = np.empty((len(owned), heads, size), np.float32)
    weights = np.empty((len(owned), heads), np.float32)
    begun = np.zeros(1, np.int64)
    for _ in prange(threads):
        unit = take(begun.ctypes.data)
        while unit < len(tasks) * key_heads:
            task, head = tasks[unit // key_heads], unit % key_heads
            _do(task, layer, head, alike, query, scale, found, weights)
            unit = take(begun.ctypes.data)
    out = np.empty((count, heads, size), np.float32)
    for thread in prange(threads):
        for token in range(thread * count // threads, (thread + 1) * count // threads):
            _join(found, weights, owned[starts[token] : starts[token + 1]], out[token])
    return out


@njit(fastmath=True, **_DIVIDING)
def _join(found: Any, weights: Any, places: Any, out: Any) -> None:
    """Join what a token has seen here and there, by the log-sum-exp of the scores."""
    for head in range(len(out)):
        highest = weights[places[0], head]
        for place in places[1:]:
            highest = max(highest, weights[place, head])
        total = np.float32(0)
        line = out[head]
        line[:] = 0
        for place in places:
            share = np.float32(math.exp(weights[place, head] - highest))
            total += share
            part = found[place, head]
            for at in range(len(line)):
                line[at] += share * part[at]
        for at in range(len(line)):
            line[at] /= total
