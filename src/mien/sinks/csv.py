"""CSV: one row a face."""

from __future__ import annotations

from mien.sinks.base import Closing, Image, Target
from mien.sinks.rows import COLUMNS, CsvRows
from mien.types import Result


class CsvSink(Closing):
    """Writes ``Result.rows()``: a header once, then one row a face, none for a picture without.

    The probability columns are the labels of the first face; a later result with other labels
    raises ``InputError``. A run without any face leaves a header alone.
    """

    def __init__(self, target: Target) -> None:
        """``target`` is a path, made anew, or an open text stream; ``OutputError`` if it fails."""
        self._rows = CsvRows(target)

    def write(self, result: Result, image: Image | None = None) -> None:
        """Write the faces of one picture; ``image`` is not used. Raises ``OutputError``."""
        for row in result.rows():
            self._rows.write(row)

    def close(self) -> None:
        """Close the file; a stream that was given stays open."""
        self._rows.close(COLUMNS)
