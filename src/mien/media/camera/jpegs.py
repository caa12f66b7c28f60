"""A stream of bytes → the JPEG pictures in it, whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mien.media.camera.arrivals import NO_PICTURES, TOO_LARGE, StreamError

MOST_BYTES = 32 << 20
"""Of one picture, and of what is none between two of them."""
_START = b"\xff\xd8\xff"
# In the pixels 0xff is followed by 0, or is the mark of a restart.
_PIXELS_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a segment
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # their segments have the size
_FIRST = 0xC0  # below it markers are reserved, but for one in _ALONE


class Jpeg(NamedTuple):
    """One picture, not decoded."""

    data: bytes
    pixels: int
    """As its header says, which may be wrong."""


class Jpegs:
    """Cuts pictures out of a stream by the markers of JPEG (ITU-T T.81, annex B).

    Boundaries and headers of multipart parts are skipped like any other bytes, so it does not
    matter whether they are right, and a picture is complete with its last byte. One that breaks off
    is left out.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._data = bytearray()
        self._other = 0  # bytes since the last picture
        self._inside = False  # whether the data starts with a picture, and then:
        self._at = 0  # how much of it is known
        self._in_pixels = False
        self._pixels = 0

    def feed(self, data: bytes) -> Iterator[Jpeg]:
        """The pictures that are complete with ``data``, the next bytes of the stream.

        Raises ``StreamError`` for a picture that is too large, and for too many bytes without one.
        """
        self._data += data
        while (picture := self._next()) is not None:
            self._other = 0
            yield picture
        if len(self._data) > self._most:
            raise StreamError(TOO_LARGE)
        if self._other > self._most:
            raise StreamError(NO_PICTURES)

    def _next(self) -> Jpeg | None:
        """A picture, or ``None`` where more bytes are needed."""
        while self._inside or self._find_start():
            if self._in_pixels and not self._skip_pixels():
                return None
            at, data = self._at, self._data
            if len(data) < at + 2:
                return None
            mark, code = data[at : at + 2]
            if mark != 0xFF:
                self._drop(2)  # it only looked like a picture
            elif code == 0xFF:
                self._at += 1
            elif code == _EOI:
                picture = Jpeg(bytes(data[: at + 2]), self._pixels)
                self._drop(at + 2)
                return picture
            elif code == _SOI:  # the one before broke off
                self._drop(at)
            elif code in _ALONE:
                self._at += 2
            elif len(data) < at + 9:
                return None
            else:
                self._skip_segment(code)
        return None

    def _find_start(self) -> bool:
        found = self._data.find(_START)
        self._drop(found if found >= 0 else max(0, len(self._data) - len(_START) + 1))
        self._inside, self._at, self._pixels = found >= 0, 2, 0
        return self._inside

    def _skip_pixels(self) -> bool:
        end = _PIXELS_END.search(self._data, self._at)
        self._at = end.start() if end else max(self._at, len(self._data) - 1)
        self._in_pixels = end is None
        return end is not None

    def _skip_segment(self, code: int) -> None:
        head = self._data[self._at + 2 : self._at + 9]
        length = int.from_bytes(head[:2], "big")
        if code < _FIRST or length < 2:
            self._drop(2)
            return
        if code in _FRAMES:
            self._pixels = int.from_bytes(head[3:5], "big") * int.from_bytes(head[5:7], "big")
        self._in_pixels = code == _SOS
        self._at += 2 + length

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._other += count
        self._inside = self._in_pixels = False
