"""Masks for the tests: drawn from text, and random ones for properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

if TYPE_CHECKING:
    from bgsub.frames import Mask

_LABELS = {".": 0, "s": 127, "#": 255}


def draw(*rows: str) -> Mask:
    """A mask from rows of ``.`` background, ``s`` shadow, ``#`` foreground."""
    return np.array([[_LABELS[c] for c in row] for row in rows], dtype=np.uint8)


def masks(*labels: int, max_side: int = 14) -> st.SearchStrategy[Mask]:
    """Random masks of these labels, from 1x1 on."""
    shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=max_side)
    return shapes.flatmap(lambda s: arrays(np.uint8, s, elements=st.sampled_from(labels)))
