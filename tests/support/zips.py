"""Zips with one thing wrong, made from a good one."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
# Where each field is in the header of a member in the file, and in the zip's directory.
_FIELDS = {
    "flags": (6, 8),
    "method": (8, 10),
    "crc": (14, 16),
    "packed": (18, 20),
    "size": (22, 24),
}
_SHORT = ("flags", "method")


def write_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def change(path: Path, field: str, value: int, member: int = 0) -> Path:
    """Write ``value`` into both headers of a member, the first by default."""
    data = bytearray(path.read_bytes())
    for start, offset in zip((_LOCAL, _CENTRAL), _FIELDS[field], strict=True):
        at = -1
        for _ in range(member + 1):
            at = data.index(start, at + 1)
        struct.pack_into("<H" if field in _SHORT else "<I", data, at + offset, value)
    path.write_bytes(data)
    return path
