"""Faces of a stream at a fraction of a detector's cost: looked for only where they should be.

A detector searches all of a frame for faces of every size. Of a person who was in the frame before
it is known about where and how large the face is, so a small square around that place is enough.
The squares of all persons are put side by side in one picture and searched together. Now and then,
and wherever somebody is lost, the whole frame is searched, because people come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import Detector, ShrinkingDetector
from mien.types import Face

Image = NDArray[np.uint8]

SIDE = 2.5
"""Side of the square that is searched, in sides of the face: room to move and to grow."""
PIXELS = 128
"""Side that a larger square is shrunk to; a face has then about 50, which detectors find best."""
COST = 1.25
"""N looks take as long as a whole search of so many times the pixels of N + 1."""
OVERLAP = 0.3
"""A face found is the one expected if their boxes overlap (IoU) by this."""


def look_for(faces: Sequence[Face], image: Image, detector: Detector) -> list[Face] | None:
    """Each of ``faces`` where ``detector`` finds it now, in ``image``, (H, W, 3) uint8 RGB.

    ``faces`` are where they should be, such as ``Tracker.predict`` gives them; the result is in
    their order, with boxes, scores and landmarks of this frame. ``None`` if one of them is not
    found near its place, or two are found at one, or so many looks take longer than one search:
    then the whole frame should be searched.
    """
    if (len(faces) + 1) * COST * PIXELS**2 > image.shape[0] * image.shape[1]:
        return None
    squares = [square for face in faces if (square := _square(face, image)) is not None]
    if len(squares) < len(faces):  # one has left the frame
        return None
    found: list[Face] = []
    for expected, near in zip(faces, _search(squares, detector), strict=True):
        best = max(near, key=lambda face: face.box.iou(expected.box), default=None)
        if best is None or best.box.iou(expected.box) < OVERLAP:
            return None
        if any(best.box.iou(other.box) > OVERLAP for other in found):
            return None
        found.append(best)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Square:
    """A part of a frame around one face; ``left`` and ``top`` are its corner."""

    part: Image
    left: int
    top: int


def _square(face: Face, image: Image) -> _Square | None:
    """The square around ``face``, as far as it is in ``image``; ``None`` outside."""
    height, width = image.shape[:2]
    half = SIDE / 2 * max(face.box.width, face.box.height)
    x, y = face.box.center
    left, top = max(0, round(x - half)), max(0, round(y - half))
    part = image[top : min(height, round(y + half)), left : min(width, round(x + half))]
    return None if min(part.shape[:2]) < 8 else _Square(part, left, top)


def _search(squares: Sequence[_Square], detector: Detector) -> list[list[Face]]:
    """The faces in each square, in pixels of the frame."""
    if not squares:
        return []
    cell = min(PIXELS, max(max(one.part.shape[:2]) for one in squares))
    columns = math.ceil(math.sqrt(len(squares)))
    width, height = columns * cell, math.ceil(len(squares) / columns) * cell
    # What the detector would shrink is made that small at once. Asked once: it takes a while.
    shrinks = detector if isinstance(detector, ShrinkingDetector) else None
    scale = shrinks.working_scale(height, width) if shrinks else 1.0
    side = max(8, round(cell * scale))  # of a cell in the picture that is searched
    picture = np.zeros((height // cell * side, columns * side, 3), np.uint8)
    corners = [divmod(n, columns) for n in range(len(squares))]
    ratios = []  # of the frame's pixels to those of the picture
    for one, (row, column) in zip(squares, corners, strict=True):
        small = _shrunk(one.part, side / max(cell, *one.part.shape[:2]))
        y, x = row * side, column * side
        picture[y : y + small.shape[0], x : x + small.shape[1]] = small
        ratios.append((one.part.shape[1] / small.shape[1], one.part.shape[0] / small.shape[0]))
    found = shrinks.detect_shrunk(picture, height, width) if shrinks else detector.detect(picture)
    inside: list[list[Face]] = [[] for _ in squares]
    for face in found:
        x, y = face.box.center
        row, column = int(y // cell), int(x // cell)
        number = row * columns + column
        if not (row >= 0 and 0 <= column < columns and number < len(squares)):
            continue
        one = squares[number]
        wide, high = (ratio * side / cell for ratio in ratios[number])
        left, top = one.left - column * cell * wide, one.top - row * cell * high
        inside[number].append(face.mapped(wide, high, left, top))
    return inside


def _shrunk(part: Image, scale: float) -> Image:
    """``part`` at ``scale``, 1 or less.

    By halves and the rest linearly, in a sixth of the time that a mean of each area takes.
    """
    height, width = (max(1, round(length * scale)) for length in part.shape[:2])
    while part.shape[0] >= 2 * height and part.shape[1] >= 2 * width:
        half = part.shape[1] // 2, part.shape[0] // 2
        even = part[: half[1] * 2, : half[0] * 2]
        part = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    if part.shape[:2] == (height, width):
        return part
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
