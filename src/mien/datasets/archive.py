"""One way to read a folder, a zip (without unpacking) and a single file."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Protocol, TextIO

from mien.errors import DatasetError


class Archive(Protocol):
    """Named members with bytes behind them."""

    path: Path
    is_file: bool
    """Whether ``path`` is itself the one member."""

    def names(self) -> list[str]:
        """Every member, as a POSIX path relative to the archive's root, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of one member; ``DatasetError`` where they cannot be had."""
        ...

    def text(self, name: str) -> TextIO:
        """One member as an open UTF-8 text file (a byte order mark is dropped)."""
        ...


class Folder:
    """A folder, or a single file, on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_file = path.is_file()
        self._root = path.parent if self.is_file else path

    def names(self) -> list[str]:
        """Members below the folder; for a single file that file alone."""
        if self.is_file:
            return [self.path.name]
        return sorted(p.relative_to(self._root).as_posix() for p in self._root.rglob("*.*"))

    def read(self, name: str) -> bytes:
        """The bytes of one member."""
        try:
            return (self._root / name).read_bytes()
        except OSError as error:
            raise DatasetError(f"cannot read {self._root / name}: {error.strerror}") from None

    def text(self, name: str) -> TextIO:
        """One member as an open text file."""
        try:
            return (self._root / name).open(encoding="utf-8-sig", newline="")
        except OSError as error:
            raise DatasetError(f"cannot read {self._root / name}: {error.strerror}") from None


class Zip:
    """A zip file, read member by member."""

    is_file = False

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DatasetError(f"{path} cannot be read as a zip: {error}") from None

    def names(self) -> list[str]:
        """Members that are files; macOS's resource forks are left out."""
        names = (n for n in self._zip.namelist() if not n.endswith("/"))
        return sorted(n for n in names if not n.startswith("__MACOSX/"))

    def read(self, name: str) -> bytes:
        """The bytes of one member."""
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise DatasetError(f"{self.path}: {name} is damaged: {error}") from None

    def text(self, name: str) -> TextIO:
        """One member as an open text file, unpacked while it is read."""
        return io.TextIOWrapper(self._zip.open(name), encoding="utf-8-sig", newline="")


def open_archive(path: Path) -> Archive:
    """Folder, zip or file, by what lies at ``path``; nothing there is a ``DatasetError``."""
    if not path.exists():
        raise DatasetError(f"no data at {path}: no such file or folder")
    if path.is_file() and zipfile.is_zipfile(path):
        return Zip(path)
    if path.suffix.lower() == ".zip":
        raise DatasetError(f"{path} is no zip file, or a damaged one")
    return Folder(path)
