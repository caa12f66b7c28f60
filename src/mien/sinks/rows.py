"""Rows of a CSV file, for every sink that writes one."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from mien.errors import InputError
from mien.escaping import for_csv
from mien.sinks.base import Closing, Target, TextOutput


class CsvRows(Closing):
    """A header, then rows, each flushed at once; the first row fixes the columns."""

    def __init__(self, target: Target) -> None:
        """Raises ``OutputError`` where ``target`` cannot be opened."""
        self._output = TextOutput(target)
        self._columns: tuple[str, ...] = ()

    def write(self, row: Mapping[str, Any]) -> None:
        """Write one row; ``InputError`` where its columns differ from the header."""
        if not self._columns:
            self._header(row)
        if set(row) != set(self._columns):
            raise InputError(
                f"columns {', '.join(row)} do not fit the table's {', '.join(self._columns)}: "
                "write the results of one model into one file"
            )
        self._line(row[column] for column in self._columns)

    def close(self, columns: Iterable[str] = ()) -> None:
        """Close the file; without any row, write ``columns`` as the header first."""
        if columns and not self._columns and self._output.is_open:
            self._header(columns)
        self._output.close()

    def _header(self, columns: Iterable[str]) -> None:
        self._columns = tuple(columns)
        self._line(self._columns)

    def _line(self, values: Iterable[Any]) -> None:
        line = StringIO()
        csv.writer(line, lineterminator="\n").writerow(map(for_csv, values))
        self._output.write(line.getvalue())
