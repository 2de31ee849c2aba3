"""Randomness that depends on what it is for, never on what was drawn before."""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["generator", "uniform"]


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the generator of one purpose: the same three values, the same numbers.

    Parameters
    ----------
    seed : int
        The scene's seed, at least 0.
    purpose : str
        What the numbers are for, such as ``"noise"``.
    index : int
        Frame number, number of a visit and the like, at least 0.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), index])


def uniform(seed: int, purpose: str, index: int, low: float, high: float) -> float:
    """Return one number of a purpose, uniform in [low, high)."""
    return float(generator(seed, purpose, index).uniform(low, high))
