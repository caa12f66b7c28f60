"""Operations on boxes between MTCNN's networks.

Boxes are (N, 4) as x1, y1, x2, y2 in float pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def make_square(boxes: Array) -> Array:
    """``boxes`` (N, 4) extended around their centres to squares."""
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2  # (N, 1)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([center - half, center + half], axis=1)


def apply_offsets(boxes: Array, offsets: Array) -> Array:
    """``boxes`` (N, 4) after bounding-box regression; ``offsets`` are fractions of a side."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1  # the reference counts both end pixels
    return np.asarray(boxes + offsets * np.tile(sides, 2))


def is_accepted(boxes: Array, scores: Array, threshold: float) -> Array:
    """(N,) bool: score above ``threshold``, and x1 < x2 and y1 < y2 after regression."""
    return (scores > threshold) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)


def suppress(boxes: Array, scores: Array, threshold: float, of_smaller: bool = False) -> Array:
    """Non-maximum suppression: the indices of the boxes (N, 4) that are kept, best score first.

    A box is removed if one with a better score overlaps it by more than ``threshold`` of their
    union, or of the smaller of the two. As in the reference, a removed box still removes others.
    """
    order = np.argsort(-scores, kind="stable")
    # From left to right, so that each block of boxes is compared only with its neighbours: a crowd
    # gives tens of thousands of proposals, too many to compare each with all others.
    rank = np.argsort(boxes[order, 0], kind="stable")  # 0 is the best score
    x1, y1, x2, y2 = boxes[order[rank]].T
    area = (x2 - x1) * (y2 - y1)
    reach = np.maximum.accumulate(x2)
    keep = np.ones(len(order), dtype=bool)
    for start in range(0, len(order), 64):
        stop = min(start + 64, len(order))
        near = slice(np.searchsorted(reach, x1[start]), np.searchsorted(x1, x2[start:stop].max()))
        mine = np.s_[start:stop, None]
        width = np.minimum(x2[mine], x2[near]) - np.maximum(x1[mine], x1[near])  # (64, M)
        height = np.minimum(y2[mine], y2[near]) - np.maximum(y1[mine], y1[near])
        shared = width.clip(0) * height.clip(0)
        union = area[mine] + area[near] - shared
        whole = np.minimum(area[mine], area[near]) if of_smaller else union
        over = (shared > threshold * whole) & (rank[near] < rank[mine])
        keep[rank[start:stop]] = ~over.any(axis=1)
    return order[keep]
