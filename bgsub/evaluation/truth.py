"""Reading the truth of a sequence, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgsub.errors import SourceError
from bgsub.evaluation.cdnet import read_labels
from bgsub.evaluation.scores import OUTSIDE
from bgsub.frames import Problem

if TYPE_CHECKING:
    from bgsub.evaluation.cdnet import Sequence
    from bgsub.frames import Frame, Mask

__all__ = ["TruthReader"]


class TruthReader:
    """Gives the labels that belong to a sequence's frames.

    Parameters
    ----------
    sequence : Sequence
        Whose frames are coming; ``Frame.index`` is the position among ``sequence.numbers``.

    Attributes
    ----------
    problems : list of Problem
        Frames that should have been scored and have no usable labels.
    """

    def __init__(self, sequence: Sequence) -> None:
        self._sequence = sequence
        self.problems: list[Problem] = []

    def number(self, frame: Frame) -> int:
        """Return a frame's number, as in its name.

        Raises
        ------
        SourceError
            If the sequence has fewer frames than have come.
        """
        numbers = self._sequence.numbers
        if frame.index >= len(numbers):
            msg = f"{self._sequence.input_dir} changed while it was read; score it again."
            raise SourceError(msg)
        return numbers[frame.index]

    def labels(self, frame: Frame) -> Mask | None:
        """Return a frame's labels, a new array; None if it is not scored.

        What is outside the region of interest has label 85.
        """
        number = self.number(frame)
        if number not in self._sequence.scored:
            return None
        path = self._sequence.truth.get(number)
        labels = None if path is None else read_labels(path)
        if labels is not None and labels.shape == frame.image.shape[:2]:
            if self._sequence.roi is not None:
                labels[self._sequence.roi == 0] = OUTSIDE
            return labels
        if path is None:
            what = f"{self._sequence.truth_dir} has no labels for frame {number}"
        elif labels is None:
            what = f"{path} is not a readable picture"
        else:
            what = f"{path} is not of the frames' size"
        self.problems.append(
            Problem(at_s=frame.timestamp_s, what=f"{what}: the frame is not scored.")
        )
        return None
