"""Text files of WIDER FACE and FDDB: a picture's path, its number of faces, a line per face."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mien.datasets.files.archive import DAMAGE, Archive
from mien.errors import DatasetError

_COUNT = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Listed:
    """One picture of such a file."""

    path: str
    """As written."""
    faces: list[list[str]]
    """The words of each face's line."""
    line: int
    """Of the first face, counted from 1."""


def read_list(archive: Archive, table: str, columns: int, placeholder: bool) -> Iterator[Listed]:
    """The pictures of ``table`` in order; a face's line has ``columns`` words.

    ``placeholder``: a picture of 0 faces may be followed by a line of zeros. Raises
    ``DatasetError`` with the line number where a count is wrong or a line is incomplete.
    """
    try:
        with archive.text(table) as file:
            lines = [line.strip() for line in file.read().splitlines()]
    except DAMAGE as error:
        raise DatasetError(f"{archive.path}: {table} is damaged: {error}") from None
    while lines and not lines[-1]:
        lines.pop()

    def wrong(at: int, expected: str) -> DatasetError:
        found = f"is {lines[at][:60]!r}" if at < len(lines) else "is missing"
        return DatasetError(f"{archive.path}: {table}, line {at + 1} {found}, expected {expected}")

    at = 0
    while at < len(lines):
        path = lines[at]
        if not path or _is_face(path, columns):
            raise wrong(at, "the path of a picture: the number of faces before it may be too small")
        if at + 1 == len(lines) or not _COUNT.fullmatch(lines[at + 1]):
            raise wrong(at + 1, f"the number of faces of {path!r}")
        count = int(lines[at + 1])
        first = at + 2
        for row in range(first, first + count):
            if row >= len(lines) or len(lines[row].split()) != columns:
                raise wrong(
                    row,
                    f"{columns} numbers: face {row - first + 1:,} of the {count:,} that line "
                    f"{at + 2} announces for {path!r}",
                )
        yield Listed(path, [line.split() for line in lines[first : first + count]], first + 1)
        at = first + count
        if placeholder and not count and at < len(lines) and set(lines[at].split()) == {"0"}:
            at += 1


def _is_face(line: str, columns: int) -> bool:
    words = line.split()
    try:
        return len(words) == columns and all(float(word) is not None for word in words)
    except ValueError:
        return False
