"""A sink that compares each mask with its ground truth, and keeps the masks if asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import cv2
import numpy as np

from bgsub.errors import OutputExistsError, SinkOpenError, SourceError
from bgsub.evaluation.cdnet import read_labels
from bgsub.evaluation.scores import OUTSIDE, Counts, count
from bgsub.files import prepare_folder, write_bytes
from bgsub.frames import FOREGROUND, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence as Many
    from pathlib import Path
    from types import TracebackType

    from bgsub.evaluation.cdnet import Sequence
    from bgsub.frames import FrameResult, Image, Mask, Probability

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
    problems : list of Problem
        Frames that should have been scored and could not be.
    """

    def __init__(
        self,
        sequence: Sequence,
        *,
        save_masks: Path | None,
        followers: Many[Follower] = (),
    ) -> None:
        self._sequence = sequence
        self._followers = followers
        ranked = enumerate(sorted(sequence.scored))
        self._positions = {number: rank / len(sequence.scored) for rank, number in ranked}
        self._folder: Path | None = None
        if save_masks is not None:
            self._folder = save_masks / sequence.category / sequence.name
        self.counts = Counts()
        self.n_scored = 0
        self.problems: list[Problem] = []

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
        sequence = self._sequence
        if result.frame.index >= len(sequence.numbers):
            msg = f"{sequence.input_dir} changed while it was read; score it again."
            raise SourceError(msg)
        number = sequence.numbers[result.frame.index]
        if self._folder is not None:
            _save(self._folder, number, result.mask)
        if number in sequence.scored:
            self._score(number, result)

    def _score(self, number: int, result: FrameResult) -> None:
        path = self._sequence.truth.get(number)
        labels = None if path is None else read_labels(path)
        if labels is not None and labels.shape == result.mask.shape:
            self._compare(number, labels, result)
            return
        if path is None:
            what = f"{self._sequence.truth_dir} has no labels for frame {number}"
        elif labels is None:
            what = f"{path} is not a readable picture"
        else:
            what = f"{path} is not of the frames' size"
        self.problems.append(
            Problem(at_s=result.frame.timestamp_s, what=f"{what}: the frame is not scored.")
        )

    def _compare(self, number: int, labels: Mask, result: FrameResult) -> None:
        if self._sequence.roi is not None:
            labels[self._sequence.roi == 0] = OUTSIDE
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
