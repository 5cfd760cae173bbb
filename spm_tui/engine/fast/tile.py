"""Products of small matrices, for code that numba compiles.

A loop over arrays fetches what it adds to at every turn, and puts it back. Here a tile of the
result stays in the processor's registers from the first addend to the last, as in libraries of
linear algebra; these are not called, because a call takes longer than a product as small as ours.

numba keeps what it has compiled until the file of the function that was called changes: after a
change here, touch `kernel.py`.
"""

from itertools import product
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Numbers side by side that are computed with at once: results have a multiple of so many columns.
Processors with shorter registers use several."""
_HAS_MANY = bool(get_host_cpu_features().get("avx512f"))
_WIDE, _NARROW = ((4, 4), (8, 1)) if _HAS_MANY else ((4, 1), (4, 1))
"""Rows and vectors of a tile, as many as the registers hold; and of one a single vector wide."""

_FLOAT, _INT = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_SIZE = 4
"""Bytes of a number."""


def _tile(rows: int, width: int) -> Any:
    """Return a function that computes a tile of so many rows and vectors.

    Its arguments: addresses, each with distances in bytes. Of `left`, to the next `row` and `step`
    by step to the next addend's factor; of `right`, `down` to the next addend's; of `out`, to the
    row `below`. Then the `count` of addends, and whether these are `more` to what `out` has.
    """
    places = list(product(range(rows), range(width)))

    @intrinsic  # type: ignore[misc, unused-ignore]
    def tile(
        _: Any,
        left: Any,
        row: Any,
        step: Any,
        right: Any,
        down: Any,
        out: Any,
        below: Any,
        count: Any,
        more: Any,
    ) -> Any:
        def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            left, row, step, right, down, out, below, count, more = arguments

            def at(kind: Any, base: Any, *ways: tuple[Any, Any]) -> Any:
                for times, distance in ways:
                    base = builder.add(base, builder.mul(times, distance))
                return builder.inttoptr(base, kind.as_pointer())

            def column(number: int) -> tuple[Any, Any]:
                return _INT(number), _INT(LANES * _SIZE)

            results = {(i, j): at(_VECTOR, out, (_INT(i), below), column(j)) for i, j in places}
            sums = {place: cgutils.alloca_once(builder, _VECTOR) for place in places}
            for place in places:
                builder.store(ir.Constant(_VECTOR, [0.0] * LANES), sums[place])
            with builder.if_then(more):
                for place in places:
                    builder.store(builder.load(results[place], align=_SIZE), sums[place])
            with cgutils.for_range(builder, count) as turn:
                vectors = [
                    builder.load(at(_VECTOR, right, (turn.index, down), column(j)), align=_SIZE)
                    for j in range(width)
                ]
                for i in range(rows):
                    number = builder.load(at(_FLOAT, left, (_INT(i), row), (turn.index, step)))
                    factor = _repeated(builder, number)
                    for j, vector in enumerate(vectors):
                        addend = builder.fmul(factor, vector, flags=("fast",))
                        found = builder.fadd(builder.load(sums[i, j]), addend, flags=("fast",))
                        builder.store(found, sums[i, j])
            for place in places:
                builder.store(builder.load(sums[place]), results[place], align=_SIZE)
            return context.get_dummy_value()

        return types.void(left, row, step, right, down, out, below, count, more), code

    return tile


def _repeated(builder: Any, number: Any) -> Any:
    """Return a vector of one number."""
    index, nothing = ir.IntType(32), ir.Constant(_VECTOR, ir.Undefined)
    vector = builder.insert_element(nothing, number, index(0))
    places = ir.Constant(ir.VectorType(index, LANES), [0] * LANES)
    return builder.shuffle_vector(vector, nothing, places)


def _panel(height: int, width: int) -> Any:
    """Return a function that computes as many columns as a tile has, row by row of tiles."""
    tile, single = _tile(height, width), _tile(1, width)

    @njit(cache=True)
    def panel(
        left: Any, right: Any, out: Any, lefts: Any, down: int, below: int, more: bool
    ) -> None:
        rows, count, row, step = lefts
        whole = rows - rows % height
        for i in range(0, whole, height):
            tile(left + i * row, row, step, right, down, out + i * below, below, count, more)
        for i in range(whole, rows):
            single(left + i * row, row, step, right, down, out + i * below, below, count, more)

    return panel


_wide, _narrow = _panel(*_WIDE), _panel(*_NARROW)
_WIDE_LANES = LANES * _WIDE[1]


@njit(cache=True)
def multiply(left: Any, right: Any, out: Any, more: bool) -> None:
    """Compute a product of matrices in single precision.

    Args:
        left: [rows, count], of any strides.
        right: [count, columns]; each row's numbers are side by side, a multiple of `LANES`.
        out: to be overwritten, [rows, columns]; likewise.
        more: whether to add to what is in `out`.

    """
    columns = out.shape[1]
    lefts = (*left.shape, *left.strides)
    down, below = right.strides[0], out.strides[0]
    a, b, c = left.ctypes.data, right.ctypes.data, out.ctypes.data
    many = columns - columns % _WIDE_LANES
    for column in range(0, many, _WIDE_LANES):
        _wide(a, b + column * _SIZE, c + column * _SIZE, lefts, down, below, more)
    for column in range(many, columns, LANES):
        _narrow(a, b + column * _SIZE, c + column * _SIZE, lefts, down, below, more)
