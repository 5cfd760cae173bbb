"""Attention of answers on the processor: all answers of a layer in one call, compiled by numba.

What torch has for a processor takes a call for every stretch of keys, and is made for many
queries. An answer brings a few, so its time goes into calls and into laying keys out for the
multiplication. Here a stretch's keys are read as they lie in the cache, in blocks that stay near
the processor, four queries at a time; scores are normalized on the way (online softmax).
"""

import math
from typing import Any

import numpy as np
from numba import carray, njit, prange, types
from numba.extending import intrinsic

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
"""Answer tokens that follow each other, and keys that all of them see or that are their own."""

_BLOCK = 64
"""Keys at a time."""
_HIDDEN = np.float32(-1e30)
_ONE = np.float32(1)


@intrinsic  # type: ignore[misc, unused-ignore]
def _floats(_: Any, address: Any) -> Any:  # noqa: ARG001 - its type is what numba looks at
    """Take an address for that of single-precision numbers."""
    pointer = types.CPointer(types.float32)

    def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(types.int64), code


@njit(cache=True)
def _lines(task: Any, layer: int, head: int, size: int) -> Any:
    """Return keys and values of a task, [keys, head size]."""
    start = task.address + 4 * (layer * task.layer + head * task.head)
    shape = (task.keys, size)
    return carray(_floats(start), shape), carray(_floats(start + 4 * task.value), shape)


@njit(fastmath=True, cache=True)
def _compare(query: Any, keys: Any, scores: Any) -> None:
    """Fill scores, [rows, keys], with the products of queries and keys."""
    rows, size = query.shape
    whole = rows - rows % 4
    for row in range(0, whole, 4):
        one, two, three, four = query[row], query[row + 1], query[row + 2], query[row + 3]
        for place in range(len(keys)):
            key = keys[place]
            a = b = c = d = np.float32(0)
            for at in range(size):
                a += one[at] * key[at]
                b += two[at] * key[at]
                c += three[at] * key[at]
                d += four[at] * key[at]
            scores[row, place], scores[row + 1, place] = a, b
            scores[row + 2, place], scores[row + 3, place] = c, d
    for row in range(whole, rows):
        one = query[row]
        for place in range(len(keys)):
            key = keys[place]
            a = np.float32(0)
            for at in range(size):
                a += one[at] * key[at]
            scores[row, place] = a


@njit(fastmath=True, cache=True)
def _highest(scores: Any) -> Any:
    most = scores[0]
    for at in range(1, len(scores)):
        most = max(most, scores[at])
    return most


@njit(fastmath=True, cache=True)
def _shrink(found: Any, factor: Any) -> None:
    for at in range(len(found)):
        found[at] *= factor


@njit(fastmath=True, cache=True)
def _exponentiate(scores: Any, most: Any, powers: Any) -> Any:
    """Replace scores by the exponentials of what they are less than `most`; return their sum.

    Two to a whole power is written as a float's exponent, the rest is a series. It is the same
    to the last digit or two as the library's function, which would go number by number.

    Args:
        scores: [keys].
        most: at least as large as all of them.
        powers: to be overwritten, [keys], integers.

    """
    for at in range(len(scores)):
        exponent = max((scores[at] - most) * np.float32(1.44269504), np.float32(-126))
        whole = np.int32(exponent - np.float32(0.5))
        x = (exponent - np.float32(whole)) * np.float32(0.69314718)
        tail = _ONE / np.float32(24) + x * (_ONE / np.float32(120) + x * (_ONE / np.float32(720)))
        scores[at] = _ONE + x * (_ONE + x * (_ONE / 2 + x * (_ONE / np.float32(6) + x * tail)))
        powers[at] = (whole + np.int32(127)) << np.int32(23)
    factors = powers.view(np.float32)
    total = np.float32(0)
    for at in range(len(scores)):
        scores[at] *= factors[at]
        total += scores[at]
    return total


@njit(fastmath=True, cache=True)
def _add(shares: Any, values: Any, found: Any) -> None:
    """Add values, [keys, head size], by shares, [rows, keys], to what queries have found."""
    rows, size = found.shape
    keys = len(values)
    whole = keys - keys % 4
    for row in range(rows):
        line, share = found[row], shares[row]
        for place in range(0, whole, 4):
            one, two = values[place], values[place + 1]
            three, four = values[place + 2], values[place + 3]
            a, b, c, d = share[place], share[place + 1], share[place + 2], share[place + 3]
            for at in range(size):
                line[at] += a * one[at] + b * two[at] + c * three[at] + d * four[at]
        for place in range(whole, keys):
            one, a = values[place], share[place]
            for at in range(size):
                line[at] += a * one[at]


