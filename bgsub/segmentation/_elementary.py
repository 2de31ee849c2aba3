"""Exponential and logarithm for kernels, as polynomials without a branch or a call.

LLVM vectorises loops over them, and they give the same bits on every machine.

Numba keeps compiled kernels by the date of the file that they stand in alone: after an edit
here, save the files of the kernels that call these too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bgsub.jit import kernel

__all__ = ["exp", "log"]

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the whole part in the low bits
_SMALLEST = -700.0
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_TWO_52 = 4503599627370496.0
_TWO_52_BITS = 0x4330000000000000


def _bitcast(of: Any, to: Any, kind: ir.Type) -> Any:  # noqa: ANN401 - numba's own types
    """Return a function for kernels that reads a number's bits as another type."""

    def cast_to(_context: Any, value: Any) -> Any:  # noqa: ANN401, ARG001 - numba's protocol
        def emit(_: Any, builder: Any, __: Any, arguments: Any) -> Any:  # noqa: ANN401
            return builder.bitcast(arguments[0], kind)

        return to(of), emit

    return intrinsic(cast_to)


_bits = _bitcast(types.float64, types.int64, ir.IntType(64))
_real = _bitcast(types.int64, types.float64, ir.DoubleType())


@kernel
def exp(x: float) -> float:
    """Exponential of a number that is at most 0; what is below e**-700 counts as that."""
    x = x if x > _SMALLEST else _SMALLEST
    shifted = x * _LOG2_E + _ROUND
    n = shifted - _ROUND
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return _real(_bits(p) + (_bits(shifted) << np.int64(52)))  # type: ignore[no-any-return]


@kernel
def log(x: float) -> float:
    """Natural logarithm of a number that is at least 0.75."""
    bits = _bits(x)
    exponent = (bits - np.int64(_SQRT_HALF_BITS)) >> np.int64(52)
    mantissa = _real(bits - (exponent << np.int64(52)))
    n = _real(exponent | np.int64(_TWO_52_BITS)) - _TWO_52
    z = (mantissa - 1.0) / (mantissa + 1.0)
    s = z * z
    p = 1.0 / 21.0
    p = p * s + 1.0 / 19.0
    p = p * s + 1.0 / 17.0
    p = p * s + 1.0 / 15.0
    p = p * s + 1.0 / 13.0
    p = p * s + 1.0 / 11.0
    p = p * s + 1.0 / 9.0
    p = p * s + 1.0 / 7.0
    p = p * s + 0.2
    p = p * s + 1.0 / 3.0
    p = p * s + 1.0
    return n * _LN2_HIGH + (n * _LN2_LOW + 2.0 * z * p)  # type: ignore[no-any-return]
