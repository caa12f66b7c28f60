"""Boxes as annotation files write them: parsed and cleaned the same way for every reader."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

NO_NUMBERS = "box is not four numbers"
SWAPPED = "box had swapped corners: repaired"
NO_AREA = "box has no area"
OUTSIDE = "box lies outside the picture"
CLIPPED = "box reached beyond the picture: clipped to it"
CROWDED = "picture has more than 1,000 marked faces: all kept"
TOO_MANY_SUBSETS = "subset is beyond the first 100: not kept"
KEPT = frozenset({SWAPPED, CLIPPED, CROWDED, TOO_MANY_SUBSETS})
"""Reasons in ``Dataset.skipped`` that are about boxes and pictures which are not left out."""

Corners = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels; not a number where the annotation has none."""
Float = TypeVar("Float", np.float32, np.float64)
NO_BOX: Corners = (math.nan,) * 4
_LONGEST = 10**7  # pixels: no picture has longer sides
_SLACK = 0.01  # pixels: rounding in an annotation file is no mistake


def by_corners(values: Any) -> Corners:
    """Corners from x1, y1, x2, y2 as they are written; ``NO_BOX`` if they are not four numbers."""
    if isinstance(values, str | Mapping):  # would give its letters, or its keys
        return NO_BOX
    try:
        x1, y1, x2, y2 = map(float, values)
    except (TypeError, ValueError, OverflowError):
        return NO_BOX
    return x1, y1, x2, y2


def by_size(values: Any) -> Corners:
    """Corners from x, y, width and height as they are written."""
    x, y, width, height = by_corners(values)
    return x, y, x + width, y + height


def length(value: Any) -> float:
    """A picture's width or height in pixels; not a number if ``value`` is none."""
    try:
        pixels = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return pixels if 1 <= pixels <= _LONGEST else math.nan


def clean(
    corners: NDArray[Float], sizes: NDArray[np.float64], *, clip: bool = True
) -> tuple[NDArray[Float], NDArray[np.bool_], dict[str, NDArray[np.bool_]]]:
    """(M, 4) cleaned boxes, (M,) whether to keep each, and problem → (M,) which boxes have it.

    ``corners``: (M, 4) as x1, y1, x2, y2. ``sizes``: (M, 2) width and height of the picture of
    each, not a number where unknown. Swapped corners are repaired. Boxes that are not four finite
    numbers, have no area or lie outside the picture are not kept. ``clip`` clips boxes to pictures
    of known size.
    """
    numbers: NDArray[np.bool_] = np.all(np.isfinite(corners), axis=1)
    boxes = np.where(numbers[:, None], corners, 0)
    with np.errstate(over="ignore"):  # a size beyond float32 is as good as infinite
        limit = np.where(sizes > 0, sizes, np.inf).astype(boxes.dtype)  # (M, 2)
    swapped = (boxes[:, :2] > boxes[:, 2:]).any(axis=1)
    boxes = np.hstack(
        [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])]
    )
    flat = numbers & (boxes[:, :2] == boxes[:, 2:]).any(axis=1)
    beyond = (boxes[:, 2:] <= 0).any(axis=1) | (boxes[:, :2] >= limit).any(axis=1)
    outside = numbers & ~flat & beyond
    kept = numbers & ~flat & ~outside
    problems = {NO_NUMBERS: ~numbers, SWAPPED: swapped & kept, NO_AREA: flat, OUTSIDE: outside}
    if clip:
        known = np.isfinite(limit).all(axis=1)
        inside = np.clip(boxes, 0, np.tile(limit, 2))
        problems[CLIPPED] = kept & known & (np.abs(inside - boxes) > _SLACK).any(axis=1)
        boxes[known] = inside[known]
    return boxes, kept, problems
