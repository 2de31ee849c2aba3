"""From frames to the masks that are written: a mixture of Gaussians and what is around it.

A *detector* owns the model of one stream.  :class:`ClassicDetector` is the paper: the model's
decisions, then cleaning.
"""

from __future__ import annotations

from bgsub.detection.classic import ClassicDetector
from bgsub.detection.detector import Detection, Detector, StageClock

__all__ = ["ClassicDetector", "Detection", "Detector", "StageClock"]
