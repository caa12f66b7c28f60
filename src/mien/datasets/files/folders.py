"""A folder, or a single file, on disk; nothing outside it is read."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO, TextIO

from mien.datasets.files.limits import MAX_PICTURE_BYTES, MAX_TABLE_BYTES, max_bytes, too_large
from mien.errors import DatasetError
from mien.media.clutter import clutter_in, is_clutter
from mien.reading import open_file

ROOTS = "MIEN_DATA_ROOTS"
"""The environment variable that lists further folders, separated as in ``PATH``: links in a data
set and paths in its annotation files may lead into them."""
LINKED = "link to a folder outside"
"""In ``Archive.beside``: folders that were not searched."""


class Folder:
    """A folder, or a single file. Its files are read if they lie in it, or below ``ROOTS``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_file = not os.path.isdir(path)  # noqa: PTH112 - Path's own raises on odd names
        self._root = path.parent if self.is_file else path

    @property
    def beside(self) -> dict[str, list[str]]:
        """Clutter → what lies in it; see ``Archive``."""
        return self._listed[1]

    def names(self) -> list[str]:
        """Files below the folder; a single file is its own only member."""
        return [self.path.name] if self.is_file else list(self._listed[0])

    def holds(self, name: str) -> bool:
        """Whether there is such a file, and it may be read."""
        try:
            return os.path.isfile(self._inside(name))  # noqa: PTH113 - Path's own raises
        except (OSError, ValueError):
            return False

    def read(self, name: str, most: int | None = None) -> bytes:
        """The bytes of one member."""
        limit = most or max_bytes(MAX_PICTURE_BYTES)
        try:
            with self._open(name, limit) as file:
                data = file.read(limit + 1)
            if reason := too_large(len(data), limit):
                raise OSError(reason)
        except (OSError, ValueError) as error:
            raise self._unreadable(name, error) from None
        return data

    def text(self, name: str) -> TextIO:
        """One member as an open text file."""
        try:
            file = self._open(name, max_bytes(MAX_TABLE_BYTES))
        except (OSError, ValueError) as error:
            raise self._unreadable(name, error) from None
        return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")

    def open(self, name: str) -> IO[bytes]:
        """One member of any size as an open binary file, to be read in parts."""
        try:
            return open_file(Path(self._inside(name)))
        except (OSError, ValueError) as error:
            raise self._unreadable(name, error) from None

    def _open(self, name: str, most: int) -> IO[bytes]:
        file = open_file(Path(self._inside(name)))
        if reason := too_large(os.fstat(file.fileno()).st_size, most):
            file.close()
            raise OSError(reason)
        return file

    def _inside(self, name: str) -> str:
        """The real path of a member. Raises ``OSError`` where that is outside."""
        if self.is_file and name == self.path.name:
            return str(self.path)  # the user's own choice, even if it is a link
        path = os.path.realpath(self._root / name)
        if not any(_slashed(path).startswith(root) for root in self._roots):
            raise OSError(
                f"it lies outside the data set, and is not read unless {ROOTS} names its folder"
            )
        return path

    @cached_property
    def _roots(self) -> list[str]:
        """Real paths of the folders that files may lie in, each with a slash at its end."""
        named = os.environ.get(ROOTS, "").split(os.pathsep)
        roots = [str(self._root), *filter(None, named)]
        return [_slashed(os.path.realpath(root)) for root in roots]

    @cached_property
    def _listed(self) -> tuple[list[str], dict[str, list[str]]]:
        """The members' names, sorted, and the clutter."""
        names: list[str] = []
        beside: dict[str, list[str]] = {}
        for name in self._walk("", set(), beside):
            if part := clutter_in(name):
                beside.setdefault(part, []).append(name)
            else:
                names.append(name)
        return sorted(names), beside

    def _walk(
        self, below: str, seen: set[tuple[int, int]], beside: dict[str, list[str]]
    ) -> Iterator[str]:
        """Files below the folder ``below``, and of linked folders that are outside but allowed.

        Links to folders inside would list the same files twice. ``seen``: devices and inodes of
        linked folders, which may form loops.
        """
        for folder, folders, files in os.walk(self._root / below, onerror=_raise_unreadable):
            place = Path(folder).relative_to(self._root).as_posix()
            prefix = "" if place == "." else f"{place}/"
            yield from (f"{prefix}{file}" for file in files)
            for name in folders:
                if os.path.islink(os.path.join(folder, name)) and not is_clutter(name):  # noqa: PTH114, PTH118
                    yield from self._linked(f"{prefix}{name}", seen, beside)

    def _linked(
        self, name: str, seen: set[tuple[int, int]], beside: dict[str, list[str]]
    ) -> Iterator[str]:
        try:
            path = self._inside(name)
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            beside.setdefault(LINKED, []).append(name)
            return
        place = (status.st_dev, status.st_ino)
        if not _slashed(path).startswith(self._roots[0]) and place not in seen:
            seen.add(place)
            yield from self._walk(name, seen, beside)

    def _unreadable(self, name: str, error: OSError | ValueError) -> DatasetError:
        """``ValueError``: a table may contain a name that no file can have."""
        reason = getattr(error, "strerror", None) or error
        return DatasetError(f"cannot read {self._root / name}: {reason}")


def _slashed(path: str) -> str:
    """With a slash at the end, so that ``/data`` does not begin like ``/database``."""
    return os.path.join(path, "")  # noqa: PTH118


def _raise_unreadable(error: OSError) -> None:
    raise DatasetError(f"cannot read {error.filename}: {error.strerror}") from None
