"""CSV: one row per face."""

from __future__ import annotations

from mien.sinks.base import Closing, Image, Target
from mien.sinks.rows import CsvRows, TableRows
from mien.types import COLUMNS, Result


class CsvSink(Closing):
    """A header, then one row per face; a picture without a face has one row with empty cells.

    The columns are those of ``Result.rows()``; the probability columns are the labels of the model,
    and a later result with other labels raises ``InputError``.
    """

    def __init__(self, target: Target) -> None:
        """``target``: a path, overwritten, or an open text stream. Raises ``OutputError``."""
        self._file, self._table = CsvRows(target), TableRows()

    def write(self, result: Result, image: Image | None = None) -> None:
        """Write the faces of one picture; ``image`` is ignored. Raises ``OutputError``."""
        for row in self._table.rows(result):
            self._file.write(row)

    def close(self) -> None:
        """Close the file; a given stream stays open."""
        for row in self._table.rest():
            self._file.write(row)
        self._file.close(COLUMNS)
