"""Expectation–maximisation from the textbook, sample by sample, in double precision.

Imports nothing from bgsub.  Bishop, "Pattern Recognition and Machine Learning", section 9.2.2,
with scikit-learn's regularisation of the covariances and its way to count the log-likelihood.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Parameters:
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray  # (K, D, D)


def log_density(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    difference = x - mean
    distance = difference @ np.linalg.inv(covariance) @ difference
    _, log_det = np.linalg.slogdet(2 * math.pi * covariance)
    return float(-0.5 * (distance + log_det))


def responsibilities(samples: np.ndarray, p: Parameters) -> tuple[np.ndarray, float]:
    """Return who is responsible for each sample, and the mean log-likelihood."""
    shares = np.empty((len(samples), len(p.weights)))
    total = 0.0
    for n, x in enumerate(samples):
        logs = [
            math.log(p.weights[j]) + log_density(x, p.means[j], p.covariances[j])
            for j in range(len(p.weights))
        ]
        top = max(logs)
        norm = top + math.log(sum(math.exp(value - top) for value in logs))
        shares[n] = [math.exp(value - norm) for value in logs]
        total += norm
    return shares, total / len(samples)


def update(samples: np.ndarray, shares: np.ndarray, shape: str, reg: float) -> Parameters:
    sizes = shares.sum(axis=0)
    k, d = len(sizes), samples.shape[1]
    means = np.array([shares[:, j] @ samples / sizes[j] for j in range(k)])
    covariances = np.zeros((k, d, d))
    for j in range(k):
        for n, x in enumerate(samples):
            difference = x - means[j]
            covariances[j] += shares[n, j] * np.outer(difference, difference) / sizes[j]
    if shape == "tied":
        shared = sum(sizes[j] * covariances[j] for j in range(k)) / sizes.sum()
        covariances = np.array([shared] * k)
    elif shape == "diag":
        covariances = np.array([np.diag(np.diag(c)) for c in covariances])
    elif shape == "spherical":
        covariances = np.array([np.eye(d) * np.trace(c) / d for c in covariances])
    return Parameters(
        weights=sizes / len(samples), means=means, covariances=covariances + reg * np.eye(d)
    )


def run(
    samples: np.ndarray, start: Parameters, iterations: int, shape: str, reg: float
) -> tuple[list[Parameters], list[float]]:
    """Return the parameters after each iteration, and the likelihood before each."""
    steps, bounds = [], []
    current = start
    for _ in range(iterations):
        shares, bound = responsibilities(samples, current)
        current = update(samples, shares, shape, reg)
        steps.append(current)
        bounds.append(bound)
    return steps, bounds
