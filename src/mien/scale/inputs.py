"""One input of a corpus: a picture or a video, in a file of its own or a part of an archive."""

from __future__ import annotations

import os
from dataclasses import dataclass

from mien.escaping import for_utf8

STORED, DEFLATED = 0, 8
"""How the bytes of a member lie in its archive, by the numbers that zips use."""


@dataclass(frozen=True, slots=True)
class Input:
    """Where the bytes of an input are, and how it looked when it was listed.

    A member of an archive is read by its place in the archive's file, so nobody who reads one
    member needs the list of all.
    """

    path: str
    """A file, or the address of an object such as ``s3://bucket/a.jpg``."""
    size: int
    """Bytes; of a member, when it is unpacked."""
    mtime_ns: int | None = None
    """When the file was last changed, in nanoseconds since 1970; ``None`` where that is unknown."""
    video: bool = False
    member: str | None = None
    """The name in an archive."""
    offset: int | None = None
    """Of a member: the byte of the archive where its data begin; in a zip, its local header."""
    stored: int | None = None
    """Of a member: its bytes in the archive."""
    method: int | None = None
    """Of a member of a zip: ``STORED`` or ``DEFLATED``; ``None`` in a tar."""
    crc: int | None = None
    """Of a member of a zip: the CRC-32 of its data."""
    duplicate_of: int | None = None
    """The number of an earlier input with the same bytes, if that was looked for."""
    number: int = 0
    """The row of the manifest, from 0."""

    @property
    def source(self) -> str:
        """The name in results: the path, and for a member a slash and its name."""
        name = self.path if self.member is None else f"{self.path}/{self.member}"
        return for_utf8(name)

    def state(self) -> tuple[object, ...]:
        """What must be as it was listed for earlier answers to count."""
        return (
            self.path, self.member, self.size, self.mtime_ns, self.offset, self.duplicate_of,
        )  # fmt: skip


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether this is the address of an object store or another file system of fsspec."""
    return "://" in os.fspath(path)
