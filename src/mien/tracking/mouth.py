"""Who moves the mouth: a gate for talking, which readers of expressions mistake for something."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.tracking.averaging import Average
from mien.types import Face

SPEAKING = 0.08
"""Motion from which a mouth is said to talk."""
STEP_S = 0.1
"""Seconds between the two looks that are compared, so that the rate of frames does not matter."""
AVERAGE_S = 0.5
"""Seconds over which motion is averaged."""
_FORGOTTEN_S = 2.0
_WIDTH, _HEIGHT = 32, 20
# The corners of the mouth, and the eyes, in patches of this size: (left, right).
_MOUTH = ((9.0, 8.0), (22.0, 8.0))
_EYES = ((6.0, 8.0), (25.0, 8.0))


class MouthMotion:
    """How much each person of one stream moves the mouth; make one for each stream.

    The mouth, laid on its corners, is compared with itself ``STEP_S`` ago, and so are the eyes,
    laid on theirs. What the mouth changes more than the eyes is motion of its own: a head that
    moves, and light, change both. It is a share of the face's contrast, averaged over
    ``AVERAGE_S``.
    """

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}

    def update(
        self, image: NDArray[np.uint8], faces: Iterable[Face], time_s: float
    ) -> dict[int, float]:
        """Motion of each person in the frame by ``track_id``, 0 or more.

        ``image``: (H, W, 3) RGB uint8. Faces without a number or landmarks are left out, and so are
        those that are not known for ``STEP_S`` seconds yet. Times must increase.
        """
        self._people = {
            n: p for n, p in self._people.items() if time_s - p.looks[-1].time_s < _FORGOTTEN_S
        }
        found = {}
        for face in faces:
            if face.track_id is not None and face.landmarks is not None:
                person = self._people.setdefault(face.track_id, _Person())
                motion = person.move(_look(image, face, time_s))
                if motion is not None:
                    found[face.track_id] = motion
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    time_s: float
    mouth: NDArray[np.float32]
    eyes: NDArray[np.float32]


@dataclass(slots=True)
class _Person:
    looks: deque[_Look] = field(default_factory=deque)
    average: Average = field(default_factory=lambda: Average(AVERAGE_S))

    def move(self, now: _Look) -> float | None:
        """Take in a look; the averaged motion."""
        self.looks.append(now)
        while len(self.looks) > 2 and now.time_s - self.looks[1].time_s >= STEP_S:
            self.looks.popleft()
        before = self.looks[0]
        if now.time_s - before.time_s < STEP_S * 0.9:
            return None
        contrast = max(float(np.std(np.concatenate([now.mouth, now.eyes]))), 1.0)
        mouth = float(np.abs(now.mouth - before.mouth).mean())
        eyes = float(np.abs(now.eyes - before.eyes).mean())
        motion = max(0.0, mouth - eyes) / contrast
        return float(self.average.add(np.array([motion]), now.time_s)[0])


def _look(image: NDArray[np.uint8], face: Face, time_s: float) -> _Look:
    points = np.array(face.landmarks)
    return _Look(time_s, _patch(image, points[3:], _MOUTH), _patch(image, points[:2], _EYES))


def _patch(
    image: NDArray[np.uint8],
    points: NDArray[np.float64],
    places: tuple[tuple[float, float], tuple[float, float]],
) -> NDArray[np.float32]:
    """(_HEIGHT, _WIDTH) grey levels with the two ``points`` at ``places``."""
    (x1, y1), (x2, y2) = places
    across = points[1] - points[0]
    length = max(float(np.hypot(*across)), 1.0)
    scale = length / math.hypot(x2 - x1, y2 - y1)  # pixels of the image a pixel of the patch
    cos, sin = (across / length).tolist()
    back = scale * np.array([[cos, -sin], [sin, cos]])
    start = points[0] - back @ (x1, y1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(image, np.column_stack([back, start]), (_WIDTH, _HEIGHT), flags=flags,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.GaussianBlur(grey, (5, 5), 0), np.float32)
