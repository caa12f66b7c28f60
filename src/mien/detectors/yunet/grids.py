"""From YuNet's three grids to faces: decoding and non-maximum suppression.

The picture is divided into cells of 8, 16 and 32 pixels. Each cell of each grid predicts one face
(Wu et al. 2023, https://doi.org/10.1007/s11633-023-1423-y; the arithmetic is that of
libfacedetection.train and of OpenCV's ``FaceDetectorYN``). With s the cell's side, (c, r) its
column and row::

    score   = sqrt(cls · obj)                       both clipped to [0, 1]
    centre  = ((c + bbox₀) · s, (r + bbox₁) · s)
    sides   = (exp(bbox₂) · s, exp(bbox₃) · s)
    point i = ((c + kps₂ᵢ) · s, (r + kps₂ᵢ₊₁) · s)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

STRIDES = (8, 16, 32)
"""Sides in pixels of the cells."""
WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
"""What a cell predicts, and how many numbers that are."""
OUTPUTS = tuple(f"{name}_{stride}" for stride in STRIDES for name in WIDTHS)
COLUMNS = 15
"""Of a row: x1, y1, x2, y2, five points x, y, score."""
SCORE = 14


def decode(outputs: Mapping[str, Array], columns: int, threshold: float) -> Array:
    """(N, 15) float64 rows of the cells whose score reaches ``threshold``; not sorted.

    ``outputs``: by the names in ``OUTPUTS``, (1, cells, width), cells row by row. ``columns``: of
    the finest grid.
    """
    found = [np.empty((0, COLUMNS))]
    for stride in STRIDES:
        cls, obj = (outputs[f"{name}_{stride}"][0, :, 0].clip(0, 1) for name in ("cls", "obj"))
        scores = np.sqrt(cls * obj)
        cells = np.flatnonzero(scores >= threshold)
        if not len(cells):
            continue
        row, column = np.divmod(cells, columns * STRIDES[0] // stride)
        corner = np.stack([column, row], axis=1).astype(np.float64)  # (N, 2)
        box = outputs[f"bbox_{stride}"][0, cells].astype(np.float64)
        points = outputs[f"kps_{stride}"][0, cells].astype(np.float64)
        centre, half = corner + box[:, :2], np.exp(box[:, 2:]) / 2
        places = [centre - half, centre + half, points + np.tile(corner, 5)]
        found.append(np.concatenate([*(p * stride for p in places), scores[cells, None]], axis=1))
    return np.concatenate(found)


def suppress(rows: Array, overlap: float, most: int) -> Array:
    """``rows`` (N, 15) without duplicates, best score first; only the ``most`` best are compared.

    From the best to the worst: a row is dropped if its box overlaps that of a row that was kept by
    more than ``overlap`` (IoU).
    """
    rows = rows[np.argsort(-rows[:, SCORE], kind="stable")[:most]]
    x1, y1, x2, y2 = rows[:, :4].T
    area = (x2 - x1) * (y2 - y1)
    left, kept = np.arange(len(rows)), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        width = np.minimum(x2[best], x2[left]) - np.maximum(x1[best], x1[left])
        height = np.minimum(y2[best], y2[left]) - np.maximum(y1[best], y1[left])
        shared = width.clip(0) * height.clip(0)
        left = left[shared <= overlap * (area[best] + area[left] - shared)]
    return rows[np.array(kept, np.intp)]
