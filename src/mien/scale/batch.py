"""Tables of pictures → tables of faces, for jobs of your own: Ray, Spark, Dask or any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.datasets.files.columns import COLUMNS
from mien.errors import ImageReadError, InputError, one_line
from mien.extras import require_extra
from mien.forking import loading
from mien.options import Options
from mien.registry import DEFAULT_DETECTOR
from mien.scale.answers import FaceRows
from mien.scale.fetching import read_picture
from mien.scale.inputs import Input, is_remote

if TYPE_CHECKING:
    import pyarrow

    from mien.pipeline import Recognizer

BYTES = ("bytes", "content", "image", "data")
"""Names of a column with the bytes of pictures; the first that is there counts."""

_kept: tuple[dict[str, Any], Recognizer] | None = None


def analyze_batch(
    table: pyarrow.Table,
    *,
    detector: str | Path = DEFAULT_DETECTOR,
    model: str | Path = "default",
    min_face_size: float | None = None,
    detector_options: Options = (),
    max_pixels: int | None = None,
    min_confidence: float | None = None,
    try_rotations: bool = False,
    device: str | None = None,
    threads: int | None = 1,
) -> pyarrow.Table:
    """A table with a row for each face of each picture in ``table``, and its errors.

    ``table`` has the bytes of pictures in a binary column ``bytes`` or ``content``, or paths and
    addresses of object stores in a column ``path``, ``image`` or another usual name; with both,
    bytes are read and paths are the names. The options are those of ``Recognizer``, which is made
    at the first call of a process and kept for later ones.

    Columns of the result: ``input``, the row of ``table`` from 0; those of ``Result.rows()``; and
    ``error``. A picture without a face, or with an error, has one row that is empty but for
    ``input``, ``source`` and ``error``. The columns are the same for every table, so an empty one
    gives the schema. Raises ``MissingExtraError`` without PyArrow, ``InputError`` for a table
    without such a column, and as ``Recognizer``.
    """
    require_extra("scale", "analyze_batch")
    import pyarrow as pa

    recognizer = _recognizer(
        detector=detector, model=model, min_face_size=min_face_size,
        detector_options=detector_options, max_pixels=max_pixels, min_confidence=min_confidence,
        try_rotations=try_rotations, device=device, threads=threads,
    )  # fmt: skip
    rows, errors = FaceRows(recognizer), []
    for number, (source, data) in enumerate(_pictures(table)):
        try:
            if data is None and source is None:
                raise ImageReadError("the row has neither bytes nor a path")
            given = _read(source) if data is None else data
            found = recognizer.image(given).rows()
            error = None
        except ImageReadError as failed:
            found, error = [], str(failed)
        for row in found:
            row["source"] = source
        rows.add(number, found or [{"source": source}])
        errors += [error] * max(len(found), 1)
    return rows.table().append_column("error", pa.array(errors, pa.string()))


def _recognizer(**options: Any) -> Recognizer:
    global _kept
    with loading:
        if _kept is None or _kept[0] != options:
            from mien.pipeline import Recognizer

            _kept = options, Recognizer(**options)
        return _kept[1]


def _pictures(table: pyarrow.Table) -> Iterator[tuple[str | None, bytes | None]]:
    """Name and bytes of each row; either may be missing."""
    import pyarrow.types as kinds

    columns = {name.lower(): name for name in table.column_names}

    def is_binary(name: str) -> bool:
        kind = table.schema.field(columns[name]).type
        return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind))

    def is_text(name: str) -> bool:
        kind = table.schema.field(columns[name]).type
        return bool(kinds.is_string(kind) or kinds.is_large_string(kind))

    data = next((name for name in BYTES if name in columns and is_binary(name)), None)
    path = next((name for name in COLUMNS["picture"] if name in columns and is_text(name)), None)
    if data is None and path is None:
        raise InputError(
            f"the table has columns {', '.join(table.column_names) or 'of no name'}: give paths in "
            "'path', or pictures in 'bytes'"
        )
    nothing = [None] * len(table)
    yield from zip(
        nothing if path is None else table.column(columns[path]).to_pylist(),
        nothing if data is None else table.column(columns[data]).to_pylist(),
        strict=True,
    )


def _read(path: str | None) -> Any:
    """What the recognizer takes for a path; an object of a store is fetched."""
    if path is None or not is_remote(path) or path.lower().startswith(("http://", "https://")):
        return path
    from mien.scale.opening import size_of

    try:
        return read_picture(Input(path, size_of(path)))
    except OSError as error:
        raise ImageReadError(f"cannot read {path!r} ({one_line(error)})") from None
