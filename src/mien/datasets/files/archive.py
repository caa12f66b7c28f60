"""One way to read a folder, a zip (without unpacking) and a single file."""

from __future__ import annotations

import errno
import io
import lzma
import os
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Protocol, TextIO

from mien.errors import DatasetError

DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, UnicodeDecodeError, OSError)
"""Errors that reading a damaged member raises, at once or later."""


class Archive(Protocol):
    """Named members and their bytes."""

    path: Path
    is_file: bool
    """Whether ``path`` is a single file, the only member."""

    def names(self) -> list[str]:
        """Every member as a POSIX path relative to the archive's root, sorted.

        Without hidden files and macOS's resource forks.
        """
        ...

    def read(self, name: str) -> bytes:
        """The bytes of one member; ``DatasetError`` where it cannot be read."""
        ...

    def text(self, name: str) -> TextIO:
        """One member as an open UTF-8 text file, without its byte order mark.

        ``DatasetError`` where it cannot be opened; reading it may raise one of ``DAMAGE``.
        """
        ...


class Folder:
    """A folder, or a single file, on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_file = not os.path.isdir(path)  # noqa: PTH112 - Path's own raises on odd names
        self._root = path.parent if self.is_file else path

    def names(self) -> list[str]:
        """Files below the folder; a single file is its own only member."""
        if self.is_file:
            return [self.path.name]
        names: list[str] = []
        for folder, _, files in os.walk(self._root, onerror=_raise_unreadable):
            below = Path(folder).relative_to(self._root).as_posix()
            names += [file if below == "." else f"{below}/{file}" for file in files]
        return sorted(name for name in names if not _is_hidden(name))

    def read(self, name: str) -> bytes:
        """The bytes of one member."""
        try:
            path = self._root / name
            if not stat.S_ISREG(path.stat().st_mode) and not self.is_file:
                # A table may name an endless device or a pipe without a writer.
                raise OSError(errno.EINVAL, "not a file")
            return path.read_bytes()
        except (OSError, ValueError) as error:
            raise self._read_error(name, error) from None

    def text(self, name: str) -> TextIO:
        """One member as an open text file."""
        try:
            return (self._root / name).open(encoding="utf-8-sig", newline="")
        except (OSError, ValueError) as error:
            raise self._read_error(name, error) from None

    def _read_error(self, name: str, error: OSError | ValueError) -> DatasetError:
        """``ValueError``: a table may contain a name that no file can have."""
        reason = getattr(error, "strerror", None) or error
        return DatasetError(f"cannot read {self._root / name}: {reason}")


class Zip:
    """A zip file, read member by member."""

    is_file = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()
        # Some Windows programs store backslashes, which separate folders only there.
        members = ((name.replace("\\", "/"), name) for name in self._zip.namelist())
        self._members = {
            name: member
            for name, member in members
            if not name.endswith("/") and not _is_hidden(name)
        }

    def _open(self) -> None:
        try:
            self._zip, self._process = zipfile.ZipFile(self.path), os.getpid()
        except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
            raise DatasetError(f"{self.path} cannot be read as a zip: {error}") from None

    def _opened(self) -> zipfile.ZipFile:
        """The zip, opened by this process: forked ones would share the position in the file."""
        if self._process != os.getpid():
            self._open()
        return self._zip

    def __reduce__(self) -> tuple[type[Zip], tuple[Path]]:
        """Pickled as its path: a process that is not forked opens it again."""
        return Zip, (self.path,)

    def names(self) -> list[str]:
        """Every member but folders and hidden files."""
        return sorted(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of one member."""
        try:
            return self._opened().read(self._members[name])
        except (*DAMAGE, RuntimeError) as error:  # RuntimeError: encrypted, or an unknown method
            raise DatasetError(f"{self.path}: {name} cannot be read: {error}") from None

    def text(self, name: str) -> TextIO:
        """One member as an open text file, decompressed while it is read."""
        try:
            member = self._opened().open(self._members[name])
        except (*DAMAGE, RuntimeError) as error:
            raise DatasetError(f"{self.path}: {name} cannot be read: {error}") from None
        return io.TextIOWrapper(member, encoding="utf-8-sig", newline="")


def open_archive(path: Path) -> Archive:
    """Open the folder, zip or file at ``path``; ``DatasetError`` where it cannot be read."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()  # os.walk would skip a protected folder silently
            return Folder(path)
        with path.open("rb") as file:
            is_zip = zipfile.is_zipfile(file)
    except (FileNotFoundError, NotADirectoryError):
        raise DatasetError(f"no data at {path}: no such file or folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"cannot read {path}: {reason}") from None
    if is_zip:
        return Zip(path)
    if status.st_size and path.suffix.lower() == ".zip":
        raise DatasetError(f"{path} is not a zip file, or is truncated: download it again")
    return Folder(path)


def _raise_unreadable(error: OSError) -> None:
    raise DatasetError(f"cannot read {error.filename}: {error.strerror}") from None


def _is_hidden(name: str) -> bool:
    """Whether a part of the path starts with a dot (``.git``, ``._x.png``) or is ``__MACOSX``."""
    return name.startswith((".", "__MACOSX/")) or "/." in name
