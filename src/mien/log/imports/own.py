"""Rows of ``mien video`` and ``mien camera``: CSV, JSON Lines and Parquet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from mien.errors import InputError, one_line
from mien.log.imports.frames import MOST_PIXELS, Cells, FrameRows, Imported, normalised
from mien.log.imports.tables import read_header, rows
from mien.log.shown import Candidate
from mien.log.windows import Sample
from mien.parsing import are_numbers, is_number, is_text, parse_json
from mien.reading import open_file
from mien.types import FRAME_COLUMNS, Box

_NEEDED = ("frame_index", "time_s", "track_id", "expression", "usable", "x1", "y1", "x2", "y2")
_TRUE = {"true": True, "1": True, "false": False, "0": False}
_KNOWN = {*FRAME_COLUMNS, "valence", "arousal"}


def read_own(path: Path) -> Imported | None:
    """The frames of a file; ``None`` if it is another one. Raises ``InputError``."""
    if path.suffix.lower() == ".jsonl":
        return Imported("mien", "", _json_frames(path))
    if path.suffix.lower() == ".parquet":
        found = _parquet_rows(path)
        return None if found is None else Imported("mien", "", _table_frames(*found))
    header = read_header(path, _NEEDED)
    if header is None:
        return None
    labels = [name for name in header[0] if name not in _KNOWN]
    return Imported("mien", "", _table_frames(labels, rows(path, *header)))


def _table_frames(labels: list[str], cells: Iterator[Cells]) -> Iterator[FrameRows]:
    for time_s, group in groupby(cells, key=lambda row: row.need("time_s", 0)):
        faces = [_row_face(row, labels) for row in group]
        yield FrameRows(time_s, tuple(face for face in faces if face is not None))


def _row_face(row: Cells, labels: list[str]) -> tuple[Candidate, Sample] | None:
    """The face of a row; ``None`` for a frame without one."""
    corners = [row.number(name, MOST_PIXELS) for name in ("x1", "y1", "x2", "y2")]
    if any(corner is None for corner in corners):
        return None
    named = {label: row.number(label) for label in labels}
    probs = {name.removeprefix("prob_"): p for name, p in named.items() if p is not None}
    track = row.number("track_id")
    return _face(
        Box(*(corner or 0.0 for corner in corners)), None if track is None else int(track),
        _TRUE.get(row.text("usable").lower(), False), row.text("expression"), probs,
        row.number("valence", 1), row.number("arousal", 1),
    )  # fmt: skip


def _face(
    box: Box, track: int | None, usable: bool, expression: str, probs: Mapping[str, float],
    valence: float | None, arousal: float | None,
) -> tuple[Candidate, Sample]:  # fmt: skip
    return Candidate(box, usable, track), Sample(
        usable, normalised(probs) if probs else None, expression or None,
        expression == "happiness", valence=valence, arousal=arousal, size=math.sqrt(box.area),
    )  # fmt: skip


def _json_frames(path: Path) -> Iterator[FrameRows]:
    number = 0
    try:
        with open_file(path) as binary:
            for number, line in enumerate(binary, start=1):  # noqa: B007
                if line.strip():
                    yield _json_frame(parse_json(line))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else one_line(error)
        where = f", line {number}" if number else ""
        raise InputError(f"cannot read {str(path)!r}{where} ({reason})") from None


def _json_frame(value: Any) -> FrameRows:
    """A result of ``mien video``. Raises ``ValueError``."""
    if not isinstance(value, dict) or not is_number(value.get("time_s"), 0):
        raise ValueError("expected the result of a frame, with time_s")
    faces = value.get("faces")
    if not isinstance(faces, list):
        raise ValueError("expected a list of faces")
    width, height = (_side(value.get(name)) for name in ("width", "height"))
    return FrameRows(value["time_s"], tuple(map(_json_face, faces)), width, height)


def _side(value: Any) -> float:
    return float(value) if is_number(value, 0) else 0.0


def _json_face(face: Any) -> tuple[Candidate, Sample]:
    if not isinstance(face, dict) or not are_numbers(face.get("box"), 4):
        raise ValueError("expected a face with a box")
    if max(map(abs, face["box"])) > MOST_PIXELS:
        raise ValueError(f"expected a box within {MOST_PIXELS:,.0f} pixels")
    probs = face.get("probs")
    if not isinstance(probs, dict) or not all(is_number(p, 0, 1) for p in probs.values()):
        raise ValueError("expected probabilities from 0 to 1")
    if not is_text(face.get("expression"), 200):
        raise ValueError("expected an expression")
    track = face.get("track_id")
    affect = [face[name] if is_number(face.get(name), -1, 1) else None for name in _AFFECT]
    return _face(
        Box(*face["box"]), track if type(track) is int else None, face.get("usable") is True,
        face["expression"], probs, *affect,
    )  # fmt: skip


_AFFECT = ("valence", "arousal")


def _parquet_rows(path: Path) -> tuple[list[str], Iterator[Cells]] | None:
    """Labels and rows of a Parquet file; ``None`` if it is no table of frames."""
    from mien.extras import require_extra

    require_extra("tables", f"{path}, a Parquet file,")
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names
    except Exception as error:  # noqa: BLE001 - pyarrow raises anything for a damaged file
        raise InputError(f"cannot read {str(path)!r} ({one_line(error)})") from None
    if not set(_NEEDED) <= set(names):
        return None

    def cells() -> Iterator[Cells]:
        line = 0
        for batch in file.iter_batches(10_000):
            for row in batch.to_pylist():
                line += 1
                texts = {k: "" if v is None else str(v) for k, v in row.items()}
                yield Cells(str(path), line, texts)

    return [name for name in names if name not in _KNOWN], cells()
