"""Parquet files with PyArrow: small columns are read at once, pictures when they are decoded.

Pictures are stored as bytes, or as the Hugging Face hub's struct of ``bytes`` and ``path``. A row
group's pictures are read together and kept until another group is asked for, so that memory does
not grow with the file, and reading in order reads everything once.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from mien.datasets.files.archive import Archive
from mien.datasets.files.folders import Folder
from mien.datasets.files.limits import MAX_PICTURE_BYTES, max_bytes, too_large
from mien.datasets.files.text_tables import text
from mien.errors import DatasetError, one_line
from mien.extras import require_extra

SUFFIX = ".parquet"
_BATCH = 65536  # rows of small columns that are converted at a time
_MOST_GROUP_BYTES = 2_000_000_000  # of the pictures in a row group, which are in memory together


class ParquetFile:
    """One Parquet file of a folder: ``header``, ``rows`` of small columns, and pictures.

    Raises ``MissingExtraError`` without PyArrow, ``DatasetError`` for a damaged file and for one in
    a zip.
    """

    def __init__(self, archive: Archive, name: str) -> None:
        require_extra("tables", f"{name}, a Parquet file,")
        if not isinstance(archive, Folder):
            raise DatasetError(f"{archive.path}: unpack the zip to read {name}, a Parquet file")
        self._archive, self.name = archive, name
        self._lock = threading.Lock()
        self._kept: tuple[tuple[str, int], list[Any]] | None = None
        self._open()
        schema = self._file.schema_arrow
        self._written = {column.strip().lower(): column for column in schema.names}
        self.header = tuple(self._written)
        """Columns in small letters."""
        self._types = {column: schema.field(self._written[column]).type for column in self.header}
        self._ends: list[int] = []  # first row after each group
        for group in range(self._file.metadata.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            self._ends.append((self._ends[-1] if self._ends else 0) + rows)
        metadata = schema.metadata or {}
        self.class_names = _class_names(metadata.get(b"huggingface", b""))
        """Column → names of its numbers, as the Hugging Face hub writes them."""

    def pictures_of(self, column: str) -> str | None:
        """The path in the schema of the pictures' bytes; ``None`` if the column has texts."""
        import pyarrow.types as kinds

        kind = self._types[column]
        if kinds.is_struct(kind):
            if "bytes" in [field.name for field in kind]:
                return f"{self._written[column]}.bytes"
            raise DatasetError(
                f"{self._where}: the column {column!r} is a struct without 'bytes': expected "
                "paths, bytes of pictures, or a struct of bytes and path"
            )
        if kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_binary_view(kind):
            return str(self._written[column])
        return None

    def rows(self, columns: Iterator[str]) -> Iterator[dict[str, str]]:
        """Every row, with the texts of ``columns``."""
        wanted = {self._written[column]: column for column in columns}
        try:
            for batch in self._file.iter_batches(_BATCH, columns=list(wanted), use_threads=False):
                values = {wanted[name]: batch.column(name).to_pylist() for name in wanted}
                for index in range(batch.num_rows):
                    yield {name: text(column[index]) for name, column in values.items()}
        except Exception as error:  # noqa: BLE001 - a damaged file makes PyArrow raise anything
            raise self._damaged(error) from None

    def picture(self, leaf: str, row: int) -> bytes:
        """The bytes of one picture. Raises ``DatasetError``."""
        group = next(number for number, end in enumerate(self._ends) if row < end)
        first = self._ends[group - 1] if group else 0
        with self._lock:
            if self._kept is None or self._kept[0] != (leaf, group):
                self._kept = None  # frees it before the next one is read
                self._kept = (leaf, group), self._read_group(leaf, group)
            value = self._kept[1][row - first]
        if value is None:
            raise DatasetError(f"{self._where}, row {row + 1} has no picture")
        data = bytes(value.as_buffer()) if value.is_valid else b""
        if reason := too_large(len(data), max_bytes(MAX_PICTURE_BYTES)):
            raise DatasetError(f"{self._where}, row {row + 1}: {reason}")
        if not data:
            raise DatasetError(f"{self._where}, row {row + 1} has no picture")
        return data

    def _read_group(self, leaf: str, group: int) -> Any:
        """A chunked array of the values of ``leaf`` in a row group."""
        if self._process != os.getpid():  # forked processes would share the position in the file
            self._open()
        row_group = self._file.metadata.row_group(group)
        columns = (row_group.column(number) for number in range(row_group.num_columns))
        size = sum(c.total_uncompressed_size for c in columns if c.path_in_schema == leaf)
        if size > _MOST_GROUP_BYTES:
            raise DatasetError(
                f"{self._where}: the pictures of row group {group} have {size:,} bytes, more than "
                f"{_MOST_GROUP_BYTES:,}: write the file with row_group_size=100"
            )
        try:
            table = self._file.read_row_group(group, columns=[leaf], use_threads=False)
            column = table.column(0)
            if "." in leaf and leaf not in table.column_names:
                column = column.combine_chunks().field("bytes")
        except Exception as error:  # noqa: BLE001 - a damaged file makes PyArrow raise anything
            raise self._damaged(error) from None
        return column

    def _open(self) -> None:
        import pyarrow.parquet as parquet

        try:
            source = self._archive.open(self.name)
            self._file, self._process = parquet.ParquetFile(source), os.getpid()
        except DatasetError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged file makes PyArrow raise anything
            raise self._damaged(error) from None

    @property
    def _where(self) -> str:
        return f"{self._archive.path}: {self.name}"

    def _damaged(self, error: Exception) -> DatasetError:
        return DatasetError(f"{self._where} is damaged, or not a Parquet file: {one_line(error)}")

    def __reduce__(self) -> tuple[type[ParquetFile], tuple[Archive, str]]:
        """Pickled as its place: another process opens it again."""
        return ParquetFile, (self._archive, self.name)


class ParquetPictures:
    """Pictures of Parquet files as an ``Archive``, by names such as ``train.parquet#7``."""

    is_file = False
    beside: Mapping[str, list[str]] = {}

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: dict[str, tuple[ParquetFile, str]] = {}

    def add(self, file: ParquetFile, leaf: str) -> None:
        """Take the pictures of one more file."""
        self._files[file.name] = file, leaf

    def names(self) -> list[str]:
        """None: there may be millions of rows, and tables name those that are wanted."""
        return []

    def holds(self, name: str) -> bool:
        """Whether a row's name is one of a file's that was added."""
        return name.rpartition("#")[0] in self._files

    def read(self, name: str, most: int | None = None) -> bytes:
        """The bytes of one picture."""
        table, _, row = name.rpartition("#")
        file, leaf = self._files[table]
        return file.picture(leaf, int(row) - 1)

    def text(self, name: str) -> TextIO:
        """Rows are pictures, never text."""
        raise DatasetError(f"{self.path}: {name} is a picture")


def _class_names(metadata: bytes) -> dict[str, list[str]]:
    try:
        features = json.loads(metadata)["info"]["features"]
        return {
            column.strip().lower(): [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and isinstance(feature.get("names"), list)
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
