"""Writes files completely or not at all, locks folders, and reports failures on one line."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mien.errors import ConfigError, OutputError

LOCK = ".lock"
"""The file that ``lock_folder`` holds; it says which process does what."""

_ADVICE = {
    errno.ENOSPC: "free some space, or write elsewhere",
    errno.EDQUOT: "free some space, or write elsewhere",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "choose a folder",
    errno.EEXIST: "choose a folder",
    errno.EISDIR: "give a file name",
    errno.EPIPE: "the reader has closed it",
}


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that a kill or a full disk leaves either the old file or the new one.

    Raises ``OutputError``.
    """
    partial = path.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave an empty file with the new name
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError, ValueError):  # report the first error
            partial.unlink(missing_ok=True)
        if isinstance(error, (OSError, ValueError)):
            raise output_error(repr(str(path)), error) from error
        raise


def check_writable(path: Path) -> None:
    """Raise ``OutputError`` now if ``write_whole`` would fail, before a command does its work."""
    try:
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {str(path.parent)!r}")
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, ValueError) as error:
        raise output_error(repr(str(path)), error) from error


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents. Raises ``OutputError``."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise output_error(repr(str(path)), error) from error


def output_error(name: str, error: Exception) -> OutputError:
    """An ``OutputError`` on one line: the file's ``name``, the system's reason, and what to do."""
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())
    advice = _ADVICE.get(getattr(error, "errno", None) or 0, "write elsewhere")
    return OutputError(f"cannot write {name} ({reason}): {advice}")


@contextmanager
def lock_folder(folder: Path, what: str) -> Iterator[None]:
    """Keep other processes out of ``folder`` during a ``with`` block.

    The system releases the lock when the process ends, however it ends. ``what`` this process does,
    such as ``"packing into"``, goes into the message that a second process gets. Nothing is locked
    where the system or the file system has no locks.

    Raises ``ConfigError`` where another process holds the lock, ``OutputError`` where the folder
    cannot be written.
    """
    path = folder / LOCK
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise output_error(repr(str(folder)), error) from error
    with file:
        if not _lock(file, path):
            file.seek(0)
            holder = file.read() or "another process is writing to"
            raise ConfigError(f"{holder} {folder}: wait until it ends, or give another folder")
        file.truncate(0)
        file.write(f"process {os.getpid()} is {what}")
        file.flush()
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def _lock(file: IO[str], path: Path) -> bool:
    """Whether no other process holds the file at ``path``, opened as ``file``."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The process before removes its file: a lock on what is no longer there locks nothing.
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except (ImportError, OSError):  # Windows, or a file system without locks
        return True
