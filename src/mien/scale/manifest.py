"""The manifest: every input of a corpus, in the order in which they were listed.

An Arrow file, written bit by bit and read through a memory map: a million inputs take some hundred
megabytes on the disk and almost nothing in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, MienError, one_line
from mien.files import Closing, WholeFile, output_error
from mien.scale.inputs import Input

ROWS = 1 << 16
"""Of each batch of the file but the last."""


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            ("path", pa.binary()),  # names of files need not be UTF-8
            ("member", pa.binary()),
            ("video", pa.bool_()),
            ("size", pa.int64()),
            ("mtime_ns", pa.int64()),
            ("offset", pa.int64()),
            ("stored", pa.int64()),
            ("method", pa.uint8()),
            ("crc", pa.uint32()),
            ("duplicate_of", pa.int64()),
        ]
    )


def write_manifest(path: Path, inputs: Iterable[Input]) -> int:
    """Write the inputs, whole or not at all; how many. Raises ``OutputError``."""
    import pyarrow as pa

    schema, count = _schema(), 0
    try:
        with WholeFile(path) as whole:
            with pa.ipc.new_file(whole.file, schema) as writer:
                for some in _parts(inputs):
                    writer.write_batch(_batch(some, schema))
                    count += len(some)
            whole.finish()
    except MienError:  # of the inputs
        raise
    except (OSError, ValueError) as error:
        raise output_error(repr(str(path)), error) from error
    return count


def _batch(some: Sequence[Input], schema: Any) -> Any:
    import pyarrow as pa

    columns = [
        [os.fsencode(each.path) for each in some],
        [each.member and os.fsencode(each.member) for each in some],
        *([getattr(each, name) for each in some] for name in schema.names[2:]),
    ]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _parts(inputs: Iterable[Input]) -> Iterator[Sequence[Input]]:
    """``ROWS`` inputs at a time."""
    part: list[Input] = []
    for each in inputs:
        part.append(each)
        if len(part) == ROWS:
            yield part
            part = []
    if part:
        yield part


class Manifest(Closing):
    """An open manifest; ``len(manifest)`` is the number of inputs.

    Raises ``ConfigError`` for a file that is damaged.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        try:
            self._map = pa.memory_map(str(path))
            self._file = pa.ipc.open_file(self._map)
            if not self._file.schema.equals(_schema()):
                raise ValueError("it has other columns")
            self._sizes = [
                self._file.get_batch(i).num_rows for i in range(self._file.num_record_batches)
            ]
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{str(path)!r} is damaged, or of another version ({one_line(error)}): "
                "give another folder"
            ) from None

    def __len__(self) -> int:
        return sum(self._sizes)

    def __iter__(self) -> Iterator[Input]:
        return self.inputs(0, len(self))

    def inputs(self, start: int, stop: int) -> Iterator[Input]:
        """The inputs with the numbers from ``start`` to ``stop``, which is not among them."""
        for first in range(start, stop, 1024):
            last = min(first + 1024, stop, (first // ROWS + 1) * ROWS)
            yield from self._read(first, last)
            if last < min(first + 1024, stop):  # the rest is in the next batch of the file
                yield from self._read(last, min(first + 1024, stop))

    def _read(self, start: int, stop: int) -> Iterator[Input]:
        batch = self._file.get_batch(start // ROWS).slice(start % ROWS, stop - start)
        columns = batch.to_pydict()
        columns["path"] = list(map(os.fsdecode, columns["path"]))
        columns["member"] = [each and os.fsdecode(each) for each in columns["member"]]
        for place, values in enumerate(zip(*columns.values(), strict=True)):
            yield Input(**dict(zip(columns, values, strict=True)), number=start + place)

    def column(self, name: str) -> Any:
        """One column of numbers as a NumPy array of int64; what is missing is 0."""
        import numpy as np

        parts = [
            self._file.get_batch(i).column(name).cast("int64").fill_null(0).to_numpy()
            for i in range(self._file.num_record_batches)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def close(self) -> None:
        """Close the file."""
        self._map.close()
