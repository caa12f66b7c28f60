"""Which faces of a stream are classified, and what is said of the others in between.

A face that is followed looks in the next frame much as it does in this one, so its expression need
not be computed anew for each. What was said of the person last is carried over until it is due
again: by time, so that the rate of frames does not matter.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from mien.errors import ConfigError
from mien.types import Face, Reading

EARLY_S = 0.002
"""Containers round times, to a millisecond or so: this much before its time a face is due."""


class CarriedReadings:
    """Has each person of one stream classified every ``every_s`` seconds; 0: in every frame.

    Frames pass twice, in the same order: ``due`` before they are classified, ``complete`` after.
    Many may be in between. A face that has no ``track_id`` is always due, and so is a person who
    was not seen for that long. Raises ``ConfigError`` for a negative time.
    """

    def __init__(self, every_s: float) -> None:
        if not 0 <= every_s < math.inf:
            raise ConfigError(f"classify_every must be 0 seconds or more, got {every_s}")
        self._every_s = every_s
        self._asked: dict[int, float] = {}  # when each person was due last
        self._frames: deque[list[tuple[Face, bool]]] = deque()
        self._known: dict[int, tuple[Reading, float]] = {}

    def due(self, faces: Sequence[Face], time_s: float) -> list[Face]:
        """Those of the next frame's ``faces`` that are to be classified."""
        self._asked = {n: at for n, at in self._asked.items() if not self._is_over(at, time_s)}
        frame = [(face, face.track_id not in self._asked) for face in faces]
        self._frames.append(frame)
        due = [face for face, is_due in frame if is_due]
        self._asked |= {face.track_id: time_s for face in due if face.track_id is not None}
        return due

    def complete(
        self,
        readings: Sequence[Reading],
        time_s: float,
        usable: Callable[[Face], bool],
        steady: Callable[[Reading], Reading],
    ) -> tuple[Reading, ...]:
        """A reading for each face of the oldest frame, of which ``readings`` were classified.

        ``usable`` judges each face as it is in this frame. ``steady`` gets the readings that are
        of this frame, and what it makes of them is carried over.
        """
        known = self._known.items()
        self._known = {n: (one, at) for n, (one, at) in known if not self._is_over(at, time_s)}
        rest, whole = iter(readings), []
        for face, is_due in self._frames.popleft():
            if is_due:
                reading = steady(replace(next(rest), usable=usable(face)))
                if face.track_id is not None:
                    self._known[face.track_id] = reading, time_s
            else:
                assert face.track_id is not None
                reading = _carried(self._known[face.track_id][0], face, usable(face))
            whole.append(reading)
        return tuple(whole)

    def _is_over(self, at: float, time_s: float) -> bool:
        return time_s - at >= self._every_s - EARLY_S


def _carried(reading: Reading, face: Face, usable: bool) -> Reading:
    raw = reading.raw and _carried(reading.raw, face, usable)
    return replace(reading, face=face, raw=raw, usable=usable, carried=True)
