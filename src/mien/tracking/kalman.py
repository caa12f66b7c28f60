"""Where a face will be: a Kalman filter of constant velocity, by time and not by frame count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.types import Box

Floats = NDArray[np.float64]

MEASURED = 0.05
"""Standard deviation of a measured place and size, in sides of the face (ByteTrack's 1/20)."""
ACCELERATION = 0.5
"""How fast a velocity becomes unknown: sides a second, after one second."""
START_SPEED = 2.0
"""Standard deviation of a new face's velocity, in sides a second (ByteTrack's 1/16 a frame)."""
GROWTH = 0.3
"""How fast a size becomes unknown: of its logarithm, after one second."""
_LEAST = 1e-3  # pixels: the logarithm of an empty side


class BoxFilter:
    """The place, size and velocity of one face.

    The state is that of SORT (Bewley et al. 2016) with other sizes: the centre, in pixels, moves at
    a velocity whose change is white noise; the logarithms of width and height are a random walk, so
    that a size stays positive however long the face is unseen. Noise is in sides of the face, as in
    DeepSORT and ByteTrack. It grows with the seconds that pass, so 3 and 60 frames a second need no
    other settings. The four dimensions are independent: each has a value, a velocity and a 2×2
    covariance.
    """

    def __init__(self, box: Box) -> None:
        self._value = _measurement(box)  # (4,)
        self._speed = np.zeros(4)
        scale = self._scale()
        self._var = (MEASURED * scale) ** 2
        self._cov = np.zeros(4)
        self._speed_var = (START_SPEED * scale * _MOVES) ** 2

    @property
    def box(self) -> Box:
        """The box at the time of the last call."""
        return self.box_in(0.0)

    def box_in(self, seconds: float) -> Box:
        """The box ``seconds`` later; the filter stays where it is."""
        x, y = self._value[:2] + seconds * self._speed[:2]
        width, height = np.exp(self._value[2:])
        return Box(
            float(x - width / 2), float(y - height / 2),
            float(x + width / 2), float(y + height / 2),
        )  # fmt: skip

    @property
    def spread(self) -> float:
        """Standard deviation of the centre, a coordinate, in pixels."""
        return float(np.sqrt(self._var[:2].max()))

    def predict(self, seconds: float) -> None:
        """Move on by ``seconds``."""
        noise = (ACCELERATION * self._scale() * _MOVES) ** 2
        self._value = self._value + seconds * self._speed
        self._var = (
            self._var
            + seconds * (2 * self._cov + seconds * self._speed_var)
            + noise * seconds**3 / 3
            + (GROWTH * (1 - _MOVES)) ** 2 * seconds
        )
        self._cov = self._cov + seconds * self._speed_var + noise * seconds**2 / 2
        self._speed_var = self._speed_var + noise * seconds

    def update(self, box: Box) -> None:
        """Take in a measured box."""
        measured = (MEASURED * self._scale()) ** 2
        total = self._var + measured
        gain, speed_gain = self._var / total, self._cov / total
        error = _measurement(box) - self._value
        self._value = self._value + gain * error
        self._speed = self._speed + speed_gain * error
        self._speed_var = self._speed_var - speed_gain * self._cov
        self._cov = (1 - gain) * self._cov
        self._var = (1 - gain) * self._var

    def _scale(self) -> Floats:
        """(4,) what noise is relative to: the side in pixels; 1 for logarithms."""
        side = float(np.exp(self._value[2:].mean()))
        return np.array([side, side, 1.0, 1.0])


_MOVES = np.array([1.0, 1.0, 0.0, 0.0])  # the dimensions that have a velocity


def _measurement(box: Box) -> Floats:
    """(4,): centre, logarithms of width and height."""
    sides = np.log([max(box.width, _LEAST), max(box.height, _LEAST)])
    return np.array([*box.center, *sides])
