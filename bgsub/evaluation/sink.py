"""A sink that compares each mask with its ground truth, and keeps the masks if asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import cv2
import numpy as np

from bgsub.errors import OutputExistsError, SinkOpenError
from bgsub.evaluation.scores import Counts, count
from bgsub.evaluation.truth import TruthReader
from bgsub.files import prepare_folder, write_bytes
from bgsub.frames import FOREGROUND

if TYPE_CHECKING:
    from collections.abc import Sequence as Many
    from pathlib import Path
    from types import TracebackType

    from bgsub.evaluation.cdnet import Sequence
    from bgsub.frames import FrameResult, Image, Mask, Probability, Problem

__all__ = ["Follower", "ScoredFrame", "ScoringSink"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredFrame:
    """One frame beside its truth.

    Attributes
    ----------
    number : int
        As in the frame's name.
    position : float
        Where it stands among the scored frames: 0 is the first, below 1.
    image : Image
        The picture, read-only.
    mask : Mask
        The prediction, read-only.
    probability : Probability or None
        How surely each pixel is foreground, if the detector was asked for it.
    labels : Mask
        CDnet's labels; what is outside the region of interest has label 85.
    counts : Counts
        Of this frame.
    """

    number: int
    position: float
    image: Image
    mask: Mask
    probability: Probability | None
    labels: Mask
    counts: Counts


class Follower(Protocol):
    """Who looks at scored frames too; the truth is read only once for all."""

    def take(self, frame: ScoredFrame) -> None:
        """Look at one frame; they come in order."""
        ...


class ScoringSink:
    """Scores the masks of one sequence.

    Parameters
    ----------
    sequence : Sequence
        Whose frames are coming; ``Frame.index`` is the position among ``sequence.numbers``.
    save_masks : Path or None
        Keep every mask under this folder as CDnet takes results:
        ``<category>/<name>/bin000001.png``, 0 and 255, shadow as background.
    followers : sequence of Follower
        Each is shown every scored frame.

    Attributes
    ----------
    counts : Counts
        Sum over the frames scored so far.
    n_scored : int
        Number of the frames scored so far.
    """

    def __init__(
        self,
        sequence: Sequence,
        *,
        save_masks: Path | None,
        followers: Many[Follower] = (),
    ) -> None:
        self._truth = TruthReader(sequence)
        self._followers = followers
        ranked = enumerate(sorted(sequence.scored))
        self._positions = {number: rank / len(sequence.scored) for rank, number in ranked}
        self._folder: Path | None = None
        if save_masks is not None:
            self._folder = save_masks / sequence.category / sequence.name
        self.counts = Counts()
        self.n_scored = 0

    @property
    def problems(self) -> list[Problem]:
        """Frames that should have been scored and could not be."""
        return self._truth.problems

    def __enter__(self) -> Self:
        if self._folder is None:
            return self
        try:
            if self._folder.exists() and any(self._folder.iterdir()):
                msg = (
                    f"{self._folder} already holds files; choose another folder for the masks."
                )
                raise OutputExistsError(msg)
        except OSError as error:
            msg = f"{self._folder} cannot be used for masks: {error.strerror}; choose another."
            raise SinkOpenError(msg) from error
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: every mask is complete once written."""

    def write(self, result: FrameResult) -> None:
        """Score one mask, and save it if asked.

        Raises
        ------
        SinkWriteError
            If the mask cannot be saved.
        SourceError
            If the sequence has fewer frames than have come.
        """
        number = self._truth.number(result.frame)
        if self._folder is not None:
            _save(self._folder, number, result.mask)
        labels = self._truth.labels(result.frame)
        if labels is None:
            return
        counts = count(result.mask, labels, None)
        self.counts += counts
        self.n_scored += 1
        if not self._followers:
            return
        frame = ScoredFrame(
            number=number,
            position=self._positions[number],
            image=result.frame.image,
            mask=result.mask,
            probability=result.probability,
            labels=labels,
            counts=counts,
        )
        for follower in self._followers:
            follower.take(frame)


def _save(folder: Path, number: int, mask: Mask) -> None:
    binary = np.where(mask == FOREGROUND, np.uint8(FOREGROUND), np.uint8(0))
    _, data = cv2.imencode(".png", binary)
    if not folder.is_dir():
        prepare_folder(folder)
    write_bytes(
        folder / f"bin{number:06d}.png", data.data, kept="the masks before it are complete"
    )
