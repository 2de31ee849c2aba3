"""What an estimator is given, before anything is computed with it."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from bgsub.segmentation.fitting import Stopping
from bgsub.segmentation.gaussians import CovarianceType
from bgsub.segmentation.starts import Init

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["check_choices", "check_precisions", "check_start", "check_weights"]

_CHOICES = {
    "covariance_type": get_args(CovarianceType),
    "stopping": get_args(Stopping),
    "init": get_args(Init),
}
_LEAST_WHOLE = {"n_components": 1, "max_iter": 1, "n_init": 1, "n_threads": 0}
_NOT_NEGATIVE = ("tol", "reg_covar")
_SUM_TOLERANCE = 1e-6


def check_choices(parameters: Mapping[str, Any]) -> None:
    """Make sure that an estimator's parameters mean something.

    Raises
    ------
    ValueError
        Naming the first that does not.
    """
    for name, known in _CHOICES.items():
        if parameters[name] not in known:
            msg = f"{name} should be one of {', '.join(known)}, not {parameters[name]!r}."
            raise ValueError(msg)
    for name, least in _LEAST_WHOLE.items():
        value = parameters[name]
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            msg = f"{name} should be a whole number of at least {least}, not {value!r}."
            raise ValueError(msg)
    for name in _NOT_NEGATIVE:
        value = parameters[name]
        if not isinstance(value, Real) or not math.isfinite(value) or value < 0:
            msg = f"{name} should be a finite number of at least 0, not {value!r}."
            raise ValueError(msg)


def check_start(
    name: str, value: ArrayLike | None, shape: tuple[int, ...]
) -> NDArray[np.float64] | None:
    """Return a part of a start as an array of the shape that it must have.

    Raises
    ------
    ValueError
        If it has another, is not finite, or is no shares where it should be.
    """
    if value is None:
        return None
    array = np.asarray(value, np.float64)
    if array.shape != shape:
        msg = f"{name} should be of shape {shape}, not {array.shape}."
        raise ValueError(msg)
    if not np.isfinite(array).all():
        msg = f"{name} should be finite."
        raise ValueError(msg)
    if name == "weights_init" and (array.min() < 0 or abs(array.sum() - 1) > _SUM_TOLERANCE):
        msg = f"weights_init should be shares that sum to 1, not {array.tolist()}."
        raise ValueError(msg)
    return array


def check_precisions(precisions: NDArray[np.float64]) -> None:
    """Make sure that matrices (K, D, D) can be precisions.

    Raises
    ------
    ValueError
        If one is not symmetric and positive definite.
    """
    is_symmetric = np.allclose(precisions, precisions.swapaxes(1, 2))
    if not is_symmetric or np.linalg.eigvalsh(precisions).min() <= 0:
        msg = "precisions_init should be symmetric and positive definite."
        raise ValueError(msg)


def check_weights(sample_weight: ArrayLike | None, n: int) -> NDArray[np.float64]:
    """Return the weights of `n` samples, 1 each where none are given.

    Raises
    ------
    ValueError
        If there are not as many, or they are negative, not finite, or all zero.
    """
    if sample_weight is None:
        return np.ones(n)
    weights = np.ascontiguousarray(sample_weight, np.float64)
    if weights.shape != (n,) or not np.isfinite(weights).all() or weights.min() < 0:
        msg = f"sample_weight should be {n} numbers, finite and not negative."
        raise ValueError(msg)
    if weights.sum() == 0:
        msg = "sample_weight is zero for every sample: nothing is left to fit."
        raise ValueError(msg)
    return weights