@njit(cache=True)
def _see(query: Any, task: Any, layer: int, head: int, scale: Any, found: Any) -> Any:
    """Let queries see a task's keys; return the log-sum-exp of their scores, [rows].

    Args:
        query: of the heads that share these keys, token by token, [rows, head size].
        task: a record of `TASK`.
        layer: index.
        head: of the keys.
        scale: of the scores.
        found: to be overwritten, [rows, head size].

    """
    rows, size = query.shape
    for row in range(rows):
        _shrink(query[row], scale)
    keys, values = _lines(task, layer, head, size)
    alike = rows // task.tokens
    scores = np.empty((rows, _BLOCK), np.float32)
    powers = np.empty(_BLOCK, np.int32)
    most = np.full(rows, _HIDDEN)
    total = np.zeros(rows, np.float32)
    found[:] = 0
    for start in range(0, task.keys, _BLOCK):
        end = min(start + _BLOCK, task.keys)
        _compare(query, keys[start:end], scores)
        for row in range(rows):
            line = scores[row, : end - start]
            seen = task.seen + task.grows * (row // alike)
            for place in range(max(0, seen - start), end - start):
                line[place] = _HIDDEN
            highest = max(most[row], _highest(line))
            if highest > most[row]:
                factor = np.float32(math.exp(most[row] - highest))
                total[row] *= factor
                _shrink(found[row], factor)
                most[row] = highest
            total[row] += _exponentiate(line, highest, powers[: end - start])
        _add(scores, values[start:end], found)
    for row in range(rows):
        _shrink(found[row], _ONE / total[row])
        most[row] += np.float32(math.log(total[row]))
    return most


@njit(cache=True)
def _do(
    task: Any, layer: int, head: int, alike: int, query: Any, scale: Any, found: Any, weights: Any
) -> None:
    """Do a task for the heads that share a head's keys, and write down what they have seen."""
    size = query.shape[2]
    rows = np.empty((task.tokens * alike, size), np.float32)
    for row in range(len(rows)):
        rows[row] = query[task.first + row // alike, head * alike + row % alike]
    seen = np.empty_like(rows)
    weight = _see(rows, task, layer, head, scale, seen)
    for row in range(len(rows)):
        token, whose = task.part + row // alike, head * alike + row % alike
        found[token, whose] = seen[row]
        weights[token, whose] = weight[row]


@njit(cache=True)
def _remember(tasks: Any, layer: int, key: Any, value: Any) -> None:
    """Write the tokens' own keys and values, [tokens, key heads, head size], to the cache."""
    _, heads, size = key.shape
    for place in range(len(tasks)):
        task = tasks[place]
        if task.grows:
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
    bounds: Any,
    owned: Any,
    starts: Any,
) -> Any:
    """Store the keys and values of answers' newest tokens, and return what these see.

    Args:
        layer: index.
        query: [tokens, heads, head size].
        key: [tokens, key heads, head size].
        value: likewise.
        scale: of the scores.
        tasks: records of `TASK`; together, what all tokens see.
        bounds: the tasks' heads, one after the other, parted among threads, [threads + 1].
        owned: places of results, token by token, [results].
        starts: where a token's begin among them, [tokens + 1].

    Returns:
        [tokens, heads, head size]

    """
    count, heads, size = query.shape
    key_heads = key.shape[1]
    alike = heads // key_heads
    _remember(tasks, layer, key, value)
    found = np.empty((len(owned), heads, size), np.float32)
    weights = np.empty((len(owned), heads), np.float32)
    threads = len(bounds) - 1
    for thread in prange(threads):
        for unit in range(bounds[thread], bounds[thread + 1]):
            task, head = tasks[unit // key_heads], unit % key_heads
            _do(task, layer, head, alike, query, scale, found, weights)
    out = np.empty((count, heads, size), np.float32)
    for thread in prange(threads):
        for token in range(thread * count // threads, (thread + 1) * count // threads):
            _join(found, weights, owned[starts[token] : starts[token + 1]], out[token])
    return out


@njit(fastmath=True, cache=True)
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
        _shrink(line, _ONE / total)
