"""Rows of the text tables of other programs: CSV and TSV, with lines before the header or none."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from mien.datasets.files.lines import bounded_lines
from mien.errors import InputError, one_line
from mien.log.imports.frames import Cells
from mien.reading import open_file

_MOST_PREAMBLE = 60  # lines before a header
_MOST_COLUMNS = 20_000
_HEAD = 1 << 18


def read_header(path: Path, wanted: Iterable[str]) -> tuple[list[str], int, str] | None:
    """(columns in small letters, line of the header from 0, separator) of a table.

    The header is the first line with all of ``wanted``; ``None`` if there is none. Raises
    ``InputError``.
    """
    needed = set(wanted)
    try:
        with open_file(path) as file:
            head = file.read(_HEAD).decode("utf-8-sig", "replace")
    except OSError as error:
        raise _unreadable(path, error) from None
    for number, line in enumerate(head.splitlines()[:_MOST_PREAMBLE]):
        for separator in (",", "\t", ";"):
            cells = next(csv.reader([line], delimiter=separator), [])
            columns = [cell.strip().lower() for cell in cells]
            if needed <= set(columns) and len(columns) <= _MOST_COLUMNS:
                return columns, number, separator
    return None


def rows(path: Path, columns: list[str], header: int, separator: str) -> Iterator[Cells]:
    """The rows after the header; a row that is too short has empty cells. Raises ``InputError``."""
    try:
        with open_file(path) as binary:
            file = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
            for number, cells in enumerate(
                csv.reader(bounded_lines(file), delimiter=separator, strict=False)
            ):
                if number <= header or not any(cells):
                    continue
                row = list(zip(columns, cells, strict=False))
                # OpenFace has x_0 in pixels first, and later X_0 in space.
                yield Cells(str(path), number + 1, dict(row[::-1]))
    except (OSError, ValueError, csv.Error) as error:
        if isinstance(error, InputError):
            raise
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
    return InputError(f"cannot read {str(path)!r} ({reason})")
