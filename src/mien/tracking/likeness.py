"""How well a face fits the place where a track is expected."""

from __future__ import annotations

import math

from mien.types import Box, Face, Point

POINTS_REACH = 0.5
"""Mean distance of landmarks at which they fit no more, in sides of the face."""


def likeness(expected: Face, spread: float, found: Face) -> float:
    """In [0, 1]: the overlap of the boxes, and half of it the landmarks where both have them.

    ``spread`` is the standard deviation of the expected place in pixels. Both boxes are widened by
    it (as C-BIoU of Yang et al. 2023 does, by a fixed share), so the slower the frames follow one
    another, the further a face is looked for.
    """
    overlap = _widened(expected.box, spread).iou(_widened(found.box, spread))
    if expected.landmarks is None or found.landmarks is None:
        return overlap
    apart = sum(map(math.dist, expected.landmarks, found.landmarks)) / 5
    reach = POINTS_REACH * (math.sqrt(max(found.box.area, 1.0)) + 2 * spread)
    return (overlap + max(0.0, 1 - apart / reach)) / 2


def moved(points: tuple[Point, ...] | None, start: Box, end: Box) -> tuple[Point, ...] | None:
    """``points`` in the box ``start`` at the same places of the box ``end``."""
    if points is None:
        return None
    wide, high = end.width / max(start.width, 1e-3), end.height / max(start.height, 1e-3)
    return tuple(
        (end.x1 + (x - start.x1) * wide, end.y1 + (y - start.y1) * high) for x, y in points
    )


def _widened(box: Box, by: float) -> Box:
    return Box(box.x1 - by, box.y1 - by, box.x2 + by, box.y2 + by)
