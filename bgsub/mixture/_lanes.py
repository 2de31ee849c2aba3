"""Arithmetic on 32 pixels at a time, written as LLVM instructions.

Numba computes 16-bit integers in 64 bits and leaves vectorisation to a heuristic.  The
fixed-point kernel states its vectors instead: :class:`Lanes` wraps one LLVM value of 32
16-bit integers, and each operator emits one instruction for all of them.  LLVM maps that to
the machine at hand (one 512-bit register, two of 256 or four of 128 bits), so one text serves
AVX-512, AVX2, SSE2 and NEON, with the same bits and without compiler flags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LANES", "Floats", "Lanes", "Mask"]

LANES = 32

_BIT = ir.IntType(1)
_INTEGER = ir.IntType(32)
_NARROW = ir.VectorType(ir.IntType(16), LANES)
_WIDE = ir.VectorType(_INTEGER, LANES)
_REAL = ir.VectorType(ir.FloatType(), LANES)
_ALL = 0xFFFFFFFF


class _Value:
    """An LLVM value and the builder that makes more of them."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder = builder
        self.value = value


class Mask(_Value):
    """A truth value for each pixel."""

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.builder, self.builder.and_(self.value, other.value))

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.builder, self.builder.or_(self.value, other.value))

    def __invert__(self) -> Mask:
        return Mask(self.builder, self.builder.not_(self.value))

    def choose(self, yes: Lanes, no: Lanes) -> Lanes:
        """Return `yes` where true and `no` elsewhere."""
        return Lanes(self.builder, self.builder.select(self.value, yes.value, no.value))

    def all(self) -> ir.Value:
        """Return the condition that every pixel is true."""
        bits = self.builder.bitcast(self.value, _INTEGER)
        return self.builder.icmp_unsigned("==", bits, ir.Constant(_INTEGER, _ALL))

    def any(self) -> ir.Value:
        """Return the condition that some pixel is true."""
        bits = self.builder.bitcast(self.value, _INTEGER)
        return self.builder.icmp_unsigned("!=", bits, ir.Constant(_INTEGER, 0))


class Lanes(_Value):
    """A 16-bit integer for each pixel; unsigned unless a method says otherwise."""

    def _new(self, value: ir.Value) -> Lanes:
        return Lanes(self.builder, value)

    def _compare(self, sign: str, other: Lanes) -> Mask:
        result = self.builder.icmp_unsigned(sign, self.value, other.value)
        return Mask(self.builder, result)

    def _call(self, operation: str, *arguments: ir.Value) -> Lanes:
        return self._new(_call(self.builder, operation, _NARROW, [self.value, *arguments]))

    def __add__(self, other: Lanes) -> Lanes:
        return self._new(self.builder.add(self.value, other.value))

    def __sub__(self, other: Lanes) -> Lanes:
        return self._new(self.builder.sub(self.value, other.value))

    def __lshift__(self, other: Lanes) -> Lanes:
        return self._new(self.builder.shl(self.value, other.value))

    def __rshift__(self, other: Lanes) -> Lanes:
        return self._new(self.builder.lshr(self.value, other.value))

    def __invert__(self) -> Lanes:
        return self._new(self.builder.not_(self.value))

    def __le__(self, other: Lanes) -> Mask:
        return self._compare("<=", other)

    def __lt__(self, other: Lanes) -> Mask:
        return self._compare("<", other)

    def __gt__(self, other: Lanes) -> Mask:
        return self._compare(">", other)

    def equals(self, other: Lanes) -> Mask:
        """Return where both are the same."""
        return self._compare("==", other)

    def at_least(self, other: Lanes) -> Lanes:
        """Return the larger of both."""
        return self._call("umax", other.value)

    def at_most(self, other: Lanes) -> Lanes:
        """Return the smaller of both."""
        return self._call("umin", other.value)

    def plus(self, other: Lanes) -> Lanes:
        """Return the sum, at most 65535."""
        return self._call("uadd.sat", other.value)

    def magnitude(self) -> Lanes:
        """Return the absolute value of signed integers."""
        return self._call("abs", ir.Constant(_BIT, 0))

    def doubled(self) -> Lanes:
        """Return signed integers doubled and cut to -32768..32767."""
        return self._call("sadd.sat", self.value)

    def low(self, other: Lanes) -> Lanes:
        """Return the lower 16 bits of the product."""
        return self._new(self.builder.mul(self.value, other.value))

    def high(self, other: Lanes) -> Lanes:
        """Return the upper 16 bits of the product."""
        # Not multiplied in 32 bits and shifted: LLVM recognises that as one instruction only
        # while all of it stays in one basic block.
        return self._call("umul.fix", other.value, ir.Constant(_INTEGER, 16))

    def high_signed(self, other: Lanes) -> Lanes:
        """Return the upper 16 bits of the product of signed integers."""
        b = self.builder
        product = b.mul(b.sext(self.value, _WIDE), b.sext(other.value, _WIDE))
        sixteen = ir.Constant(_WIDE, [16] * LANES)
        return self._new(b.trunc(b.lshr(product, sixteen), _NARROW))

    def floats(self) -> Floats:
        """Return the same numbers as float32."""
        b = self.builder
        return Floats(b, b.sitofp(b.zext(self.value, _WIDE), _REAL))


class Floats(_Value):
    """A float32 for each pixel."""

    def _new(self, value: ir.Value) -> Floats:
        return Floats(self.builder, value)

    def __add__(self, other: Floats) -> Floats:
        return self._new(self.builder.fadd(self.value, other.value))

    def __sub__(self, other: Floats) -> Floats:
        return self._new(self.builder.fsub(self.value, other.value))

    def __mul__(self, other: Floats) -> Floats:
        return self._new(self.builder.fmul(self.value, other.value))

    def __truediv__(self, other: Floats) -> Floats:
        return self._new(self.builder.fdiv(self.value, other.value))

    def __le__(self, other: Floats) -> Mask:
        return Mask(self.builder, self.builder.fcmp_ordered("<=", self.value, other.value))

    def root(self) -> Floats:
        """Return the square roots, correctly rounded."""
        return self._new(_call(self.builder, "sqrt", _REAL, [self.value]))

    def finite(self) -> Mask:
        """Return where they are numbers, and not infinite."""
        nothing = self.builder.fsub(self.value, self.value)
        return Mask(self.builder, self.builder.fcmp_ordered("ord", nothing, nothing))

    def where(self, mask: Mask, other: Floats) -> Floats:
        """Return these where `mask` is true and `other` elsewhere."""
        return self._new(self.builder.select(mask.value, self.value, other.value))

    def lanes(self) -> Lanes:
        """Return them without fraction; they must be within 0..65535."""
        b = self.builder
        return Lanes(b, b.trunc(b.fptosi(self.value, _WIDE), _NARROW))


def _call(
    builder: ir.IRBuilder, operation: str, kind: ir.Type, arguments: Sequence[ir.Value]
) -> ir.Value:
    """Call LLVM's own function for vectors of a kind."""
    name = f"llvm.{operation}.v{LANES}{'f32' if kind == _REAL else 'i16'}"
    function = builder.module.globals.get(name)
    if function is None:
        kinds = [argument.type for argument in arguments]
        function = ir.Function(builder.module, ir.FunctionType(kind, kinds), name)
    return builder.call(function, arguments)
