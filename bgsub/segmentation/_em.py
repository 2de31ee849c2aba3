"""The E-step and the sums of the M-step over weighted samples, compiled.

Samples are taken in blocks whose coordinates lie in planes, so that every loop runs along the
block with a constant length and no branch, and LLVM vectorises it.  Sums are kept per position
within the block and added up at the end: no reassociation of floating-point sums is needed,
and the result is the same bits on every machine and with any number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bgsub.mixture._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BLOCK",
    "STRIDE",
    "accumulate",
    "classify",
    "count_moments",
    "count_planes",
    "update_field",
]

BLOCK = 256
"""Samples that a kernel works on at a time."""
STRIDE = BLOCK + 8
"""Elements from one row of the scratch arrays to the next: no power of two, or the rows would
compete for the same places of the cache."""

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the whole part in the low bits
_SMALLEST = -700.0
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_TWO_52 = 4503599627370496.0
_TWO_52_BITS = 0x4330000000000000


def count_planes(n_components: int, n_features: int) -> int:
    """Return the rows of the scratch array that the kernels need."""
    return 2 * n_features + n_components + 4


def count_moments(n_features: int) -> int:
    """Return how many sums are kept for a component: weight, first and second moments."""
    return 1 + n_features + n_features * (n_features + 1) // 2


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
def _exp(x: float) -> float:
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
def _log(x: float) -> float:
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


@kernel
def _load(
    values: NDArray[Any],
    first: int,
    length: int,
    planes: NDArray[np.float64],
) -> None:
    """Write samples into the first D planes; the block's rest gets the first sample again."""
    for a in range(values.shape[1]):
        for b in range(length):
            planes[a, b] = values[first + b, a]
        for b in range(length, BLOCK):
            planes[a, b] = values[first, a]


@kernel
def _find_top(n_features: int, n_components: int, planes: NDArray[np.float64]) -> None:
    """Write the largest of the K results, and clear the plane of their sum."""
    top = planes[n_features + n_components]
    total = planes[n_features + n_components + 1]
    for b in range(BLOCK):
        top[b] = planes[n_features, b]
        total[b] = 0.0
    for j in range(1, n_components):
        result = planes[n_features + j]
        for b in range(BLOCK):
            top[b] = result[b] if result[b] > top[b] else top[b]


@kernel
def _joint(
    offsets: NDArray[np.float64],
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    planes: NDArray[np.float64],
) -> None:
    """From D planes of samples to K planes of log(weight * density), and their maximum.

    Planes: D samples, K results, then maximum, sum of exponentials (filled with e**(result -
    maximum) in place of the results), one for scratch, one for Mahalanobis distances.
    """
    n_components, n_features = means.shape
    y = planes[n_features + n_components + 2]
    distance = planes[n_features + n_components + 3]
    for j in range(n_components):
        for b in range(BLOCK):
            distance[b] = 0.0
        for c in range(n_features):
            for b in range(BLOCK):
                y[b] = 0.0
            for a in range(c + 1):
                x = planes[a]
                mean, factor = means[j, a], factors[j, a, c]
                for b in range(BLOCK):
                    y[b] += (x[b] - mean) * factor
            for b in range(BLOCK):
                distance[b] += y[b] * y[b]
        result = planes[n_features + j]
        offset = offsets[j]
        for b in range(BLOCK):
            result[b] = offset - 0.5 * distance[b]
    _find_top(n_features, n_components, planes)


@kernel
def _exponentiate(n_features: int, n_components: int, planes: NDArray[np.float64]) -> None:
    """Replace the results by e**(result - maximum), and write their sum."""
    top = planes[n_features + n_components]
    total = planes[n_features + n_components + 1]
    for j in range(n_components):
        result = planes[n_features + j]
        for b in range(BLOCK):
            result[b] = _exp(result[b] - top[b])
            total[b] += result[b]


