"""Parquet: the table of CSV with types, for pandas, Polars, DuckDB and Spark."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from mien.errors import InputError, OutputError
from mien.extras import require_extra
from mien.files import WholeFile, check_writable, output_error
from mien.frames import as_columns, kind_of
from mien.reading import open_file
from mien.sinks.base import Closing, Image, check_text_name
from mien.sinks.rows import TableRows, check_columns
from mien.types import COLUMNS, Result

_ROWS_AT_A_TIME = 5_000
_MAGIC = b"PAR1"


class ParquetSink(Closing):
    """One row per face, and one for a picture without a face, with the columns of ``CsvSink``.

    Rows are written 5,000 at a time, so memory stays flat. The file takes its name on ``close``,
    after an error or Ctrl-C too; after a kill or on a full disk the old file is still there. What
    is not a Parquet file is never overwritten. Needs the extra ``tables``.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        """``target``: a path. Raises ``OutputError``, ``InputError`` for a stream, and
        ``MissingExtraError``.
        """
        if not isinstance(target, str | os.PathLike):
            raise InputError("Parquet is not text: give a file, --output FILE.parquet")
        require_extra("tables", "Parquet")
        self._path, self._table = Path(target), TableRows()
        self._rows: list[dict[str, Any]] = []
        self._columns: tuple[str, ...] = ()
        self._writer: Any = None
        self._closed = False
        _check_replaceable(self._path)
        try:
            self._file = WholeFile(self._path)
        except (OSError, ValueError) as error:
            raise self._error(error) from error

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take the faces of one picture; ``image`` is ignored. Raises ``OutputError``."""
        if self._closed:
            raise OutputError(f"cannot write {str(self._path)!r}: it is closed")
        for row in self._table.rows(result):
            self._columns = self._columns or tuple(row)
            check_columns(row, self._columns)
            self._rows.append(row)
        if len(self._rows) >= _ROWS_AT_A_TIME:
            self._flush()

    def close(self) -> None:
        """Write the rest, and give the file its name."""
        if self._closed:
            return
        self._rows += self._table.rest()
        self._columns = self._columns or tuple(self._rows[0] if self._rows else COLUMNS)
        try:
            self._flush()
            self._writer.close()
            self._file.finish()
        except (OSError, ValueError) as error:
            raise self._error(error) from error
        finally:
            self._closed = True
            self._file.drop()

    def _flush(self) -> None:
        """Write one group of rows."""
        import pyarrow as pa
        from pyarrow import parquet

        types = {str: pa.string(), int: pa.int32(), bool: pa.bool_(), float: pa.float64()}
        schema = pa.schema([(name, types[kind_of(name)]) for name in self._columns])
        try:
            if self._writer is None:
                self._writer = parquet.ParquetWriter(self._file.file, schema)
            self._writer.write_table(pa.table(as_columns(self._rows, self._columns), schema))
        except (OSError, ValueError) as error:
            self._closed = True
            self._file.drop()
            raise self._error(error) from error
        self._rows = []

    def _error(self, error: Exception) -> OutputError:
        return (
            error if isinstance(error, OutputError) else output_error(repr(str(self._path)), error)
        )


def write_table(
    target: str | os.PathLike[str], rows: Iterable[Mapping[str, Any]], columns: Mapping[str, type]
) -> int:
    """Write rows of ``columns``, name → ``str``, ``int``, ``float`` or ``bool``; how many.

    Any of their values may be missing. The file appears when it is whole. Raises as
    ``ParquetSink``.
    """
    if not isinstance(target, str | os.PathLike):
        raise InputError("Parquet is not text: give a file, --output FILE.parquet")
    require_extra("tables", "Parquet")
    import pyarrow as pa
    from pyarrow import parquet

    path, count = Path(target), 0
    _check_replaceable(path)
    types = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), float: pa.float64()}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    waiting = iter(rows)
    try:
        with WholeFile(path) as whole, parquet.ParquetWriter(whole.file, schema) as writer:
            while some := list(islice(waiting, _ROWS_AT_A_TIME)):
                writer.write_table(pa.table(as_columns(some, tuple(columns)), schema))
                count += len(some)
            writer.close()
            whole.finish()
    except (OSError, ValueError) as error:
        if isinstance(error, OutputError):
            raise
        raise output_error(repr(str(path)), error) from error
    return count


def _check_replaceable(path: Path) -> None:
    """Raise ``OutputError`` where ``path`` cannot be written, or is another kind of file."""
    check_text_name(path)
    check_writable(path)
    head = _MAGIC
    with suppress(FileNotFoundError):
        try:
            with open_file(path) as file:
                head = file.read(4)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise output_error(repr(str(path)), error) from error
    if head not in (_MAGIC, b""):
        raise OutputError(
            f"cannot write Parquet over {str(path)!r}, which holds none: give another"
        )
