"""Reads the bytes of an input, and notices where they are not those that were listed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from mien.datasets.files.limits import MAX_PICTURE_BYTES, max_bytes, too_large
from mien.errors import ImageReadError, InputError, one_line
from mien.reading import open_file, unreadable
from mien.scale.inputs import DEFLATED, STORED, Input, is_remote
from mien.scale.opening import open_seekable, pread, read_range

_HEADER = 30  # bytes of a zip's local header before the name
_GONE = "it is gone since it was listed"
_SLACK = 1024  # bytes of name and further fields that are read at once with a remote member


class ChangedError(InputError):
    """An input is no longer what was listed."""


def read_picture(wanted: Input) -> bytes:
    """The bytes of a picture. Raises ``ImageReadError`` and ``ChangedError``."""
    try:
        if reason := too_large(wanted.size, max_bytes(MAX_PICTURE_BYTES)):
            raise OSError(reason)
        if wanted.member is not None:
            return _member(wanted)
        if is_remote(wanted.path):
            data = read_range(wanted.path, 0, wanted.size + 1)
        else:
            with open_file(wanted.path) as file:
                _check_time(wanted, file)
                data = file.read(wanted.size + 1)
        if len(data) != wanted.size:
            raise _changed(wanted)
        return data
    except OSError as error:
        raise ImageReadError(unreadable(error, repr(wanted.source), missing=_GONE)) from None


@contextmanager
def readers(group: Sequence[Input]) -> Iterator[list[Callable[[], bytes]]]:
    """For each picture of a group, a function that does what ``read_picture`` does.

    Objects of stores are all fetched at the same time, from the start: an answer takes them long.
    """
    with ThreadPoolExecutor(max(1, len(group))) as pool:  # starts threads as they are needed

        def reader(wanted: Input) -> Callable[[], bytes]:
            read = partial(read_picture, wanted)
            is_fetched = is_remote(wanted.path) and not wanted.video
            if not is_fetched or wanted.duplicate_of is not None:
                return read
            return pool.submit(read).result

        yield list(map(reader, group))


@contextmanager
def video_file(wanted: Input) -> Iterator[str]:
    """The path of a video's file; that of an object is a copy, which is removed afterwards.

    Raises ``InputError``.
    """
    try:
        if not is_remote(wanted.path):
            with open_file(wanted.path) as file:
                _check_time(wanted, file)
                if os.fstat(file.fileno()).st_size != wanted.size:
                    raise _changed(wanted)
            yield wanted.path
            return
        with tempfile.TemporaryDirectory(prefix="mien-") as folder:
            copy = Path(folder) / "video"
            with open_seekable(wanted.path) as remote, copy.open("wb") as local:
                shutil.copyfileobj(remote, local, 1 << 20)
            if copy.stat().st_size != wanted.size:
                raise _changed(wanted)
            yield str(copy)
    except OSError as error:
        raise InputError(unreadable(error, repr(wanted.source), missing=_GONE)) from None


def check_state(wanted: Input) -> None:
    """Raise ``ChangedError`` where a file is gone, or is not as it was listed.

    Objects of a store are not looked for.
    """
    if is_remote(wanted.path):
        return
    try:
        status = os.stat(wanted.path)  # noqa: PTH116
    except (OSError, ValueError):
        raise ChangedError(f"no file {wanted.source!r}: {_GONE}") from None
    same_size = wanted.member is not None or status.st_size == wanted.size
    if not same_size or wanted.mtime_ns not in (None, status.st_mtime_ns):
        raise _changed(wanted)


def file_sha256(path: str) -> str:
    """The hash of a file's content. Raises ``OSError``."""
    whole = hashlib.sha256()
    with open_file(path) as file:
        while part := file.read(1 << 20):
            whole.update(part)
    return whole.hexdigest()


def _member(wanted: Input) -> bytes:
    """The unpacked bytes of a member; ``OSError`` where the archive is damaged."""
    assert wanted.offset is not None
    assert wanted.stored is not None
    if wanted.method not in (None, STORED, DEFLATED):
        raise OSError(
            f"it is encrypted or packed by method {wanted.method}: pack the zip again, by deflate"
        )
    if wanted.method is None:  # of a tar
        data = _part(wanted, wanted.offset, wanted.stored)
    else:
        data = _unpack(wanted, _zip_data(wanted))
    if len(data) != wanted.size or (wanted.crc is not None and zlib.crc32(data) != wanted.crc):
        raise OSError("it is damaged in the archive")
    return data


def _zip_data(wanted: Input) -> bytes:
    """The packed bytes after the local header, whose length only the header itself says."""
    assert wanted.offset is not None
    assert wanted.stored is not None
    slack = _SLACK if is_remote(wanted.path) else 0
    head = _part(wanted, wanted.offset, _HEADER + (slack and slack + wanted.stored))
    if head[:4] != b"PK\x03\x04":
        raise OSError("it is damaged in the archive")
    begin = _HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    if len(head) >= begin + wanted.stored and slack:
        return head[begin : begin + wanted.stored]
    return _part(wanted, wanted.offset + begin, wanted.stored)


def _unpack(wanted: Input, data: bytes) -> bytes:
    if wanted.method == STORED:
        return data
    try:
        return zlib.decompressobj(-15).decompress(data, wanted.size + 1)
    except zlib.error as error:
        raise OSError(f"it is damaged in the archive: {one_line(error)}") from None


def _part(wanted: Input, start: int, length: int) -> bytes:
    if is_remote(wanted.path):
        return read_range(wanted.path, start, start + length)
    with open_file(wanted.path) as file:
        _check_time(wanted, file)
        return pread(file, start, length)


def _check_time(wanted: Input, file: IO[bytes]) -> None:
    if wanted.mtime_ns not in (None, os.fstat(file.fileno()).st_mtime_ns):
        raise _changed(wanted)


def _changed(wanted: Input) -> ChangedError:
    return ChangedError(
        f"{wanted.source!r} has changed since it was listed: run again with --update"
    )
