"""How well a face is seen, and whether its reading is worth keeping."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.types import Box, Face

LEAST_SIZE = 24.0
"""Pixels a side."""
LEAST_SHARPNESS = 0.05
"""See ``Quality.sharpness``."""
BRIGHTNESS = (0.03, 0.8)
"""The darkest and the brightest mean."""
MOST_YAW, MOST_ROLL = 40.0, 30.0
"""Degrees to either side."""
NOSE = 0.6
"""How far the tip of the nose stands before the eyes, in distances of the eyes, on a mean face."""
_SIDE = 48  # pixels: faces are compared at one size, about that of the networks


@dataclass(frozen=True, slots=True)
class Quality:
    """What one reading of a face rests on."""

    size: float
    """Square root of the box's area, in pixels."""
    sharpness: float
    """Fine detail beside all contrast: variance of the Laplacian over that of the grey levels, at
    48 pixels a side. About 0.5 to 1 for a sharp face; noise raises it."""
    brightness: float
    """Mean grey level, in [0, 1]."""
    yaw: float | None = None
    """Degrees by which the head is turned, positive to the right of the image; ``None`` without
    landmarks. An estimate: noses differ by a fifth, and so does the angle."""
    roll: float | None = None
    """Degrees by which the head is tilted, positive clockwise; ``None`` without landmarks."""

    @property
    def usable(self) -> bool:
        """Whether the face is large, sharp, lit and frontal enough for its reading to count.

        All of: ``size`` of ``LEAST_SIZE`` or more, ``sharpness`` of ``LEAST_SHARPNESS`` or more,
        ``brightness`` within ``BRIGHTNESS``, and, if there are landmarks, at most ``MOST_YAW`` and
        ``MOST_ROLL`` degrees. docs/tracking.md says how the limits were chosen.
        """
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the reading is not usable: of small, blurred, dark, bright, turned, tilted."""
        low, high = BRIGHTNESS
        checks = {
            "small": self.size < LEAST_SIZE,
            "blurred": self.sharpness < LEAST_SHARPNESS,
            "dark": self.brightness < low,
            "bright": self.brightness > high,
            "turned": self.yaw is not None and abs(self.yaw) > MOST_YAW,
            "tilted": self.roll is not None and abs(self.roll) > MOST_ROLL,
        }
        return tuple(name for name, holds in checks.items() if holds)


def quality(image: NDArray[np.uint8], face: Face) -> Quality:
    """The quality of ``face`` in ``image``, (H, W, 3) RGB uint8.

    A box without a pixel inside the image has a sharpness and brightness of 0.
    """
    pixels = grey_face(image, face.box)
    sharpness = brightness = 0.0
    if pixels is not None:
        sharpness, brightness = sharpness_of(pixels), float(pixels.mean() / 255)
    yaw, roll = (None, None) if face.landmarks is None else pose(face)
    return Quality(math.sqrt(face.box.area), sharpness, brightness, yaw, roll)


def grey_face(image: NDArray[np.uint8], box: Box) -> NDArray[np.float32] | None:
    """(48, 48) grey levels of the part of ``box`` inside ``image``; ``None`` without a pixel."""
    x1, y1 = max(round(box.x1), 0), max(round(box.y1), 0)
    part = image[y1 : max(round(box.y2), 0), x1 : max(round(box.x2), 0)]
    if not part.size:
        return None
    shrinks = min(part.shape[:2]) > _SIDE
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)  # first: one colour is shrunk sooner than three
    return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=way), np.float32)


def sharpness_of(grey: NDArray[np.float32]) -> float:
    """``Quality.sharpness`` of (48, 48) grey levels; 0 for a single colour."""
    contrast = float(grey.var())
    if contrast < 1:
        return 0.0
    return float(cv2.Laplacian(grey, cv2.CV_32F).var()) / contrast


def pose(face: Face) -> tuple[float, float]:
    """(yaw, roll) in degrees, from the eyes and the nose; see ``Quality``.

    Seen from the front the nose is midway between the eyes. When the head turns by an angle, the
    eyes come nearer by its cosine and the tip of the nose, which stands before them, moves by its
    sine: their quotient is the tangent.
    """
    assert face.landmarks is not None
    (x1, y1), (x2, y2), (x, y) = face.landmarks[:3]
    across, down = x2 - x1, y2 - y1
    apart = across**2 + down**2
    if not apart:
        return 90.0, 0.0  # one eye hides the other
    along = ((x - (x1 + x2) / 2) * across + (y - (y1 + y2) / 2) * down) / apart
    return math.degrees(math.atan(along / NOSE)), math.degrees(math.atan2(down, across))
