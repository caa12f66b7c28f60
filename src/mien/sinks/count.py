"""Counts what was analysed."""

from __future__ import annotations

import time

from mien.sinks.base import Closing, Image
from mien.types import Result


class CountSink(Closing):
    """Counts pictures, faces, people if they are followed, pictures without a face, and seconds."""

    def __init__(self, what: str = "picture") -> None:
        """``what`` the pictures are called, in the singular."""
        self._what = what
        self.pictures = self.faces = self.empty = 0
        self._people: set[tuple[str | None, int]] = set()
        self._began = time.perf_counter()

    def write(self, result: Result, image: Image | None = None) -> None:
        """Count one picture."""
        self.pictures += 1
        self.faces += len(result)
        self.empty += not len(result)
        for reading in result:
            if reading.face.track_id is not None:
                self._people.add((result.source, reading.face.track_id))

    def text(self, errors: int = 0, hidden: int = 0) -> str:
        """One line such as ``3 pictures, 2 faces, 1 without a face, 1 error, 0.8 s``.

        ``errors``: reported lines. ``hidden``: pictures among files that are not the user's own.
        """
        parts = [_count(self.pictures, self._what), _count(self.faces, "face")]
        if self._people:
            people = len(self._people)
            parts.append(f"{people:,} {'person' if people == 1 else 'people'}")
        if self.empty:
            parts.append(f"{self.empty:,} without a face")
        if errors:
            parts.append(_count(errors, "error"))
        if hidden:
            parts.append(f"{hidden:,} hidden or system file{'s' * (hidden != 1)} left out")
        return ", ".join([*parts, f"{self.seconds():.1f} s"])

    def seconds(self) -> float:
        """Seconds since the sink was made."""
        return time.perf_counter() - self._began


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
