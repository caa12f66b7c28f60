"""Lists and tables of paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from mien.datasets.files.columns import COLUMNS
from mien.datasets.files.folders import Folder
from mien.datasets.files.parquet import ParquetFile
from mien.datasets.files.text_tables import open_text_table
from mien.errors import InputError
from mien.reading import open_file

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")
_PARQUET = ".parquet"
_LONGEST = 1 << 16
"""Bytes of a line."""


def is_list(name: str) -> bool:
    """Whether the suffix is that of a list of paths."""
    return name.lower().endswith(".txt")


def is_table(name: str) -> bool:
    """Whether the suffix is that of a table."""
    return name.lower().endswith((*_TABLES, _PARQUET))


def paths_of_list(name: str) -> Iterator[str]:
    """The lines of a text file, or with ``-`` of standard input; NUL separates paths as well.

    Raises ``InputError``.
    """
    if name == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed: give it a list of paths, one per line")
        yield from _lines(sys.stdin.buffer)
        return
    try:
        with open_file(name) as file:
            yield from _lines(file)
    except OSError as error:
        raise InputError(f"cannot read {name!r} ({error.strerror}): give a list of paths") from None


def _lines(file: IO[bytes]) -> Iterator[str]:
    while line := file.readline(_LONGEST):
        for part in line.rstrip(b"\r\n").split(b"\0"):
            if part.strip():
                yield os.fsdecode(part)


def paths_of_table(name: str) -> Iterator[str]:
    """The paths in a table's column of pictures. Raises ``InputError`` and ``DatasetError``."""
    path = Path(name)
    if not path.is_file():
        raise InputError(f"no file {name!r}: check the path")
    folder = Folder(path.parent)
    rows: Iterator[Mapping[str, str]]
    if name.lower().endswith(_PARQUET):
        table = ParquetFile(folder, path.name)
        column = _column(table.header, name)
        rows = table.rows(iter([column]))
    else:
        text = open_text_table(folder, path.name)
        column = _column(text.header, name)
        rows = (row or {} for _, row in text.rows)
    for row in rows:
        if value := row.get(column):
            yield value


def _column(header: tuple[str, ...], name: str) -> str:
    for column in COLUMNS["picture"]:
        if column in header:
            return column
    raise InputError(
        f"{name!r} has no column of paths among {', '.join(header[:20])}: call it 'path'"
    )
