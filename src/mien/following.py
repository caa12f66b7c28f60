"""Faces of a stream at a fraction of a detector's cost: looked for only where they should be.

A detector searches all of a frame for faces of every size. Of a person who was in the frame before
it is known about where and how large the face is, so a small square around that place is enough.
Now and then, and wherever somebody is lost, the whole frame is searched, because people come.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import Detector
from mien.types import Face

Image = NDArray[np.uint8]

SIDE = 2.5
"""Side of the square that is searched, in sides of the face: room to move and to grow."""
PIXELS = 128
"""Side that a larger square is shrunk to; a face has then about 50, which detectors find best."""
COST = 3
"""A look takes as long as a whole search of so many times its pixels (benchmarks/video.py)."""
OVERLAP = 0.3
"""A face found is the one expected if their boxes overlap (IoU) by this."""


def look_for(faces: Sequence[Face], image: Image, detector: Detector) -> list[Face] | None:
    """Each of ``faces`` where ``detector`` finds it now, in ``image``, (H, W, 3) uint8 RGB.

    ``faces`` are where they should be, such as ``Tracker.predict`` gives them; the result is in
    their order, with boxes, scores and landmarks of this frame. ``None`` if one of them is not
    found near its place, or two are found at one, or so many looks take longer than one search:
    then the whole frame should be searched.
    """
    found: list[Face] = []
    if len(faces) * COST * PIXELS**2 > image.shape[0] * image.shape[1]:
        return None
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
    x, y = box.center
    left, top = max(0, round(x - half)), max(0, round(y - half))
    part = image[top : min(height, round(y + half)), left : min(width, round(x + half))]
    if min(part.shape[:2]) < 8:  # it has left the frame
        return None
    scale = max(1.0, max(part.shape[:2]) / PIXELS)
    if scale > 1:
        size = (max(1, round(part.shape[1] / scale)), max(1, round(part.shape[0] / scale)))
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    found = detector.detect(np.ascontiguousarray(part))
    near = [face.mapped(scale, scale, left, top) for face in found]
    best = max(near, key=lambda face: face.box.iou(box), default=None)
    return None if best is None or best.box.iou(box) < OVERLAP else best
