"""From frames to the masks that are written: a mixture of Gaussians and what is around it.

A *detector* owns the model of one stream.  :class:`ClassicDetector` is the paper: the model's
decisions, then cleaning.  :class:`RobustDetector` decides on evidence from each pixel's
neighbourhood, its past and the whole picture.
"""

from __future__ import annotations

from bgsub.detection.classic import ClassicDetector
from bgsub.detection.detector import Detection, Detector, StageClock
from bgsub.detection.robust import RobustDetector
from bgsub.detection.settings import RobustParams

__all__ = [
    "ClassicDetector",
    "Detection",
    "Detector",
    "RobustDetector",
    "RobustParams",
    "StageClock",
]
