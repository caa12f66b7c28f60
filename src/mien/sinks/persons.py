"""What each person of a video showed, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mien.types import Reading, Result

T = TypeVar("T")


class Lasting(Generic[T]):
    """The frames of one video, each with the seconds until the next one begins.

    The last one lasts as long as the one before it.
    """

    def __init__(self) -> None:
        self._waiting: tuple[T, float] | None = None
        self._seconds = 0.0  # of the last frame whose end is known

    def next(self, frame: T, time_s: float) -> tuple[T, float, float] | None:
        """Take a frame that begins at ``time_s``; the one before, its begin and seconds."""
        before = self._waiting
        if before is not None:
            self._seconds = max(0.0, time_s - before[1])
        self._waiting = frame, time_s
        return None if before is None else (*before, self._seconds)

    def last(self) -> tuple[T, float, float] | None:
        """The last frame, its begin and seconds, once."""
        before, self._waiting = self._waiting, None
        return None if before is None else (*before, self._seconds)


@dataclass(slots=True)
class Person:
    """One track of one video. Each frame counts until the next one begins."""

    source: str | None
    track_id: int
    first_s: float
    last_s: float = 0.0
    """End of the last frame that shows the person."""
    shown: dict[str, float] = field(default_factory=dict)
    """Expression → seconds for which it was the most probable."""
    usable_s: float = 0.0
    """Seconds of frames whose readings are usable: see ``Reading.usable``."""
    longest: tuple[str, float, float] = ("", 0.0, 0.0)
    """The longest stretch of one expression without a break: expression, begin, seconds."""
    _stretch: tuple[str, float, float] | None = None

    @property
    def seen_s(self) -> float:
        """Seconds seen."""
        return sum(self.shown.values())

    def shares(self) -> list[tuple[str, float]]:
        """Expression and its share of the seconds seen, largest first."""
        seen = self.seen_s or 1.0
        ranked = sorted(self.shown.items(), key=lambda pair: -pair[1])
        return [(expression, seconds / seen) for expression, seconds in ranked]

    @property
    def usable_share(self) -> float:
        """Share of the seconds seen whose readings are usable."""
        return self.usable_s / (self.seen_s or 1.0)

    def see(self, reading: Reading, begin_s: float, seconds: float, unbroken: bool) -> None:
        """Take a frame of ``seconds``; ``unbroken``: the frame before showed the person too."""
        expression = reading.expression
        self.last_s = begin_s + seconds
        self.usable_s += seconds if reading.usable else 0.0
        self.shown[expression] = self.shown.get(expression, 0.0) + seconds
        stretch = self._stretch
        if stretch is not None and unbroken and stretch[0] == expression:
            self._stretch = expression, stretch[1], begin_s + seconds - stretch[1]
        else:
            self._stretch = expression, begin_s, seconds
        if self._stretch[2] > self.longest[2] or not self.longest[0]:
            self.longest = self._stretch


class Persons:
    """Adds up results of videos; the frames of a video come one after the other."""

    def __init__(self) -> None:
        self._persons: dict[tuple[str | None, int], Person] = {}
        self._source: str | None = None
        self._frames: Lasting[Result] = Lasting()
        self._present: set[int] = set()  # in the frame before the one that waits

    def add(self, result: Result) -> None:
        """Take a frame. Faces without a track are left out."""
        if result.source != self._source:
            self._end()
        self._source = result.source
        self._count(self._frames.next(result, result.time_s or 0.0))

    def all(self) -> list[Person]:
        """Every person so far, by video and number; ends the video."""
        self._end()
        return list(self._persons.values())

    def _end(self) -> None:
        self._count(self._frames.last())
        self._frames, self._present = Lasting(), set()

    def _count(self, frame: tuple[Result, float, float] | None) -> None:
        if frame is None:
            return
        result, begin, seconds = frame
        present = set()
        for reading in result:
            track_id = reading.face.track_id
            if track_id is None:
                continue
            key = (result.source, track_id)
            person = self._persons.setdefault(key, Person(result.source, track_id, begin))
            person.see(reading, begin, seconds, track_id in self._present)
            present.add(track_id)
        self._present = present
