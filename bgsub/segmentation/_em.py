"""The E-step and the sums of the M-step over weighted samples, compiled.

Samples are taken in blocks whose coordinates lie in planes, so that every loop runs along the
block with a constant length and no branch, and LLVM vectorises it.  Sums are kept per position
within the block and added up at the end: no reassociation of floating-point sums is needed,
and the result is the same bits on every machine and with any number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.jit import device, kernel
from bgsub.segmentation._elementary import exp, log

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


def count_planes(n_components: int, n_features: int) -> int:
    """Return the rows of the scratch array that the kernels need."""
    return 2 * n_features + n_components + 4


def count_moments(n_features: int) -> int:
    """Return how many sums are kept for a component: weight, first and second moments."""
    return 1 + n_features + n_features * (n_features + 1) // 2


@device
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


@device
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


@device
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


@device
def _exponentiate(n_features: int, n_components: int, planes: NDArray[np.float64]) -> None:
    """Replace the results by e**(result - maximum), and write their sum."""
    top = planes[n_features + n_components]
    total = planes[n_features + n_components + 1]
    for j in range(n_components):
        result = planes[n_features + j]
        for b in range(BLOCK):
            result[b] = exp(result[b] - top[b])
            total[b] += result[b]


@device
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


@device
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
            likelihood[b] += weight[b] * (top[b] + log(total[b]))
        _normalise(n_features, n_components, planes)
        _add_moments(means, planes, lanes)
    _add_lanes(lanes, totals)


@device
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


@device
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


@device
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
                densities[start + b] = top[b] + log(total[b])
        if posteriors.size:
            _normalise(n_features, n_components, planes)
            _write_results(planes, n_features, start, length, posteriors)


@device
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
            total[b] += exp(strength * around[b] - most[b])
    for b in range(length):
        likelihood[b] -= most[b] + log(total[b])


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
            likelihood[b] += weight[b] * (top[b] + log(total[b]))
        _normalise(n_features, n_components, planes)
        for j in range(n_components):
            for b in range(length):
                posteriors[j, start + b] = planes[n_features + j, b]
        _add_moments(means, planes, lanes)
    _add_lanes(lanes, totals)
    return changed
