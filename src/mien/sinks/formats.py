"""Formats of results by name and by the suffix of a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath
from typing import TextIO

from mien.errors import ConfigError
from mien.sinks.base import Sink
from mien.sinks.csv import CsvSink
from mien.sinks.json import JsonSink
from mien.sinks.jsonl import JsonlSink
from mien.sinks.parquet import ParquetSink
from mien.sinks.table import TableSink

FORMATS: dict[str, Callable[..., Sink]] = {
    "table": TableSink,
    "json": JsonSink,
    "jsonl": JsonlSink,
    "csv": CsvSink,
    "parquet": ParquetSink,
}
"""Name → sink."""
FORMAT_SUFFIXES = {
    ".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".parquet": "parquet", ".table": "table",
    ".txt": "table",
}  # fmt: skip
"""Lower-case suffix → name."""


def format_of(output: str | os.PathLike[str]) -> str:
    """The format that the suffix of a file names; a table for a file without one.

    Raises ``ConfigError`` for an unknown suffix.
    """
    suffix = PurePath(output).suffix.lower()
    if suffix and suffix not in FORMAT_SUFFIXES:
        raise ConfigError(
            f"no format is known by the suffix of {os.fspath(output)!r}: "
            f"give {', '.join(FORMAT_SUFFIXES)}, or --format"
        )
    return FORMAT_SUFFIXES.get(suffix, "table")


def open_sink(
    output: str | os.PathLike[str] | None,
    format_: str | None,
    stream: TextIO,
    *,
    table: Callable[..., Sink] = TableSink,
) -> Sink:
    """The sink for a file, or for ``stream`` where ``output`` is ``None``.

    ``format_``: a name in ``FORMATS``; by default the file's suffix decides, and a stream gets a
    table, which ``table`` makes. Raises ``ConfigError`` and what the sink raises.
    """
    formats = {**FORMATS, "table": table}
    if output is None:
        if format_ == "parquet":
            raise ConfigError("Parquet is not text: give --output FILE.parquet")
        return formats[format_ or "table"](stream)
    return formats[format_ or format_of(output)](output)
