"""The frames of a sequence that are hardest for a configuration, on one sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bgsub.evaluation.sheet_drawing import SheetRow, draw_sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from bgsub.evaluation.scores import Counts
    from bgsub.evaluation.sink import ScoredFrame
    from bgsub.frames import Image

__all__ = ["ContactSheet"]

_ROWS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    n_wrong: int
    row: SheetRow


class ContactSheet:
    """Keeps the frame with the most wrong pixels of each of six stretches, and draws them.

    One hard moment would otherwise fill the sheet with frames that look alike.  What is kept
    does not grow with the sequence.

    Parameters
    ----------
    to_bgr8 : callable
        Returns a frame's picture as 8-bit BGR, shape (H, W, 3).
    """

    def __init__(self, to_bgr8: Callable[[Image], NDArray[np.uint8]]) -> None:
        self._to_bgr8 = to_bgr8
        self._worst: dict[int, _Kept] = {}
        self._n_frames = 0

    def take(self, frame: ScoredFrame) -> None:
        """Keep a frame if it is the worst of its stretch so far; of equals, the first."""
        self._n_frames += 1
        stretch = int(frame.position * _ROWS)
        n_wrong = frame.counts.fp + frame.counts.fn
        before = self._worst.get(stretch)
        if before is not None and before.n_wrong >= n_wrong:
            return
        # Copies: a mask may be a part of an array that holds many.
        row = SheetRow(
            number=frame.number,
            picture=self._to_bgr8(frame.image).copy(),
            labels=frame.labels,
            mask=frame.mask.copy(),
            counts=frame.counts,
        )
        self._worst[stretch] = _Kept(n_wrong=n_wrong, row=row)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the frames kept, in order."""
        return tuple(kept.row.number for _, kept in sorted(self._worst.items()))

    def draw(self, title: str, total: Counts) -> NDArray[np.uint8] | None:
        """Return the sheet, 8-bit BGR; None if there was no frame.

        Parameters
        ----------
        title : str
            The name of the sequence.
        total : Counts
            Sum over the sequence.
        """
        if not self._worst:
            return None
        rows = [kept.row for _, kept in sorted(self._worst.items())]
        return draw_sheet(title, rows, total, n_frames=self._n_frames)
