"""Memory that two processes share, in which the newest frames of a camera lie."""

from __future__ import annotations

import mmap
import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

MOST_PIXELS = 7680 * 4320
"""Of a frame: 8K."""
_SLOTS = 3
_HEAD = 4096  # bytes before the first slot, of which half are for the text of the end
_TEXT = _HEAD // 2
_FIELDS = 5  # of a slot: number, height, width, time in nanoseconds, arrived
_STRIDE = MOST_PIXELS * 3 // 4096 * 4096
SIZE = _HEAD + _SLOTS * _STRIDE
"""Bytes of the file. It is sparse: only those that were written take memory."""


class Newest(NamedTuple):
    """The newest frame."""

    image: Image
    """(H, W, 3) RGB uint8, a copy."""
    number: int
    """From 1, of those that one process wrote."""
    time_ns: int
    """When it arrived, on the clock of ``time.monotonic_ns``."""
    arrived: int
    """How many have arrived, with those that were not written."""


class Slots:
    """A ring of frames in a file that is mapped by one writer and one reader.

    There are no locks, which a process that is killed would hold for ever. The writer fills the
    oldest slot; the number of a slot is 0 meanwhile. The reader looks at the number before and
    after it copies, and takes the next frame if it has changed.
    """

    def __init__(self, file: int) -> None:
        """``file``: a descriptor of a file of ``SIZE`` bytes."""
        self._file = file
        self._memory = np.frombuffer(mmap.mmap(file, SIZE), np.uint8)
        head = self._memory[:_TEXT].view(np.int64)
        self._text = self._memory[_TEXT:_HEAD]
        self._latest, self._arrived = head[:1], 0
        self._fields = head[_FIELDS : _FIELDS * (_SLOTS + 1)].reshape(_SLOTS, _FIELDS)

    @property
    def number(self) -> int:
        """That of the newest frame; 0 before the first."""
        return int(self._latest[0])

    def reserve(self, height: int, width: int) -> None:
        """Make sure of the memory for frames of that size. Raises ``OSError`` where there is none.

        Without it a full memory would kill the process in the midst of a write.
        """
        if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
            for slot in range(_SLOTS):
                os.posix_fallocate(self._file, _HEAD + slot * _STRIDE, height * width * 3)

    def place(self, height: int, width: int) -> Image:
        """Where the next frame belongs, (H, W, 3) RGB; it is visible after ``publish``."""
        slot = (self.number + 1) % _SLOTS
        self._fields[slot] = (0, height, width, 0, 0)
        return self._view(slot)

    def publish(self, time_ns: int, came: int = 1) -> None:
        """Make the frame in ``place`` the newest, of ``came`` that have arrived since the last."""
        number, self._arrived = self.number + 1, self._arrived + came
        fields = self._fields[number % _SLOTS]
        fields[3:] = time_ns, self._arrived
        fields[0] = number
        self._latest[0] = number

    def newest(self) -> Newest | None:
        """The newest frame; ``None`` before the first."""
        while number := self.number:
            slot = number % _SLOTS
            image = self._view(slot).copy()
            time_ns, arrived = (int(field) for field in self._fields[slot, 3:])
            if self._fields[slot, 0] == number:
                return Newest(image, number, time_ns, arrived)
        return None

    @property
    def end(self) -> str:
        """Why the writer has ended, in its words; empty before that."""
        return self._text.tobytes().rstrip(b"\0").decode(errors="replace")

    @end.setter
    def end(self, text: str) -> None:
        data = text.encode()[: _HEAD - _TEXT]
        self._text[: len(data)] = np.frombuffer(data, np.uint8)

    def _view(self, slot: int) -> Image:
        height, width = (int(side) for side in self._fields[slot, 1:3])
        height = min(height, MOST_PIXELS // max(width, 1))  # both change while a reader looks
        begin = _HEAD + slot * _STRIDE
        return self._memory[begin : begin + height * width * 3].reshape(height, width, 3)
