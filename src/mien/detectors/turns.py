"""Faces in pictures that lie on their side or upside down, such as scans without EXIF."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import Detector
from mien.types import Box, Face, Point


def detect_turned(detector: Detector, image: NDArray[np.uint8]) -> list[Face]:
    """The faces in ``image``, (H, W, 3) RGB uint8, in the turn in which it shows the surest face.

    All four turns are tried, in four times the time: a detector finds many a face that lies on its
    side or upside down, with a lower score and with landmarks as if it were upright
    (``benchmarks/turned_pictures.py``; MTCNN's scores tell the turns apart less well than YuNet's).
    Boxes and landmarks are in pixels of ``image`` as given,
    and ``Face.quarter_turns`` says how it must be turned for the faces to be upright.
    """
    height, width = image.shape[:2]
    every = [detector.detect(image)]
    for turns in (1, 2, 3):
        faces = detector.detect(np.ascontiguousarray(np.rot90(image, turns)))
        every.append([turn_back(face, turns, width, height) for face in faces])
    # The picture as given comes first, and wins a draw.
    return max(every, key=lambda found: max((face.score for face in found), default=0.0))


def turn_back(face: Face, turns: int, width: int, height: int) -> Face:
    """A face of ``np.rot90(image, turns)`` in ``image``, which is ``width`` × ``height`` pixels."""

    def back(point: Point) -> Point:
        x, y = point
        return ((x, y), (width - y, x), (width - x, height - y), (y, height - x))[turns]

    (x1, y1), (x2, y2) = back((face.box.x1, face.box.y1)), back((face.box.x2, face.box.y2))
    return replace(
        face,
        box=Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)),
        landmarks=face.landmarks and tuple(map(back, face.landmarks)),
        quarter_turns=turns,
    )
