"""One person over time: where the face is, when it was seen, and what it looked like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mien.tracking.assignment import assign_above
from mien.tracking.kalman import BoxFilter
from mien.tracking.likeness import likenesses, moved
from mien.tracking.looks import Look, alike
from mien.types import Box, Face

LOOK_S = 1.0
"""Seconds over which what a person looks like is averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face of the frame at ``time_s`` and what it looks like, if the frame is there."""

    face: Face
    look: Look | None
    time_s: float


class Track:
    """A person; without a ``number`` as long as it may be a false alarm."""

    def __init__(self, found: Found) -> None:
        self.number: int | None = None
        self.lost = False
        """Whether the person was not seen in the last frame."""
        self.seen_s = self._now = found.time_s
        """When the person was seen last."""
        self._face, self._look = found.face, found.look
        self._filter = BoxFilter(found.face.box)

    def advance(self, time_s: float) -> None:
        """Move on to ``time_s``."""
        self._filter.predict(time_s - self._now)
        self._now = time_s

    def expected(self) -> Face:
        """The face at the time that the track has moved on to."""
        return self._moved(self._filter.box)

    @property
    def spread(self) -> float:
        """Standard deviation of the expected place, in pixels."""
        return self._filter.spread

    @property
    def look(self) -> Look | None:
        """What the person looks like on average, if frames are given."""
        return self._look

    def see(self, found: Found) -> None:
        """Continue with a face."""
        self._filter.update(found.face.box)
        if self._look is None or found.look is None:
            self._look = found.look
        else:
            kept = math.exp((self.seen_s - found.time_s) / LOOK_S)
            self._look = kept * self._look + (1 - kept) * found.look
        self._face, self.seen_s = found.face, found.time_s

    def at(self, seconds: float) -> Face:
        """The face ``seconds`` from now, with the track's number."""
        return replace(self._moved(self._filter.box_in(seconds)), track_id=self.number)

    def _moved(self, box: Box) -> Face:
        points = moved(self._face.landmarks, self._face.box, box)
        return replace(self._face, box=box, landmarks=points)


def match(tracks: Sequence[Track], found: Sequence[Found], least: float) -> dict[int, Track]:
    """The track that each face continues, by the face's index; the tracks have seen it then.

    One to one, with the largest sum of likenesses, none of ``least`` or below.
    """
    if not tracks or not found:
        return {}
    values = likenesses(
        [track.expected() for track in tracks],
        [track.spread for track in tracks],
        [one.face for one in found],
    ) * alike([track.look for track in tracks], [one.look for one in found])
    pairs = assign_above(values, least)
    for row, column in pairs:
        tracks[row].see(found[column])
    return {column: tracks[row] for row, column in pairs}
