"""Scene cuts: frames whose colours are suddenly others."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.45
"""Distance of two frames' colours from which they are two scenes (benchmarks/scene_cuts.py)."""
_SAMPLES = 96  # pixels a side that are looked at
_PARTS = 4  # a side: colours are compared by place


class SceneCuts:
    """Finds cuts in one stream of frames, by the histograms of their colours."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._before: NDArray[np.float64] | None = None

    def is_cut(self, image: NDArray[np.uint8]) -> bool:
        """Whether ``image``, (H, W, 3) uint8, starts another scene than the image before it."""
        now, before = colours(image), self._before
        self._before = now
        return before is not None and distance(before, now) > self._threshold


def colours(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(16, 64) shares of 64 colours in each sixteenth of an (H, W, 3) uint8 image."""
    rows, columns, parts = _samples(*image.shape[:2])
    few = image.take(rows, 0).take(columns, 1) >> 6  # 4 levels a channel
    codes = few[..., 0] << 4 | few[..., 1] << 2 | few[..., 2]
    counts = np.bincount((parts + codes).ravel(), minlength=64 * _PARTS**2)
    shares = counts.reshape(_PARTS**2, 64).astype(np.float64)
    return np.asarray(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1))


@lru_cache(maxsize=8)
def _samples(
    height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The rows and columns that are looked at, and 64 times the part of each of their pixels."""
    rows = np.linspace(0, height - 1, min(height, _SAMPLES)).astype(np.int64)
    columns = np.linspace(0, width - 1, min(width, _SAMPLES)).astype(np.int64)
    parts = (rows * _PARTS // height)[:, None] * _PARTS + columns * _PARTS // width
    return rows, columns, parts * 64


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Share of the colours that differ, in [0, 1]: the mean over the parts of half the L1 norm."""
    return float(np.abs(one - other).sum(axis=1).mean() / 2)
