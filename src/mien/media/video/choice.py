"""Which frames of a video are wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mien.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Choice:
    """Which frames are wanted: times in ``[start, end)`` seconds, and of those every N-th or F a
    second. Raises ``ConfigError`` for what cannot be.
    """

    start: float = 0.0
    end: float | None = None
    every: int | None = None
    fps: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and self.start >= 0):
            raise ConfigError(f"start is {self.start}: give seconds, 0 or more")
        if self.end is not None and not (math.isfinite(self.end) and self.end > self.start):
            raise ConfigError(f"end is {self.end}: give seconds after the start, {self.start:g}")
        if self.every is not None and (isinstance(self.every, bool) or self.every < 1):
            raise ConfigError(f"every is {self.every}: give a whole number, 1 or more")
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise ConfigError(f"fps is {self.fps}: give frames a second, above 0")
        if self.every is not None and self.fps is not None:
            raise ConfigError("every and fps are given: give one of them")

    def share(self, rate: float) -> float:
        """The share of the frames between start and end that is wanted, at ``rate`` a second."""
        if self.fps is not None:
            return min(1.0, self.fps / rate)
        return 1 / (self.every or 1)


class Wanted:
    """Goes through the times of the frames, and says which are wanted."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._seen = 0  # frames since start
        self._tick = 0  # the next of the wanted times, start + tick / fps

    def is_over(self, time_s: float) -> bool:
        """Whether neither this frame nor a later one is wanted."""
        return self._choice.end is not None and time_s >= self._choice.end

    def has(self, time_s: float) -> bool:
        """Whether the next frame, at ``time_s``, is wanted."""
        choice = self._choice
        if time_s < choice.start:
            return False
        self._seen += 1
        if choice.fps is None:
            return (self._seen - 1) % (choice.every or 1) == 0
        ticks = (time_s - choice.start) * choice.fps + 1e-6  # times are rounded
        if ticks < self._tick:
            return False
        self._tick = math.floor(ticks) + 1
        return True
