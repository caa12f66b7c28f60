"""CSV: one row per face."""

from __future__ import annotations

from mien.sinks.base import Closing, Image, Target
from mien.sinks.rows import CsvRows
from mien.types import COLUMNS, Result


class CsvSink(Closing):
    """Writes ``Result.rows()``: a header, then one row per face, none for a picture without faces.

    The probability columns are the labels of the first face; a later result with other labels
    raises ``InputError``. Without any face the file contains only a header.
    """

    def __init__(self, target: Target) -> None:
        """``target``: a path, overwritten, or an open text stream. Raises ``OutputError``."""
        self._rows = CsvRows(target)

    def write(self, result: Result, image: Image | None = None) -> None:
        """Write the faces of one picture; ``image`` is ignored. Raises ``OutputError``."""
        for row in result.rows():
            self._rows.write(row)

    def close(self) -> None:
        """Close the file; a given stream stays open."""
        self._rows.close(COLUMNS)
