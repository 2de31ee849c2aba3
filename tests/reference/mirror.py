"""The kernel's arithmetic in NumPy float32: the same operations in the same order.

Results must be equal bit for bit.  Where :mod:`tests.reference.paper` asks whether the model
is right, this asks whether compiling, tiling, threads and vectors left it as written.  It
imports nothing from bgsub.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

f32 = np.float32
FORGOTTEN = f32(1e-12)


@dataclass
class Mirror:
    """The mixtures of n pixels; grey levels are given as float32 from 0 to 255."""

    n_pixels: int
    n_channels: int
    n_components: int
    background_threshold: float
    match_sigmas: float
    initial_variance: float
    min_variance: float
    initial_weight: float
    shadow_min_ratio: float | None = None

    def __post_init__(self) -> None:
        k, c, n = self.n_components, self.n_channels, self.n_pixels
        self.w: NDArray[np.float32] = np.zeros((k, n), dtype=f32)
        self.v: NDArray[np.float32] = np.full((k, n), self.initial_variance, dtype=f32)
        self.m: NDArray[np.float32] = np.zeros((k, c, n), dtype=f32)
        self.reach = f32(self.match_sigmas**2 * c)
        self.threshold = f32(self.background_threshold)

    def step(
        self, values: NDArray[Any], alpha: float, update: NDArray[np.bool_] | None = None
    ) -> NDArray[np.uint8]:
        """Take one frame, (n, C); return its labels (n,)."""
        x = np.ascontiguousarray(values.T)
        valid = np.isfinite(x).all(axis=0)
        x = np.clip(np.where(np.isfinite(x), x, f32(0)), f32(0), f32(255)).astype(f32)
        learns = valid if update is None else valid & update
        shaded = self._shaded(x)
        index, found = self._find(x)
        pick = np.arange(self.n_pixels)
        w, v = self.w[index, pick], self.v[index, pick]
        w, v = np.where(found, w, f32(0)), np.where(found, v, f32(1))
        total = self._sum(self.w)
        foreground = (~found | (self._ahead(w, v) > self.threshold)) & (total > 0)
        labels = np.where(foreground, np.where(shaded, 127, 255), 0).astype(np.uint8)
        labels[~valid] = 255
        if f32(alpha) > 0:
            self._learn(x, f32(alpha), np.where(found, index, self._last()), found, learns)
        return labels

    def _differences(self, x: Plane) -> tuple[Plane, Plane]:
        d = x[None] - self.m
        square = d[:, 0] * d[:, 0]
        for c in range(1, self.n_channels):
            square = square + d[:, c] * d[:, c]
        return d, square

    def _find(self, x: Plane) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        _, square = self._differences(x)
        near = square <= self.reach * self.v
        best = np.full(self.n_pixels, -1)
        bw, bv = np.zeros(self.n_pixels, f32), np.ones(self.n_pixels, f32)
        for k in range(self.n_components):
            hit = near[k] & (self.w[k] * self.w[k] * bv > bw * bw * self.v[k])
            best = np.where(hit, k, best)
            bw, bv = np.where(hit, self.w[k], bw), np.where(hit, self.v[k], bv)
        return np.maximum(best, 0), best >= 0

    def _last(self) -> NDArray[np.intp]:
        last = np.zeros(self.n_pixels, dtype=np.intp)
        lw, lv = self.w[0], self.v[0]
        for k in range(self.n_components):
            behind = self.w[k] * self.w[k] * lv < lw * lw * self.v[k]
            last = np.where(behind, k, last)
            lw, lv = np.where(behind, self.w[k], lw), np.where(behind, self.v[k], lv)
        return last

    def _sum(self, planes: Plane) -> Plane:
        total = np.zeros(self.n_pixels, f32)
        for plane in planes:
            total = total + plane
        return total

    def _ahead(self, w: Plane, v: Plane) -> Plane:
        counts = self.w * self.w * v > w * w * self.v
        return self._sum(np.where(counts, self.w, f32(0)))

    def _shaded(self, x: Plane) -> NDArray[np.bool_]:
        shaded = np.zeros(self.n_pixels, dtype=bool)
        if self.shadow_min_ratio is None:
            return shaded
        for k in range(self.n_components):
            dot = self._sum(x * self.m[k])
            norm = self._sum(self.m[k] * self.m[k])
            ratio = dot / np.where(norm > 0, norm, f32(1))
            d = ratio * self.m[k] - x
            near = self._sum(d * d) <= self.reach * self.v[k]
            ahead = self._ahead(self.w[k], self.v[k])
            background = (self.w[k] > 0) & (ahead <= self.threshold)
            darker = (ratio >= f32(self.shadow_min_ratio)) & (ratio <= f32(1))
            shaded |= background & darker & near
        return shaded

    def _learn(
        self,
        x: Plane,
        alpha: np.float32,
        target: NDArray[np.intp],
        found: NDArray[np.bool_],
        learns: NDArray[np.bool_],
    ) -> None:
        keep = f32(1) - alpha
        d, square = self._differences(x)
        faded = keep * self.w
        faded = np.where(faded > FORGOTTEN, faded, f32(0))
        new_w = np.where(found, keep * self.w + alpha, f32(self.initial_weight))
        new_v = keep * self.v + alpha / f32(self.n_channels) * square
        new_v = np.maximum(new_v, f32(self.min_variance))
        new_v = np.where(found, new_v, f32(self.initial_variance))
        new_m = np.where(found, x[None] - keep * d, x[None])
        chosen = np.arange(self.n_components)[:, None] == target
        w = np.where(chosen, new_w, faded)
        w = w * (f32(1) / self._sum(w))
        self.w = np.where(learns, w, self.w)
        self.v = np.where(chosen & learns, new_v, self.v)
        self.m = np.where((chosen & learns)[:, None], new_m, self.m)
