"""Times of frames: those of the container, and counted ones where it has none."""

from __future__ import annotations

_BACK = 1.0  # seconds; a larger step back is a new beginning, a smaller one a wrong time
_NUDGE = 0.001  # seconds
_FEW = 3  # the last frames of an AVI lack their times: too few to speak of


class Clock:
    """Turns the container's times into times that strictly increase, in seconds.

    A good time stays as it is. A frame without one, or with that of the frame before, comes
    1/``rate`` seconds after the frame before. Where times start again, as in files that were
    joined, they go on from there.
    """

    def __init__(self, rate: float) -> None:
        """``rate``: frames a second."""
        self.rate = rate
        self.counted = 0
        """Frames without a time of their own."""
        self._last: float | None = None
        self._raw: float | None = None
        self._offset = 0.0

    def next(self, raw: float | None) -> float:
        """The time of the next frame, which the container gives as ``raw``, or ``None``."""
        own = None if raw == self._raw else raw
        self._raw = raw
        if own is None:
            self.counted += 1
        self._last = self._first(own) if self._last is None else self._after(self._last, own)
        return self._last

    def _first(self, raw: float | None) -> float:
        raw = raw or 0.0
        if raw <= -_BACK:  # a little below 0 is a frame that an edit list cuts short
            self._offset = -raw
        return max(raw, 0.0)

    def _after(self, last: float, raw: float | None) -> float:
        if raw is None:
            return last + 1 / self.rate
        time = raw + self._offset
        if time <= last - _BACK:
            time = last + 1 / self.rate
            self._offset = time - raw
        return time if time > last else last + _NUDGE

    def few(self, frames: int) -> bool:
        """Whether nearly all of ``frames`` so far had times of their own."""
        return self.counted <= min(_FEW, frames // 3)
