"""When a service acts, and whether the clock jumped: functions of times that are given."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, time, tzinfo

from mien.log.times import JUMP_S

KEPT_S = 24 * 3600.0
"""For how long a jump is reported, so that a message about it outlives quiet hours."""


class ClockWatch:
    """Compares the clock on the wall with the monotonic one, from look to look."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None
        self._jumps: deque[tuple[float, float]] = deque()

    def look(self, now: datetime, monotonic_s: float) -> None:
        """Take both clocks at one moment. A machine that slept counts as a jump forward."""
        if self._last is not None:
            before, then_s = self._last
            jump = (now - before).total_seconds() - (monotonic_s - then_s)
            if abs(jump) > JUMP_S:
                self._jumps.append((monotonic_s, jump))
        self._last = now, monotonic_s
        while self._jumps and monotonic_s - self._jumps[0][0] > KEPT_S:
            self._jumps.popleft()

    @property
    def jump_s(self) -> float:
        """The largest jump of the last ``KEPT_S``, with its sign; 0 for none."""
        return max((jump for _, jump in self._jumps), key=abs, default=0.0)


class Every:
    """Due at once, and again when ``seconds`` have passed, whatever the clock on the wall says."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: float | None = None

    def due(self, monotonic_s: float) -> bool:
        """Whether it is due; then the next time is set."""
        if self._next is not None and monotonic_s < self._next:
            return False
        self._next = monotonic_s + self._seconds
        return True


class Daily:
    """Due once a local day from a time of day on: at once, if the process starts later."""

    def __init__(self, at: time, where: tzinfo | None) -> None:
        self._at, self._where = at, where
        self._done: date | None = None

    def due(self, now: datetime) -> bool:
        """Whether it is due; ``done`` says that it was done."""
        local = now.astimezone(self._where)
        return local.time() >= self._at and local.date() != self._done

    def done(self, now: datetime) -> None:
        """Note that it was done on the day of ``now``."""
        self._done = now.astimezone(self._where).date()
