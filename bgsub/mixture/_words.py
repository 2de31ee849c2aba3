"""Constants, loads and stores for the arithmetic of :mod:`bgsub.mixture._lanes`."""

from __future__ import annotations

from llvmlite import ir

from bgsub.mixture._lanes import LANES, Floats, Lanes, Mask

__all__ = ["Words", "bytes_of"]

_INTEGER = ir.IntType(32)
_BITS = ir.VectorType(ir.IntType(1), LANES)
_BYTES = ir.VectorType(ir.IntType(8), LANES)
_NARROW = ir.VectorType(ir.IntType(16), LANES)
_WIDE = ir.VectorType(_INTEGER, LANES)
_REAL = ir.VectorType(ir.FloatType(), LANES)
# Bytes in a line of the cache.
_LINE = 64


class Words:
    """Constants, loads and stores at a place in a program."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.builder = builder

    def same(self, value: ir.Value | int) -> Lanes:
        """Return a value, a Python or LLVM integer of at most 16 bits, for all pixels."""
        if isinstance(value, int):
            return Lanes(self.builder, ir.Constant(_NARROW, [value & 0xFFFF] * LANES))
        return Lanes(
            self.builder, self._spread(self.builder.trunc(value, ir.IntType(16)), _NARROW)
        )

    def same_float(self, value: ir.Value | float) -> Floats:
        """Return a value, a Python float or an LLVM float32, for all pixels."""
        if isinstance(value, float):
            return Floats(self.builder, ir.Constant(_REAL, [value] * LANES))
        return Floats(self.builder, self._spread(value, _REAL))

    def everywhere(self, *, truth: bool) -> Mask:
        """Return a mask that is the same for all pixels."""
        return Mask(self.builder, ir.Constant(_BITS, [int(truth)] * LANES))

    def same_mask(self, truth: ir.Value) -> Mask:
        """Return an LLVM condition for all pixels."""
        return Mask(self.builder, self._spread(truth, _BITS))

    def load(self, address: ir.Value, offset: int) -> Lanes:
        """Return 32 integers from memory; `offset` counts bytes."""
        return Lanes(self.builder, self._load(address, offset, _NARROW))

    def store(self, lanes: Lanes, address: ir.Value, offset: int) -> None:
        """Write 32 integers to memory; `offset` counts bytes."""
        self._store(lanes.value, address, offset)

    def load_truth(self, address: ir.Value) -> Mask:
        """Return where bytes in memory are not zero."""
        data = self._load(address, 0, _BYTES)
        zeros = ir.Constant(_BYTES, [0] * LANES)
        return Mask(self.builder, self.builder.icmp_unsigned("!=", data, zeros))

    def load_bytes(self, address: ir.Value) -> Lanes:
        """Return 32 bytes from memory."""
        return self.widened(self._load(address, 0, _BYTES))

    def store_bytes(self, lanes: Lanes, address: ir.Value) -> None:
        """Write the lower bytes of 32 integers to memory."""
        self._store(self.builder.trunc(lanes.value, _BYTES), address, 0)

    def fetch(self, address: ir.Value, offset: int, n_bytes: int) -> None:
        """Begin to bring bytes from memory into the cache."""
        byte = ir.IntType(8)
        kinds = [byte.as_pointer(), _INTEGER, _INTEGER, _INTEGER]
        kind = ir.FunctionType(ir.VoidType(), kinds)
        function = self.builder.module.declare_intrinsic("llvm.prefetch", kinds[:1], kind)
        # To be read, to be kept as near as possible, and data.
        hints = [ir.Constant(_INTEGER, hint) for hint in (0, 3, 1)]
        for first in range(offset, offset + n_bytes, _LINE):
            self.builder.call(function, [self._pointer(address, first, byte), *hints])

    def load_byte(self, address: ir.Value) -> ir.Value:
        """Return one byte from memory."""
        return self._load(address, 0, ir.IntType(8))

    def store_byte(self, value: ir.Value, address: ir.Value) -> None:
        """Write one byte to memory."""
        self._store(value, address, 0)

    def store_labels(self, labels: list[tuple[Mask, int]], address: ir.Value) -> None:
        """Write one byte for each pixel: the value of the last mask that is true, or 0."""
        value = ir.Constant(_BYTES, [0] * LANES)
        for mask, label in labels:
            constant = ir.Constant(_BYTES, [label] * LANES)
            value = self.builder.select(mask.value, constant, value)
        self._store(value, address, 0)

    def load_channels(
        self, address: ir.Value, element: ir.Type, n_channels: int
    ) -> list[ir.Value]:
        """Return 32 pixels of interleaved channels as one vector for each channel."""
        kind = ir.VectorType(element, LANES)
        if n_channels == 1:
            return [self._load(address, 0, kind)]
        # Two overlapping loads cover the 96 elements without reading past the last.
        double = ir.VectorType(element, 2 * LANES)
        size = bytes_of(element)
        first = self._load(address, 0, double)
        second = self._load(address, LANES * size, double)
        channels = []
        for c in range(n_channels):
            places = [n_channels * i + c for i in range(LANES)]
            index = [p if p < 2 * LANES else p + LANES for p in places]
            picked = self.builder.shuffle_vector(first, second, ir.Constant(_WIDE, index))
            channels.append(picked)
        return channels

    def widened(self, vector: ir.Value) -> Lanes:
        """Return bytes as lanes."""
        return Lanes(self.builder, self.builder.zext(vector, _NARROW))

    def as_floats(self, vector: ir.Value) -> Floats:
        """Return unsigned integers of at most 16 bits, or floats, as floats."""
        if vector.type == _REAL:
            return Floats(self.builder, vector)
        wide = self.builder.zext(vector, _WIDE)
        return Floats(self.builder, self.builder.sitofp(wide, _REAL))

    def _spread(self, value: ir.Value, kind: ir.Type) -> ir.Value:
        start = ir.Constant(_INTEGER, 0)
        single = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, start)
        zeros = ir.Constant(_WIDE, [0] * LANES)
        return self.builder.shuffle_vector(single, ir.Constant(kind, ir.Undefined), zeros)

    def _load(self, address: ir.Value, offset: int, kind: ir.Type) -> ir.Value:
        return self.builder.load(self._pointer(address, offset, kind), align=1)

    def _store(self, value: ir.Value, address: ir.Value, offset: int) -> None:
        self.builder.store(value, self._pointer(address, offset, value.type), align=1)

    def _pointer(self, address: ir.Value, offset: int, kind: ir.Type) -> ir.Value:
        place = self.builder.add(address, ir.Constant(address.type, offset))
        return self.builder.inttoptr(place, kind.as_pointer())


def bytes_of(element: ir.Type) -> int:
    """Return the size of an integer or of a float32."""
    return int(element.width) // 8 if isinstance(element, ir.IntType) else 4
