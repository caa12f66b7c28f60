"""A zip file, read member by member without unpacking it."""

from __future__ import annotations

import io
import lzma
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, TextIO

from mien.datasets.files.limits import (
    FREE_BYTES,
    LIMIT,
    MAX_PICTURE_BYTES,
    MAX_RATIO,
    MAX_TABLE_BYTES,
    max_bytes,
    too_large,
)
from mien.errors import DatasetError, one_line
from mien.media.clutter import clutter_in

# RuntimeError: encrypted, or an unknown method. The last two: numbers that cannot be.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError,
    struct.error,
)  # fmt: skip
_ENCRYPTED = 0x1
_STEP = {zipfile.ZIP_STORED: 1 << 20, zipfile.ZIP_DEFLATED: 1 << 20}
"""Bytes read at a time. Other methods decompress all that they are given, so they get little."""
_SMALL_STEP = 4096


class Zip:
    """A zip file. Of several members with one name, the last counts, as when it is unpacked."""

    is_file = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.beside: dict[str, list[str]] = {}
        for info in self._zip.infolist():
            # Some Windows programs store backslashes, which separate folders only there.
            name = info.filename.replace("\\", "/")
            if part := clutter_in(name):
                self.beside.setdefault(part, []).append(name)
            elif not name.endswith("/"):
                self._members[name] = info

    def _open(self) -> None:
        try:
            self._zip, self._process = zipfile.ZipFile(self.path), os.getpid()
            self._bytes = self.path.stat().st_size
        except _DAMAGE as error:
            raise DatasetError(f"{self.path} cannot be read as a zip: {one_line(error)}") from None

    def _opened(self) -> zipfile.ZipFile:
        """The zip, opened by this process: forked ones would share the position in the file."""
        if self._process != os.getpid():
            self._open()
        return self._zip

    def __reduce__(self) -> tuple[type[Zip], tuple[Path]]:
        """Pickled as its path: a process that is not forked opens it again."""
        return Zip, (self.path,)

    def names(self) -> list[str]:
        """Every member but folders and clutter."""
        return sorted(self._members)

    def holds(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self._members

    def read(self, name: str, most: int | None = None) -> bytes:
        """The bytes of one member."""
        try:
            with self._member(name, most or max_bytes(MAX_PICTURE_BYTES)) as member:
                return member.read()
        except OSError as error:
            raise self._unreadable(name, error) from None

    def text(self, name: str) -> TextIO:
        """One member as an open text file, decompressed while it is read."""
        try:
            member = self._member(name, max_bytes(MAX_TABLE_BYTES))
        except OSError as error:
            raise self._unreadable(name, error) from None
        return io.TextIOWrapper(member, encoding="utf-8-sig", newline="")

    def _member(self, name: str, most: int) -> io.BufferedReader:
        """One member, open; opening and reading raise ``OSError``."""
        if name not in self._members:
            raise OSError("the zip has no such member")
        info = self._members[name]
        if reason := too_large(info.file_size, most) or self._bomb(info):
            raise OSError(reason)
        if info.flag_bits & _ENCRYPTED:
            raise OSError("it is encrypted: unpack the zip")
        try:
            member = self._opened().open(info)
        except _DAMAGE as error:
            raise OSError(one_line(error)) from None
        step = _STEP.get(info.compress_type, _SMALL_STEP)
        return io.BufferedReader(_Member(member, info.file_size, step), step)

    def _bomb(self, info: zipfile.ZipInfo) -> str:
        """Why a member is taken for one that is made to fill memory; else empty."""
        packed = max(1, min(info.compress_size, self._bytes))
        if info.file_size <= FREE_BYTES or info.file_size <= MAX_RATIO * packed:
            return ""
        if os.environ.get(LIMIT):
            return ""
        return (
            f"it grows {info.file_size // packed:,} times to {info.file_size:,} bytes when it is "
            f"unpacked: if that is right, set {LIMIT}"
        )

    def _unreadable(self, name: str, error: OSError) -> DatasetError:
        return DatasetError(f"{self.path}: {name} cannot be read: {one_line(error)}")


class _Member(io.RawIOBase):
    """Decompresses in small steps, so that a wrong size in the zip costs no memory.

    Raises ``OSError`` for every kind of damage, and where the member ends before its ``size``.
    """

    def __init__(self, member: IO[bytes], size: int, step: int) -> None:
        self._file, self._left, self._step = member, size, step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._file.read(min(len(buffer), self._step))
        except _DAMAGE as error:
            raise OSError(one_line(error)) from None
        if not data and self._left:
            raise OSError(f"it ends {self._left:,} bytes early")
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def readall(self) -> bytes:
        parts, part = [], bytearray(self._step)
        while count := self.readinto(memoryview(part)):
            parts.append(bytes(part[:count]))
        return b"".join(parts)

    def close(self) -> None:
        self._file.close()
        super().close()
