"""Boxes that do not tremble, for drawings alone: the One Euro filter (Casiez et al. 2012)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mien.errors import ConfigError, InputError
from mien.types import Box, Face

Floats = NDArray[np.float64]

MIN_CUTOFF_HZ, BETA, SPEED_CUTOFF_HZ = 1.0, 2.0, 1.0
_FORGOTTEN_S = 2.0


class OneEuro:
    """Smooths values that come at any times: strongly at rest, hardly in motion.

    ``min_cutoff_hz`` is the cutoff frequency at rest: the lower, the less they tremble. ``beta``
    raises it by that many hertz for each unit a second: the higher, the less they lag.
    ``speed_cutoff_hz`` smooths the speed. Raises ``ConfigError`` for values out of range.
    """

    def __init__(
        self,
        min_cutoff_hz: float = MIN_CUTOFF_HZ,
        beta: float = BETA,
        speed_cutoff_hz: float = SPEED_CUTOFF_HZ,
    ) -> None:
        if not (min_cutoff_hz > 0 and beta >= 0 and speed_cutoff_hz > 0):
            raise ConfigError(
                "cutoff frequencies must be above 0 and beta 0 or more, got "
                f"{min_cutoff_hz}, {speed_cutoff_hz} and {beta}"
            )
        self._least, self._beta, self._speed_cutoff = min_cutoff_hz, beta, speed_cutoff_hz
        self._value: Floats | None = None
        self._speed: Floats | None = None
        self.time_s = -math.inf
        """Seconds of the last values."""

    def add(self, values: Floats, time_s: float, unit: float = 1.0) -> Floats:
        """``values``, (D,), smoothed. ``unit`` is the length that speeds are measured in.

        ``InputError`` for a time that is not later than the last.
        """
        seconds = time_s - self.time_s
        if not seconds > 0 or math.isnan(time_s) or time_s == math.inf:
            raise InputError(f"time_s must be later than {self.time_s}, got {time_s}")
        self.time_s = time_s
        if self._value is None:
            self._value = values
        else:
            speed = (values - self._value) / seconds
            before = np.zeros_like(values) if self._speed is None else self._speed
            self._speed = before + _share(self._speed_cutoff, seconds) * (speed - before)
            cutoff = self._least + self._beta * np.abs(self._speed) / unit
            self._value = self._value + _share(cutoff, seconds) * (values - self._value)
        return self._value


class SteadyBoxes:
    """The boxes of the persons in one stream, smoothed to be drawn; make one for each stream.

    Speeds are in sides of the face, so faces near and far are smoothed alike. What is measured and
    cut out are the boxes as they were found.
    """

    def __init__(self, min_cutoff_hz: float = MIN_CUTOFF_HZ, beta: float = BETA) -> None:
        self._options = min_cutoff_hz, beta
        self._people: dict[int, OneEuro] = {}
        OneEuro(*self._options)  # raises for values out of range

    def update(self, faces: tuple[Face, ...], time_s: float) -> tuple[Face, ...]:
        """The faces of a frame with smoothed boxes; those without ``track_id`` as they are.

        Landmarks stay. ``InputError`` for a time that is not later.
        """
        self._people = {
            number: one for number, one in self._people.items()
            if time_s - one.time_s < _FORGOTTEN_S
        }  # fmt: skip
        return tuple(self._steady(face, time_s) for face in faces)

    def _steady(self, face: Face, time_s: float) -> Face:
        if face.track_id is None:
            return face
        person = self._people.setdefault(face.track_id, OneEuro(*self._options))
        side = math.sqrt(max(face.box.area, 1.0))
        box = person.add(np.array(face.box.to_list()), time_s, side)
        return replace(face, box=Box(*box.tolist()))


def _share(cutoff_hz: Floats | float, seconds: float) -> Floats | float:
    """Weight of a new value in a low-pass filter."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * seconds))
