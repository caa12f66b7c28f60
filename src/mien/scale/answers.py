"""What was found in some inputs: one table of faces, one of inputs, and the bytes of their files.

Nothing in a table depends on when, where or how fast it was made, and every picture is analysed on
its own. So the same inputs give the same bytes, whoever analyses them in which parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, one_line
from mien.frames import as_columns, kind_of
from mien.types import result_columns

if TYPE_CHECKING:
    from pathlib import Path

    from mien.pipeline import Recognizer

_ROWS = 2000  # of dicts that wait to become columns
_INPUTS = {
    "input": "int64", "source": "string", "sha256": "string", "bytes": "int64", "width": "int32",
    "height": "int32", "frames": "int32", "faces": "int32", "error": "string",
    "duplicate_of": "int64",
}  # fmt: skip


@dataclass
class Answers:
    """Of inputs in the order of the manifest. Tables are those of PyArrow."""

    faces: Any
    """A row a face: ``input``, the number in the manifest, and the columns of ``Result.rows()`` of
    a video; those of frames are empty for pictures."""
    inputs: Any
    """A row an input: the hash of its bytes, its size, number of faces, and its error."""
    crops: list[tuple[str, bytes]] = field(default_factory=list)
    """JPEG files by name, in order."""
    slow: list[tuple[float, int]] = field(default_factory=list)
    """Seconds and number of the slowest inputs."""
    seconds: float = 0.0
    """Spent on them, by whoever did."""

    @property
    def failed(self) -> int:
        """The number of inputs with an error."""
        return len(self.inputs) - int(self.inputs.column("error").null_count)


MOST_SLOW = 5
"""Inputs of a shard that are kept as the slowest."""


class FaceRows:
    """Collects rows of faces into a table, a few thousand at a time."""

    def __init__(self, recognizer: Recognizer) -> None:
        spec = recognizer.classifier.spec
        self.schema = face_schema(tuple(spec.labels), bool(spec.affect))
        self._waiting: list[dict[str, Any]] = []
        self._parts: list[Any] = []

    def add(self, number: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the rows of an input."""
        self._waiting += [{"input": number, **row} for row in rows]
        if len(self._waiting) >= _ROWS:
            self._convert()

    def table(self) -> Any:
        """All rows."""
        import pyarrow as pa

        self._convert()
        return pa.Table.from_batches(self._parts, self.schema)

    def _convert(self) -> None:
        import pyarrow as pa

        columns = as_columns(self._waiting, self.schema.names)
        self._parts.append(pa.record_batch(columns, self.schema))
        self._waiting = []


@cache
def face_schema(labels: tuple[str, ...], affect: bool) -> Any:
    """The columns of the table of faces."""
    import pyarrow as pa

    kinds = {str: pa.string(), int: pa.int32(), bool: pa.bool_(), float: pa.float64()}
    names = result_columns(labels, affect=affect, frames=True)
    return pa.schema([("input", pa.int64()), *((name, kinds[kind_of(name)]) for name in names)])


def input_table(rows: Sequence[Mapping[str, Any]]) -> Any:
    """The table of inputs; what a row lacks is empty."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in _INPUTS.items()])
    return pa.table(as_columns(rows, schema.names), schema)


def join(parts: Sequence[Answers]) -> Answers:
    """The answers of several parts of a shard, in the order of the manifest."""
    import pyarrow as pa

    if len(parts) == 1:
        return parts[0]
    parts = sorted(parts, key=lambda part: _first(part.inputs))
    faces = pa.concat_tables([part.faces for part in parts])
    inputs = pa.concat_tables([part.inputs for part in parts])
    if any(_first(b.inputs) < _last(a.inputs) for a, b in pairwise(parts)):
        faces, inputs = _sorted(faces), _sorted(inputs)  # they interleave after a retry
    crops = sorted(crop for part in parts for crop in part.crops)
    slow = sorted((each for part in parts for each in part.slow), reverse=True)[:MOST_SLOW]
    return Answers(faces, inputs, crops, slow, sum(part.seconds for part in parts))


def _sorted(table: Any) -> Any:
    """By input; rows of one input keep their order."""
    import numpy as np

    return table.take(np.argsort(table.column("input").to_numpy(), kind="stable"))


def _first(inputs: Any) -> int:
    return int(inputs.column("input")[0].as_py())


def _last(inputs: Any) -> int:
    return int(inputs.column("input")[-1].as_py())


def parquet_bytes(table: Any) -> bytes:
    """A Parquet file of ``table``; the same bytes for the same rows, in whichever parts they came.

    They are one row group.
    """
    from pyarrow import parquet

    buffer = BytesIO()
    table = table.combine_chunks()
    parquet.write_table(table, buffer, row_group_size=max(1, len(table)), compression="zstd")
    return buffer.getvalue()


def read_parquet(path: Path) -> Any:
    """The table in a file of ``parquet_bytes``. Raises ``ConfigError`` where it is damaged."""
    from pyarrow import parquet

    try:
        return parquet.read_table(path, use_threads=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{str(path)!r} is damaged ({one_line(error)}): remove it, and run again"
        ) from None
