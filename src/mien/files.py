"""Writes files whole or not at all, closes and locks, and reports failures on one line."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from mien.errors import ConfigError, OutputError
from mien.reading import check_regular

LOCK = ".lock"
"""The file that ``lock_folder`` holds; it says which process does what."""

_PARTIAL = re.compile(r"\.[0-9a-f]{12}\.tmp(\.mp4|\.webm)?")  # a file until it is whole
_swept: set[str] = set()

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


class Closing:
    """A base for what has ``close``: leaving the ``with`` block calls it, after an error too."""

    def close(self) -> None:
        """Finish; nothing by default."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that a kill or a full disk leaves either the old file or the new one.

    The first write into a folder sweeps it. Raises ``OutputError``, also for a device.
    """
    try:
        with WholeFile(path) as whole:
            whole.file.write(data)
            whole.finish()
    except (OSError, ValueError) as error:
        raise output_error(repr(str(path)), error) from error


class WholeFile:
    """A file that is written bit by bit and takes its name when ``finish`` is called.

    Until then the old file stays. Leaving the ``with`` block without ``finish`` removes what was
    written. The first one in a folder sweeps it. Raises ``OSError`` and ``ValueError``.
    """

    def __init__(self, path: Path, suffix: str = "") -> None:
        """``suffix``: of the unfinished file, for a library that writes into it by its name."""
        self._path = path
        self._partial: Path | None = None
        _check_replaceable(path)
        folder = str(path.parent)
        if folder not in _swept:
            _swept.add(folder)
            sweep(path.parent)
        self._partial, self.file = _open_partial(path.parent, suffix)

    @property
    def partial(self) -> Path:
        """Where the unfinished file is. Raises ``ValueError`` when it is no more."""
        if self._partial is None:
            raise ValueError("the file is finished or dropped")
        return self._partial

    def finish(self) -> None:
        """Give the file its name."""
        self.file.flush()
        os.fsync(self.file.fileno())  # else a power cut could leave an empty file with the new name
        if os.name == "nt":  # which renames no open file
            self.file.close()
        if self._partial is not None:
            self._partial.replace(self._path)
        self._partial = None
        self.file.close()

    def drop(self) -> None:
        """Remove what is not finished; a second call does nothing."""
        with suppress(OSError, ValueError):  # report the first error
            self.file.close()
        if self._partial is not None:
            with suppress(OSError, ValueError):
                self._partial.unlink(missing_ok=True)
        self._partial = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()


def append_whole(file: int, data: bytes) -> None:
    """Write all of ``data`` at the end of an open file or, where that fails, nothing.

    ``file`` is its descriptor, opened for appending. Raises ``OSError``.
    """
    size = os.fstat(file).st_size
    try:
        while data:
            data = data[os.write(file, data) :]
    except BaseException:
        os.ftruncate(file, size)
        raise


def write_at(path: Path, start: int, data: Iterable[bytes]) -> None:
    """Write ``data`` at byte ``start`` of a file, over the rest of an interrupted write.

    It is on the disk when this returns. Raises ``OutputError``.
    """
    try:
        path.touch()
        with path.open("r+b") as file:
            file.truncate(start)
            file.seek(start)
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise output_error(repr(str(path)), error) from error


def _check_replaceable(path: Path) -> None:
    """Raise ``OSError`` for what is not a file: root would replace ``/dev/null`` by one."""
    with suppress(FileNotFoundError):
        check_regular(path.stat().st_mode, path)
    if path.is_symlink() and path.parent == Path("/dev"):  # /dev/stdout > FILE leads to a file
        raise OSError(errno.EINVAL, "it is a device, not a file")


def sweep(folder: Path) -> None:
    """Remove the unfinished files of writers that were killed from ``folder``.

    A living writer holds a lock on its file, which stays. Without locks nothing is removed.
    """
    try:
        import fcntl

        with os.scandir(folder) as entries:
            partials = [entry.path for entry in entries if _PARTIAL.fullmatch(entry.name)]
    except (ImportError, OSError, ValueError):
        return
    for partial in partials:
        with suppress(OSError):
            number = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if stat.S_ISREG(os.fstat(number).st_mode):
                    Path(partial).unlink()
            finally:
                os.close(number)


def _open_partial(folder: Path, suffix: str) -> tuple[Path, IO[bytes]]:
    """A new file in ``folder``, locked, so that no other process sweeps it away."""
    while True:
        partial = folder / f".{secrets.token_hex(6)}.tmp{suffix}"
        file = partial.open("xb")
        if try_lock(file, partial):
            return partial, file
        file.close()  # swept between open and lock


def check_writable(path: Path) -> None:
    """Raise ``OutputError`` now if ``write_whole`` would fail, before a command does its work."""
    try:
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {str(path.parent)!r}")
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        _check_replaceable(path)
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
        if not is_own_file(path):
            raise OSError(errno.EINVAL, "it is a link, or not a file")
        file = path.open("a+b", buffering=0)  # a buffer would fail again when it is closed
    except OSError as error:
        raise output_error(repr(str(path)), error) from error
    with file:
        if not try_lock(file, path):
            file.seek(0)
            holder = file.read().decode(errors="replace") or "another process is writing to"
            raise ConfigError(f"{holder} {folder}: wait until it ends, or give another folder")
        try:
            try:
                file.truncate(0)
                file.write(f"process {os.getpid()} is {what}".encode())
            except OSError as error:
                raise output_error(repr(str(path)), error) from error
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def is_own_file(path: Path) -> bool:
    """Whether writing to ``path`` changes this file only: it is missing, or a file of one name."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def try_lock(file: IO[Any], path: Path) -> bool:
    """Lock the file at ``path``, opened as ``file``, until it is closed, if the system has locks.

    ``False`` where another process holds it, or has removed it.
    """
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The process before removes its file: a lock on what is no longer there locks nothing.
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except (ImportError, OSError):  # Windows, or a file system without locks
        return True
