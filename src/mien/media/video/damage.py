"""Whether a file of the MP4 family (MP4, MOV, M4V, 3GP) was cut off.

The number of frames that such a file declares says little: an edit list, as trimming on a phone
writes one, may leave out many of them. The sizes of its parts are exact.
"""

from __future__ import annotations

import os
from typing import IO

from mien.reading import open_file

_TYPES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_MOST_PARTS = 100_000


def is_mp4(path: str) -> bool:
    """Whether the file begins as those of the MP4 family do."""
    with open_file(path) as file:
        return file.read(8)[4:] in _TYPES


def cut_off(path: str) -> str | None:
    """What is missing at the end of a file of the MP4 family, or ``None``.

    Raises ``OSError``.
    """
    with open_file(path) as file:
        return _walk(file, os.fstat(file.fileno()).st_size)


def _walk(file: IO[bytes], length: int) -> str | None:
    place, indexed = 0, False
    for _ in range(_MOST_PARTS):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            break
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if place == 0 and kind not in _TYPES:
            return None
        indexed = indexed or kind in (b"moov", b"moof")
        size = int.from_bytes(head[8:16], "big") if size == 1 else size or length - place
        if size < 8:
            return None
        place += size
    if place > length:
        share = length / place
        return f"it has {length:,} of {place:,} bytes ({share:.0%})"
    return None if indexed or not place else "its index (moov) is missing"
