"""What each person of a video showed, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from mien.types import Reading, Result


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
        self._before: Result | None = None
        self._present: set[int] = set()  # in the frame before the one that waits
        self._seconds = 0.0  # of the last frame whose end is known

    def add(self, result: Result) -> None:
        """Take a frame. Faces without a track are left out."""
        before = self._before
        if before is not None and before.source == result.source:
            self._seconds = max(0.0, (result.time_s or 0.0) - (before.time_s or 0.0))
            self._count(before)
        else:
            self._end()
        self._before = result

    def all(self) -> list[Person]:
        """Every person so far, by video and number; ends the video."""
        self._end()
        return list(self._persons.values())

    def _end(self) -> None:
        """Count the last frame of a video; it lasts as long as the one before it."""
        if self._before is not None:
            self._count(self._before)
        self._before, self._present, self._seconds = None, set(), 0.0

    def _count(self, result: Result) -> None:
        present = set()
        begin = result.time_s or 0.0
        for reading in result:
            track_id = reading.face.track_id
            if track_id is None:
                continue
            key = (result.source, track_id)
            person = self._persons.setdefault(key, Person(result.source, track_id, begin))
            person.see(reading, begin, self._seconds, track_id in self._present)
            present.add(track_id)
        self._present = present
