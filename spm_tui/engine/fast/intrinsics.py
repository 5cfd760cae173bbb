"""What the processor can do and Python has no word for, for code that numba compiles."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic  # type: ignore[misc, unused-ignore]
def floats(_: Any, address: Any) -> Any:
    """Take an address for that of single-precision numbers."""
    pointer = types.CPointer(types.float32)

    def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(types.int64), code


@intrinsic  # type: ignore[misc, unused-ignore]
def as_float(_: Any, bits: Any) -> Any:
    """Take the bits of a whole number of 32 for those of a single-precision number."""

    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), code


@intrinsic  # type: ignore[misc, unused-ignore]
def as_int(_: Any, number: Any) -> Any:
    """Take a single-precision number's bits for those of a whole number."""

    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), code


@intrinsic  # type: ignore[misc, unused-ignore]
def take(_: Any, address: Any) -> Any:
    """Return the whole number at an address and count it up; no two threads get the same."""

    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        place = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", place, ir.IntType(64)(1), "monotonic")

    return types.int64(types.int64), code
