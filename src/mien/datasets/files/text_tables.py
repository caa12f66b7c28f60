"""Tables written as text: CSV, also with tabs or semicolons, and JSON Lines."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from mien.datasets.files.archive import DAMAGE, Archive
from mien.datasets.files.lines import bounded_lines
from mien.errors import DatasetError
from mien.parsing import parse_json

DELIMITED = (".csv", ".tsv", ".txt")
JSON_LINES = (".jsonl", ".ndjson")
NOT_AN_OBJECT = "line is not a JSON object"
_DELIMITERS = ",\t;|"
_KEYS_OF = 100  # lines of JSON whose keys are the columns
_NOT_A_NUMBER = frozenset({"nan", "<na>"})
NO_VALUE = frozenset({"na", "n/a", "null", "none"})
"""What programs write for a missing value, in small letters; these may be labels, too."""

Row = tuple[int, "Mapping[str, str] | None"]
"""Line number, and column in small letters → text; ``None`` for a line that cannot be read."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table whose rows are read one after the other."""

    header: tuple[str, ...]
    """Columns in small letters."""
    rows: Iterator[Row]
    """Raises ``DatasetError`` where the file is damaged."""


def open_text_table(archive: Archive, name: str) -> TextTable:
    """The table ``name``; its text is UTF-8, with or without a byte order mark.

    Raises ``DatasetError``.
    """
    read = _json_rows if name.lower().endswith(JSON_LINES) else _csv_rows
    rows = read(archive, name)
    header = tuple(next(rows, (0, {}))[1] or ())
    return TextTable(header, rows)


def split_header(line: str) -> list[str]:
    """The cells of a header, by the delimiter that makes most of them, in small letters."""
    rows = [next(csv.reader([line], delimiter=mark), []) for mark in _DELIMITERS]
    return [cell.strip().lower() for cell in max(rows, key=len)]


def text(value: Any) -> str:
    """A value of a table as text: empty for none, without ``.0`` for a whole number."""
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.0f}" if value.is_integer() else repr(value)
    written = str(value).strip()
    return "" if written.lower() in _NOT_A_NUMBER else written


def _csv_rows(archive: Archive, name: str) -> Iterator[Row]:
    """The header as a row of its own, then every row."""
    line = 0
    try:
        with archive.text(name) as file:
            lines = bounded_lines(file)
            first = next(lines, "")
            header = split_header(first)
            mark = max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark))))
            yield 1, dict.fromkeys(header, "")
            reader = csv.reader(lines, delimiter=mark)
            for cells in reader:
                line = reader.line_num + 1
                if cells:
                    yield line, dict(zip(header, map(text, cells), strict=False))
    except (csv.Error, *DAMAGE) as error:
        raise DatasetError(_damaged(archive, name, line, "CSV", error)) from None


def _json_rows(archive: Archive, name: str) -> Iterator[Row]:
    line = 0
    try:
        with archive.text(name) as file:
            numbered = enumerate(bounded_lines(file), start=1)
            objects = ((line, _object(written)) for line, written in numbered if written.strip())
            head = list(islice(objects, _KEYS_OF))
            columns = {key: "" for _, fields in head for key in fields or ()}
            yield 1, columns
            for line, fields in chain(head, objects):
                yield line, fields
    except DAMAGE as error:
        raise DatasetError(_damaged(archive, name, line, "JSON Lines", error)) from None


def _object(line: str) -> dict[str, str] | None:
    try:
        fields = parse_json(line, finite=False)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    return {key.strip().lower(): text(value) for key, value in fields.items()}


def _damaged(archive: Archive, name: str, line: int, what: str, error: Exception) -> str:
    advice = ": save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
    after = f" after line {line}" if line else ""
    return f"{archive.path}: {name} is damaged{after}, or not {what} ({error}){advice}"
