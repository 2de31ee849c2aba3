"""The model over a restart: saved now and then and at the end, loaded if it fits."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from bgsub.errors import ConfigError, ModelFileError
from bgsub.mixture import MixtureModel

if TYPE_CHECKING:
    from pathlib import Path

    from bgsub.mixture import MixtureParams
    from bgsub.mixture._model_file import SavedModel

__all__ = ["StateKeeper", "load_state"]

logger = logging.getLogger(__name__)


def load_state(
    path: Path,
    *,
    params: MixtureParams,
    frame_shape: tuple[int, ...],
    n_threads: int,
) -> MixtureModel | None:
    """Return the saved model, with new parameters, if it fits; what does not fit is logged.

    Parameters
    ----------
    path : Path
        The file; None is returned if there is none.
    params : MixtureParams
        What the model goes on with.
    frame_shape : tuple of int
        (H, W) or (H, W, 3), of the stream's frames of uint8.
    n_threads : int
        As for the model.
    """
    if not path.exists():
        return None
    try:
        model = MixtureModel.load(path, n_threads=n_threads)
        if model.frame_shape != frame_shape:
            was = "x".join(map(str, model.frame_shape or ()))
            logger.warning(
                "the saved model %s is of frames of another size or kind (%s instead of %s); "
                "a new one is learnt",
                path,
                was,
                "x".join(map(str, frame_shape)),
            )
            return None
        model.change_params(params)
    except ModelFileError as error:
        logger.warning("the saved model is not used: %s; a new one is learnt", error)
        return None
    except ConfigError as error:
        logger.warning(
            "the saved model %s does not fit the configuration (%s); a new one is learnt",
            path,
            "; ".join(error.problems),
        )
        return None
    return model


class StateKeeper:
    """Saves a model beside the loop.

    Parameters
    ----------
    path : Path or None
        The file; None saves nothing.
    every_s : float
        How often.
    """

    def __init__(self, path: Path | None, *, every_s: float) -> None:
        self._path = path
        self._every_s = every_s
        self._saved_s = time.monotonic()
        self._thread: threading.Thread | None = None
        self._is_failing = False

    def keep(self, model: MixtureModel) -> None:
        """Save the model if it is time; only copying it takes the caller's time."""
        if self._path is None or time.monotonic() - self._saved_s < self._every_s:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._saved_s = time.monotonic()
        self._thread = threading.Thread(
            target=self._save, args=(model.snapshot(), self._path), name="bgsub-state"
        )
        self._thread.start()

    def finish(self, model: MixtureModel) -> None:
        """Save the model now, and wait for it."""
        if self._thread is not None:
            self._thread.join()
        if self._path is not None and model.n_frames > 0:
            self._save(model.snapshot(), self._path)

    def _save(self, saved: SavedModel, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            saved.save(path)
        except (ModelFileError, OSError) as error:
            if not self._is_failing:
                # A full disk is full at the next attempt too: one warning.
                logger.warning("%s; it is tried again, and the run goes on", error)
            self._is_failing = True
        else:
            self._is_failing = False
