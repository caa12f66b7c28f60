"""Rows of tables, for every sink that writes one."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from io import StringIO
from typing import Any

from mien.errors import InputError
from mien.escaping import for_csv
from mien.sinks.base import Closing, Target, TextOutput
from mien.types import COLUMNS, Result


def check_columns(row: Mapping[str, Any], columns: Collection[str]) -> None:
    """Raise ``InputError`` for a row that has other columns."""
    if set(row) != set(columns):
        raise InputError(
            f"columns {', '.join(row)} do not fit the table's {', '.join(columns)}: "
            "write the results of one model into one file"
        )


class TableRows:
    """The rows of results, every picture included, under the columns of the first face.

    A result that was not made by ``Recognizer`` may not know its model's columns. Pictures without
    a face then wait until the first face shows them.
    """

    def __init__(self) -> None:
        self._columns: tuple[str, ...] = ()
        self._waiting: list[Result] = []

    def rows(self, result: Result) -> list[dict[str, Any]]:
        """The rows to write now."""
        if not self._columns and len(result):
            self._columns = tuple(result.rows()[0])
        if not self._columns and len(result.columns) > len(COLUMNS):
            self._columns = result.columns
        self._waiting.append(result)
        return self.rest() if self._columns else []

    def rest(self) -> list[dict[str, Any]]:
        """The rows that waited."""
        waiting, self._waiting = self._waiting, []
        return [row for result in waiting for row in self._rows(result)]

    def _rows(self, result: Result) -> list[dict[str, Any]]:
        if len(result):
            return result.rows()
        return [result.empty_row(self._columns)]


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
        check_columns(row, self._columns)
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
