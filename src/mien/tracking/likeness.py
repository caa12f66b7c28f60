"""How well faces fit the places where tracks are expected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.types import Box, Face, Point

Floats = NDArray[np.float64]

POINTS_REACH = 0.5
"""Mean distance of landmarks at which they fit no more, in sides of the face."""


def likenesses(expected: Sequence[Face], spreads: Sequence[float], found: Sequence[Face]) -> Floats:
    """(N, M) in [0, 1]: the overlap of N expected and M found faces, and where both have landmarks,
    half of it those.

    ``spreads``: N standard deviations of the expected places in pixels. Both boxes are widened by
    them (as C-BIoU of Yang et al. 2023 does, by a fixed share), so the slower the frames follow one
    another, the further a face is looked for.
    """
    spread = np.array(spreads)[:, None]  # (N, 1)
    overlap = _overlaps(_boxes(expected)[:, None], _boxes(found)[None], spread)
    one, other = _points(expected), _points(found)
    apart = np.linalg.norm(one[:, None] - other[None], axis=3).mean(axis=2)  # (N, M)
    sides = np.sqrt([max(face.box.area, 1.0) for face in found])
    fit = np.maximum(0.0, 1 - apart / (POINTS_REACH * (sides + 2 * spread)))
    return np.where(np.isnan(apart), overlap, (overlap + fit) / 2)


def moved(points: tuple[Point, ...] | None, start: Box, end: Box) -> tuple[Point, ...] | None:
    """``points`` in the box ``start`` at the same places of the box ``end``."""
    if points is None:
        return None
    wide, high = end.width / max(start.width, 1e-3), end.height / max(start.height, 1e-3)
    return tuple(
        (end.x1 + (x - start.x1) * wide, end.y1 + (y - start.y1) * high) for x, y in points
    )


def _overlaps(one: Floats, other: Floats, spread: Floats) -> Floats:
    """IoU of boxes (…, 4) that are widened by ``spread`` on every side."""
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., 2:], other[..., 2:])
    shared = np.maximum(high - low + 2 * spread[..., None], 0).prod(axis=-1)
    areas = [
        (box[..., 2:] - box[..., :2] + 2 * spread[..., None]).clip(0).prod(axis=-1)
        for box in (one, other)
    ]
    whole = areas[0] + areas[1] - shared
    return np.asarray(shared / np.where(whole > 0, whole, 1.0))


def _boxes(faces: Sequence[Face]) -> Floats:
    return np.array([face.box.to_list() for face in faces])


def _points(faces: Sequence[Face]) -> Floats:
    """(N, 5, 2) landmarks; NaN without."""
    none = ((np.nan, np.nan),) * 5
    return np.array([face.landmarks or none for face in faces])
