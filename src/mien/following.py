"""Faces of a stream at a fraction of a detector's cost: looked for only where they should be.

A detector searches all of a frame for faces of every size. Of a person who was in the frame before
it is known about where and how large the face is, so a small square around that place is enough.
Now and then, and wherever somebody is lost, the whole frame is searched, because people come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import Detector
from mien.types import Box, Face

Image = NDArray[np.uint8]

SIDE = 2.5
"""Side of the square that is searched, in sides of the face: room to move and to grow."""
PIXELS = 128
"""Side that a larger square is shrunk to; a face has then about 50, which detectors find best."""
OVERLAP = 0.3
"""A face found is the one expected if their boxes overlap (IoU) by this."""


def look_for(faces: Iterable[Face], image: Image, detector: Detector) -> list[Face] | None:
    """Each of ``faces`` where ``detector`` finds it now, in ``image``, (H, W, 3) uint8 RGB.

    ``faces`` are where they should be, such as ``Tracker.predict`` gives them; the result is in
    their order, with boxes, scores and landmarks of this frame. ``None`` if one of them is not
    found near its place, or two are found at one: then the whole frame should be searched.
    """
    found: list[Face] = []
    for expected in faces:
        face = _look(expected, image, detector)
        if face is None or any(face.box.iou(other.box) > OVERLAP for other in found):
            return None
        found.append(face)
    return found


def _look(expected: Face, image: Image, detector: Detector) -> Face | None:
    """The face that is nearest to ``expected`` in the square around it."""
    box, (height, width) = expected.box, image.shape[:2]
    half = SIDE / 2 * max(box.width, box.height)
    x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    left, top = max(0, round(x - half)), max(0, round(y - half))
    part = image[top : min(height, round(y + half)), left : min(width, round(x + half))]
    if min(part.shape[:2]) < 8:  # it has left the frame
        return None
    scale = max(1.0, max(part.shape[:2]) / PIXELS)
    if scale > 1:
        size = (max(1, round(part.shape[1] / scale)), max(1, round(part.shape[0] / scale)))
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    near = [_placed(face, left, top, scale) for face in detector.detect(np.ascontiguousarray(part))]
    best = max(near, key=lambda face: face.box.iou(box), default=None)
    return None if best is None or best.box.iou(box) < OVERLAP else best


def _placed(face: Face, left: int, top: int, scale: float) -> Face:
    """A face of the searched part, in pixels of the frame."""
    box, points = face.box, face.landmarks
    return replace(
        face,
        box=Box(
            box.x1 * scale + left, box.y1 * scale + top, box.x2 * scale + left, box.y2 * scale + top
        ),
        landmarks=points and tuple((x * scale + left, y * scale + top) for x, y in points),
    )
