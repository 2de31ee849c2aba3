"""Rendered surveillance scenes with exact ground truth.

A scene is a stream of pictures made from a seed, of any size and length, with the CDnet
labels of every pixel: what a model should find, known exactly. Nothing is stored: each frame
is computed when it is asked for.
"""

from __future__ import annotations

from bgsub.synth.catalogue import SCENES, SceneSpec
from bgsub.synth.dataset import truth_frames, write_sequence
from bgsub.synth.scene import RenderedFrame, Scene

__all__ = ["SCENES", "RenderedFrame", "Scene", "SceneSpec", "truth_frames", "write_sequence"]
