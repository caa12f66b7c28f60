"""What lies at a path: its pictures, and which kinds of tables, by their first lines."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path, PurePosixPath

from mien.datasets.crops.label_names import expression_in
from mien.datasets.files.archive import DAMAGE, Archive, open_archive
from mien.datasets.files.columns import find_columns
from mien.datasets.files.text_tables import split_header
from mien.errors import DatasetError
from mien.media.formats import is_picture_name
from mien.parsing import MOST_BYTES

_CATEGORIES = re.compile(r'"categories"\s*:\s*(?=\[)')
_HEAD = 1 << 16  # characters of a table that are looked at
_MOST_ROWS = 200  # of a table with boxes that are looked at
_MOST_TABLES = 20  # of each suffix that are looked at, the least deep ones first


class Place:
    """What lies at a path, listed only once and only when a rule asks for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.archive: Archive = open_archive(path)

    @cached_property
    def names(self) -> list[str]:
        """Every file."""
        return self.archive.names()

    @cached_property
    def pictures(self) -> list[str]:
        """Those that are pictures by their names."""
        return [name for name in self.names if is_picture_name(name)]

    @cached_property
    def folders(self) -> set[str]:
        """Those that hold pictures."""
        return {name.rpartition("/")[0] for name in self.pictures}

    @cached_property
    def kinds(self) -> set[str]:
        """What the tables are: ``coco``, ``expressions`` (COCO of these), ``pixels`` and so on."""
        return {kind for name in self._tables for kind in [self._kind(name)] if kind}

    @cached_property
    def _tables(self) -> list[str]:
        if self.archive.is_file and not self.pictures:
            return self.names  # whatever it is called
        found: dict[str, list[str]] = {}
        for name in sorted(self.names, key=lambda name: (name.count("/"), name)):
            suffix = PurePosixPath(name).suffix.lower()
            if suffix in _KINDS and len(found.setdefault(suffix, [])) < _MOST_TABLES:
                found[suffix].append(name)
        return [name for names in found.values() for name in names]

    def _kind(self, name: str) -> str:
        try:
            return _KINDS.get(PurePosixPath(name).suffix.lower(), _table_kind)(self, name)
        except (DatasetError, csv.Error, *DAMAGE):
            return ""

    def head(self, name: str, most: int = _HEAD) -> str:
        """The first ``most`` characters of a text."""
        with self.archive.text(name) as file:
            return file.read(most)

    def first_row(self, name: str) -> list[str]:
        """The cells of a table's first line, in small letters."""
        return split_header(self.head(name).partition("\n")[0])


def _table_kind(place: Place, name: str) -> str:
    """By the header: ``pixels`` of FER2013, ``boxes``, or a ``table`` of pictures and labels."""
    columns = find_columns(place.first_row(name))
    if {"emotion", "pixels", "usage"} <= set(columns.header):
        return "pixels"
    if columns.is_of_raters and not place.archive.is_file:
        return ""
    if not columns.is_labelled:
        return "other" if len(columns.header) > 1 else ""
    if PurePosixPath(name).stem.lower() == "metadata":
        return "metadata"
    if not columns.box or not name.lower().endswith(".csv"):
        return "table"
    # What 'boxes' does not read: other delimiters, and rows without a box.
    lines = place.head(name).lower().rpartition("\n")[0].splitlines()
    rows = list(csv.DictReader(lines[:_MOST_ROWS]))
    has_boxes = all(any((row.get(column) or "").strip() for column in columns.box) for row in rows)
    return "boxes" if has_boxes else "table"


def _json_kind(place: Place, name: str) -> str:
    """``dataturks`` for a JSON object a line, ``coco``, or ``expressions`` in a COCO file."""
    head = place.head(name)
    if _is_dataturks(head):
        return "dataturks"
    if '"images"' not in (text := place.head(name, MOST_BYTES)) or '"annotations"' not in text:
        return ""
    for match in _CATEGORIES.finditer(text):
        try:
            categories, _ = json.JSONDecoder().raw_decode(text, match.end())
            names = [str(category["name"]) for category in categories]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        return "expressions" if any(expression_in(name, None) for name in names) else "coco"
    return ""


def _is_dataturks(head: str) -> bool:
    first = head.lstrip().partition("\n")[0]
    return first.startswith("{") and '"content"' in first and '"annotation"' in first


def _lines_kind(place: Place, name: str) -> str:
    head = place.head(name)
    if _is_dataturks(head):
        return "dataturks"
    try:
        row = json.loads(head.lstrip().partition("\n")[0])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(row, dict):
        return ""
    if not find_columns(list(row)).is_labelled:
        return "other"
    return "metadata" if PurePosixPath(name).stem.lower() == "metadata" else "table"


def _parquet_kind(place: Place, name: str) -> str:
    return "table"


def _xml_kind(place: Place, name: str) -> str:
    return "voc" if "<annotation" in place.head(name) else ""


_KINDS: dict[str, Callable[[Place, str], str]] = {
    ".csv": _table_kind,
    ".json": _json_kind,
    ".jsonl": _lines_kind,
    ".ndjson": _lines_kind,
    ".parquet": _parquet_kind,
    ".tsv": _table_kind,
    ".xml": _xml_kind,
}