@kernel
def _add_moments(
    means: NDArray[np.float64], planes: NDArray[np.float64], lanes: NDArray[np.float64]
) -> None:
    """Add the block's samples, shared out between the components, to the sums of the M-step.

    Planes: D samples, K posteriors, two more, the samples' weights; the rest is scratch.
    """
    n_components, n_features = means.shape
    n_moments = (lanes.shape[0] - 1) // n_components
    weight = planes[n_features + n_components + 2]
    share = planes[n_features + n_components + 3]
    first_diff = n_features + n_components + 4
    for j in range(n_components):
        result = planes[n_features + j]
        at = j * n_moments
        into = lanes[at]
        for b in range(BLOCK):
            share[b] = result[b] * weight[b]
            into[b] += share[b]
        second = at + 1 + n_features
        for a in range(n_features):
            x, diff = planes[a], planes[first_diff + a]
            mean = means[j, a]
            into = lanes[at + 1 + a]
            for b in range(BLOCK):
                diff[b] = x[b] - mean
                into[b] += share[b] * diff[b]
            for c in range(a + 1):
                other = planes[first_diff + c]
                into = lanes[second]
                second += 1
                for b in range(BLOCK):
                    into[b] += share[b] * diff[b] * other[b]


@kernel
def _add_lanes(lanes: NDArray[np.float64], totals: NDArray[np.float64]) -> None:
    for i in range(totals.size):
        s = 0.0
        for b in range(BLOCK):
            s += lanes[i, b]
        totals[i] = s


