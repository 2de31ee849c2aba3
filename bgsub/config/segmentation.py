"""The section of the configuration about still images."""

from __future__ import annotations

from typing import Literal

from bgsub.config._fields import Section, key

__all__ = ["SegmentationConfig"]


class SegmentationConfig(Section):
    """Still images: the mixture of Gaussians that ``bgsub segment`` fits to a picture."""

    n_components: int | None = key(
        3,
        "Classes (K); empty: as many as the Bayesian information criterion likes best.",
        raising="finer distinctions; slower",
        ge=1,
        le=64,
    )
    max_components: int = key(
        8,
        "Classes tried at most where n_components is empty.",
        raising="more are tried; slower",
        ge=1,
        le=64,
    )
    features: Literal["auto", "grey", "rgb", "lab"] = key(
        "auto",
        "What is clustered: grey levels, rgb or lab colour; auto: rgb where there is colour.",
    )
    position_weight: float = key(
        0.0,
        "Cluster x and y too, the longer side counting as this many black-to-white ranges; "
        "0 is off.",
        raising="spherical classes become compact; other shapes stretch to any weight",
        ge=0.0,
        le=1000.0,
    )
    texture_weight: float = key(
        0.0,
        "Cluster local contrast too, a factor of e counting as this many tenths of black to "
        "white; 0 is off.",
        raising="spherical classes heed it more; other shapes stretch to any weight",
        ge=0.0,
        le=1000.0,
    )
    covariance_type: Literal["full", "tied", "diag", "spherical"] = key(
        "full", "Shape of the Gaussians, as scikit-learn calls them."
    )
    init: Literal["range", "kmeans", "k-means++", "random"] = key(
        "range",
        "The start: the intensity range in K equal parts, clusters, or samples drawn far from "
        "each other or at random.",
    )
    n_init: int = key(
        1,
        "Starts of which the likeliest end is taken; range knows only one.",
        raising="better fits; slower",
        ge=1,
    )
    stopping: Literal["likelihood", "parameters"] = key(
        "likelihood",
        "Stop when the mean log-likelihood changes by less than tol, or when no mean and no "
        "covariance changes by more than tol.",
    )
    tol: float = key(
        1e-3,
        "Threshold for stopping; 0 uses up the iterations.",
        raising="stops sooner, further from the optimum",
        ge=0.0,
    )
    max_iter: int = key(
        100, "Iterations at most.", raising="fits may come nearer to the optimum", ge=1
    )
    reg_covar: float = key(
        1e-6,
        "Added to each variance, so that none collapses.",
        raising="Gaussians keep a larger width at least",
        ge=0.0,
    )
    estimator: Literal["auto", "histogram", "sklearn"] = key(
        "auto",
        "Distinct values weighted by their counts (histogram, which auto takes), or every "
        "pixel by scikit-learn's GaussianMixture.",
    )
    max_fit_values: int = key(
        4_000_000,
        "Fit on a random sample of this many pixels if there are more distinct values; all "
        "are labelled.",
        raising="more exact on large pictures; slower",
        ge=1000,
    )
    smoothing: float = key(
        0.0,
        "Strength of the Markov random field that favours equal labels of neighbours; 0 is "
        "off.",
        raising="regions stay whole under noise; fine detail is lost",
        ge=0.0,
        le=1000.0,
    )
    min_region_fraction: float = key(
        0.0,
        "Connected regions below this share of the picture join what surrounds them; 0 is off.",
        raising="larger specks are absorbed",
        ge=0.0,
        le=1.0,
    )
    noise_sigma: float = key(
        0.0,
        "Standard deviation of the Gaussian noise added before, in levels of 255; 0 is off.",
        raising="more noise",
        ge=0.0,
        le=1000.0,
    )
    seed: int = key(0, "Chooses noise, starts and samples.", ge=0, le=2**32 - 1)
