"""What a segmentation leaves behind, plots aside: pictures and the record."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgsub.cores import count_cores
from bgsub.files import write_bytes
from bgsub.segmentation.gaussians import compress
from bgsub.segmentation.plots_style import class_colours
from bgsub.segmentation.smoothing import ENOUGH_CHANGED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.frames import Image
    from bgsub.segmentation.gaussians import CovarianceType, Gaussians
    from bgsub.segmentation.history import Step
    from bgsub.segmentation.result import Segmentation

__all__ = ["RECORD_NAME", "picture_names", "record", "write_pictures"]

RECORD_NAME = "segmentation.json"
"""The record of a segmentation."""

_KEPT = "nothing of it is kept"
_VERSION = 1
# Large pictures are written many times: what more effort saves is not worth the wait.
_PNG_EFFORT = 3
_NOISY_NAME = "noisy.png"


def picture_names(n_components: int, *, with_noise: bool) -> tuple[str, ...]:
    """Return the names of the files that :func:`write_pictures` writes.

    Parameters
    ----------
    n_components : int
        K.
    with_noise : bool
        Whether noise was added to the picture.
    """
    posteriors = [f"posterior-{j + 1}.png" for j in range(n_components)]
    names = ["labels.png", "recoloured.png", "uncertainty.png", *posteriors]
    return tuple([*names, _NOISY_NAME] if with_noise else names)


def write_pictures(folder: Path, segmentation: Segmentation, noisy: Image | None) -> None:
    """Write a segmentation as pictures, all PNG.

    ``labels.png``: palette indices 0 to K - 1 are the classes, from dark to bright.
    ``recoloured.png``: each class in the mean colour of its pixels.  ``posterior-<j>.png``,
    from 1: the probability of a class, 255 is certain.  ``uncertainty.png``: the entropy of
    the class, 255 is no idea.  ``noisy.png``: the picture with its noise.

    Parameters
    ----------
    folder : Path
        Where to; it exists.
    segmentation : Segmentation
        What to write.
    noisy : ndarray or None
        The picture, if noise was added to it; BGR.

    Raises
    ------
    SinkWriteError
        If a file cannot be written.
    """

    def posterior(j: int) -> Callable[[], bytes]:
        return lambda: _png(_to_8_bits(segmentation.posterior(j)))

    makers: dict[str, Callable[[], bytes]] = {
        "labels.png": lambda: _indexed_png(segmentation.labels, segmentation.n_components),
        "recoloured.png": lambda: _png(segmentation.recoloured),
        "uncertainty.png": lambda: _png(_to_8_bits(segmentation.entropy())),
    }
    makers |= {f"posterior-{j + 1}.png": posterior(j) for j in range(segmentation.n_components)}
    if noisy is not None:
        makers[_NOISY_NAME] = lambda: _png(noisy)
    if segmentation.smoothed is None:
        _ = segmentation.value_posteriors  # computed once, before threads ask for it

    def write(name: str) -> None:
        write_bytes(folder / name, makers[name](), kept=_KEPT)

    with ThreadPoolExecutor(count_cores(), "bgsub-png") as pool:
        for _ in pool.map(write, makers):
            pass


def record(
    segmentation: Segmentation, settings: SegmentationConfig, *, image: str, seconds: float
) -> dict[str, Any]:
    """Return the content of ``segmentation.json``.

    Parameters
    ----------
    segmentation : Segmentation
        What was found.
    settings : SegmentationConfig
        How.
    image : str
        Name of the picture.
    seconds : float
        How long it took from reading the picture to its labels.
    """
    shape = settings.covariance_type
    is_plain = segmentation.smoothed is None
    height, width = segmentation.labels.shape
    pixels = np.bincount(segmentation.labels.ravel(), minlength=segmentation.n_components)
    return {
        "version": _VERSION,
        "image": image,
        "image_size": [width, height],
        "estimator": segmentation.estimator,
        "features": list(segmentation.features.names),
        "n_components": segmentation.n_components,
        "covariance_type": shape,
        "init": settings.init,
        "weights": segmentation.weights.tolist(),
        "means": segmentation.means.tolist(),
        "covariances": compress(segmentation.covariances, shape).tolist(),
        "iterations": segmentation.iterations,
        "converged": segmentation.converged,
        # Under a Markov random field it is the labels that must come to rest.
        "criterion": settings.stopping if is_plain else "labels",
        "tol": settings.tol if is_plain else ENOUGH_CHANGED,
        "log_likelihood": [step.log_likelihood for step in segmentation.history],
        "bic": segmentation.bic,
        "aic": segmentation.aic,
        "seconds": seconds,
        "timings": segmentation.seconds,
        "pixels": pixels.tolist(),
        "distinct_values": len(segmentation.features.values),
        "fitted_values": segmentation.fitted_values,
        "candidates": [
            {
                "n_components": candidate.n_components,
                "bic": candidate.bic,
                "aic": candidate.aic,
                "log_likelihood": candidate.log_likelihood,
                "iterations": candidate.iterations,
            }
            for candidate in segmentation.curve
        ],
        "start": _parameters(segmentation.start, shape),
        "history": [_parameters(step, shape) for step in segmentation.history],
        "notes": list(segmentation.notes),
        "settings": settings.model_dump(mode="json"),
    }


def _parameters(mixture: Gaussians | Step, shape: CovarianceType) -> dict[str, Any]:
    return {
        "weights": mixture.weights.tolist(),
        "means": mixture.means.tolist(),
        "covariances": compress(mixture.covariances, shape).tolist(),
    }


def _to_8_bits(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(shares, alpha=255.0), np.uint8)


def _png(picture: Image) -> bytes:
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_EFFORT])
    return data.tobytes()


def _indexed_png(labels: NDArray[np.uint8], n_components: int) -> bytes:
    from PIL import Image as Pillow

    picture = Pillow.fromarray(labels)
    colours = [bytes.fromhex(name[1:]) for name in class_colours(n_components)]
    picture.putpalette(b"".join(colours))
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=_PNG_EFFORT)
    return stream.getvalue()
