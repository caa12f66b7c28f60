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
from typing import NamedTuple

from mien.errors import ConfigError
from mien.types import Face, Reading

EARLY_S = 0.002
"""Containers round times, to a millisecond or so: this much before its time a face is due."""


class _Seen(NamedTuple):
    """A face of a frame."""

    face: Face
    usable: bool
    is_due: bool


class CarriedReadings:
    """Has each person of one stream classified every ``every_s`` seconds; 0: in every frame.

    Frames pass twice, in the same order: ``due`` before they are classified, ``complete`` after.
    Many may be in between. A face that has no ``track_id`` is always due, and so is a person who
    was not seen for that long. So is a usable face of a person who was read from one that was not,
    because readings of such a face do not count. Raises ``ConfigError`` for a negative time.
    """

    def __init__(self, every_s: float) -> None:
        if not 0 <= every_s < math.inf:
            raise ConfigError(f"classify_every must be 0 seconds or more, got {every_s}")
        self._every_s = every_s
        self._asked: dict[int, tuple[float, bool]] = {}  # when each was due last, and if usable
        self._frames: deque[list[_Seen]] = deque()
        self._known: dict[int, tuple[Reading, float]] = {}

    def due(
        self, faces: Sequence[Face], time_s: float, usable: Callable[[Face], bool]
    ) -> list[Face]:
        """Those of the next frame's ``faces`` that are to be classified.

        ``usable`` judges each face as it is in this frame.
        """
        asked = self._asked.items()
        self._asked = {n: was for n, was in asked if not self._is_over(was[0], time_s)}
        frame = [self._seen(face, usable(face)) for face in faces]
        self._frames.append(frame)
        due = [seen for seen in frame if seen.is_due]
        self._asked |= {
            seen.face.track_id: (time_s, seen.usable)
            for seen in due
            if seen.face.track_id is not None
        }
        return [seen.face for seen in due]

    def _seen(self, face: Face, usable: bool) -> _Seen:
        if face.track_id is None or face.track_id not in self._asked:
            return _Seen(face, usable, is_due=True)
        _, was_usable = self._asked[face.track_id]
        return _Seen(face, usable, is_due=usable and not was_usable)

    def complete(
        self, readings: Sequence[Reading], time_s: float, steady: Callable[[Reading], Reading]
    ) -> tuple[Reading, ...]:
        """A reading for each face of the oldest frame, of which ``readings`` were classified.

        ``steady`` gets the readings that are of this frame, and what it makes of them is carried
        over.
        """
        known = self._known.items()
        self._known = {n: (one, at) for n, (one, at) in known if not self._is_over(at, time_s)}
        rest, whole = iter(readings), []
        for face, usable, is_due in self._frames.popleft():
            if is_due:
                reading = steady(replace(next(rest), usable=usable))
                if face.track_id is not None:
                    self._known[face.track_id] = reading, time_s
            else:
                assert face.track_id is not None
                reading = _carried(self._known[face.track_id][0], face, usable)
            whole.append(reading)
        return tuple(whole)

    def _is_over(self, at: float, time_s: float) -> bool:
        return time_s - at >= self._every_s - EARLY_S


def _carried(reading: Reading, face: Face, usable: bool) -> Reading:
    raw = reading.raw and _carried(reading.raw, face, usable)
    return replace(reading, face=face, raw=raw, usable=usable, carried=True)