@kernel
def accumulate(
    values: NDArray[Any],
    counts: NDArray[np.float64],
    first: int,
    last: int,
    offsets: NDArray[np.float64],
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    planes: NDArray[np.float64],
    lanes: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> None:
    """Do the E-step for samples `first` to `last` and sum what the M-step needs.

    values (N, D), counts (N,); offsets (K,) log weight and normalisation, means (K, D),
    factors (K, D, D) upper triangular Cholesky factors of the precisions.  Scratch: planes
    (count_planes, STRIDE), lanes (K * count_moments + 1, STRIDE).  Writes totals
    (K * count_moments + 1,): per component the weight, the first and the second moments about
    `means` (lower triangle by rows), and last the log-likelihood.
    """
    n_components, n_features = means.shape
    top = planes[n_features + n_components]
    total = planes[n_features + n_components + 1]
    weight = planes[n_features + n_components + 2]
    lanes[:] = 0.0
    likelihood = lanes[totals.size - 1]
    for start in range(first, last, BLOCK):
        length = min(BLOCK, last - start)
        _load(values, start, length, planes)
        _joint(offsets, means, factors, planes)
        _exponentiate(n_features, n_components, planes)
        for b in range(length):
            weight[b] = counts[start + b]
        for b in range(length, BLOCK):
            weight[b] = 0.0
        for b in range(BLOCK):
            likelihood[b] += weight[b] * (top[b] + _log(total[b]))
        _normalise(n_features, n_components, planes)
        _add_moments(means, planes, lanes)
    _add_lanes(lanes, totals)


@kernel
def _write_labels(
    planes: NDArray[np.float64],
    n_features: int,
    n_components: int,
    start: int,
    length: int,
    labels: NDArray[np.uint8],
) -> int:
    """Write which of the K results is the largest, the first of equals; count the changes."""
    changed = 0
    top = planes[n_features + n_components]
    found = planes[n_features + n_components + 3]
    for b in range(BLOCK):
        found[b] = 0.0
    for j in range(n_components - 1, -1, -1):
        result = planes[n_features + j]
        for b in range(BLOCK):
            found[b] = j if result[b] >= top[b] else found[b]
    for b in range(length):
        label = np.uint8(found[b])
        changed += labels[start + b] != label
        labels[start + b] = label
    return changed


@kernel
def _write_results(
    planes: NDArray[np.float64],
    n_features: int,
    start: int,
    length: int,
    results: NDArray[Any],
) -> None:
    """Write the K results of each sample into results (N, K)."""
    for j in range(results.shape[1]):
        for b in range(length):
            results[start + b, j] = planes[n_features + j, b]


@kernel
def _normalise(n_features: int, n_components: int, planes: NDArray[np.float64]) -> None:
    """Divide the K results by their sum."""
    total = planes[n_features + n_components + 1]
    for j in range(n_components):
        result = planes[n_features + j]
        for b in range(BLOCK):
            result[b] /= total[b]


@kernel
def classify(
    values: NDArray[Any],
    first: int,
    last: int,
    offsets: NDArray[np.float64],
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    planes: NDArray[np.float64],
    labels: NDArray[np.uint8],
    posteriors: NDArray[Any],
    densities: NDArray[np.float64],
    joint: NDArray[np.float32],
) -> None:
    """Do the E-step for samples `first` to `last` and write what it says of each.

    As :func:`accumulate`; labels (N,) the most probable component, the first of equals,
    posteriors (N, K), densities (N,) the log-likelihood, joint (N, K) the same by component;
    each may be empty, and is left out then.
    """
    n_components, n_features = means.shape
    top = planes[n_features + n_components]
    total = planes[n_features + n_components + 1]
    for start in range(first, last, BLOCK):
        length = min(BLOCK, last - start)
        _load(values, start, length, planes)
        _joint(offsets, means, factors, planes)
        if labels.size:
            _write_labels(planes, n_features, n_components, start, length, labels)
        if joint.size:
            _write_results(planes, n_features, start, length, joint)
        _exponentiate(n_features, n_components, planes)
        if densities.size:
            for b in range(length):
                densities[start + b] = top[b] + _log(total[b])
        if posteriors.size:
            _normalise(n_features, n_components, planes)
            _write_results(planes, n_features, start, length, posteriors)


@kernel
def _add_field(
    n_features: int,
    neighbours: NDArray[np.float32],
    strength: float,
    start: int,
    length: int,
    planes: NDArray[np.float64],
    likelihood: NDArray[np.float64],
) -> None:
    """Add the field of the neighbours to the K results, and its normalisation to likelihood."""
    n_components = neighbours.shape[0]
    total = planes[n_features + n_components + 3]
    most = planes[n_features + n_components + 4]
    for b in range(BLOCK):
        most[b] = 0.0
        total[b] = 0.0
    for j in range(n_components):
        result, around = planes[n_features + j], neighbours[j, start : start + length]
        for b in range(length):
            field = strength * around[b]
            result[b] += field
            most[b] = field if field > most[b] else most[b]
    for j in range(n_components):
        around = neighbours[j, start : start + length]
        for b in range(length):
            total[b] += _exp(strength * around[b] - most[b])
    for b in range(length):
        likelihood[b] -= most[b] + _log(total[b])


@kernel
def update_field(
    index: NDArray[np.int32],
    values: NDArray[np.float32],
    densities: NDArray[np.float32],
    neighbours: NDArray[np.float32],
    strength: float,
    first: int,
    last: int,
    means: NDArray[np.float64],
    planes: NDArray[np.float64],
    lanes: NDArray[np.float64],
    totals: NDArray[np.float64],
    posteriors: NDArray[np.float32],
    labels: NDArray[np.uint8],
) -> int:
    """Do the E-step of a Markov random field for pixels `first` to `last`, by mean field.

    index (P,) each pixel's row of values (N, D) and of densities (N, K), the log-densities of
    the components; neighbours (K, P) the neighbours' mean posteriors.  Writes posteriors
    (K, P), labels (P,), and totals as :func:`accumulate`, the last being the pseudo-likelihood.
    Returns how many labels changed.
    """
    n_components, n_features = means.shape
    top = planes[n_features + n_components]
    total = planes[n_features + n_components + 1]
    weight = planes[n_features + n_components + 2]
    lanes[:] = 0.0
    likelihood = lanes[totals.size - 1]
    changed = 0
    for start in range(first, last, BLOCK):
        length = min(BLOCK, last - start)
        for b in range(BLOCK):
            pixel = start + (b if b < length else 0)
            row = index[pixel]
            for a in range(n_features):
                planes[a, b] = values[row, a]
            for j in range(n_components):
                planes[n_features + j, b] = densities[row, j]
            weight[b] = 1.0 if b < length else 0.0
        _add_field(n_features, neighbours, strength, start, length, planes, likelihood)
        _find_top(n_features, n_components, planes)
        changed += _write_labels(planes, n_features, n_components, start, length, labels)
        _exponentiate(n_features, n_components, planes)
        for b in range(BLOCK):
            likelihood[b] += weight[b] * (top[b] + _log(total[b]))
        _normalise(n_features, n_components, planes)
        for j in range(n_components):
            for b in range(length):
                posteriors[j, start + b] = planes[n_features + j, b]
        _add_moments(means, planes, lanes)
    _add_lanes(lanes, totals)
    return changed
