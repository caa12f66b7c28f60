"""The results of a video as CSV: the rows of ``mien video --output FILE.csv``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

from anyio import to_thread

from mien.escaping import for_csv
from mien.types import probability_columns, result_columns

_AFFECT = ("valence", "arousal")


async def csv_lines(
    lines: AsyncIterator[bytes], path: Path, columns: tuple[str, ...]
) -> AsyncIterator[bytes]:
    """A header, then a row for each face; a frame without one has a row with empty cells.

    ``lines``: whole lines of ``path``, a JSON object of a ``Result`` each. ``columns``: those of
    the model that writes them now; a file by an earlier model has its own.
    """
    known = await to_thread.run_sync(_columns_of, path) or columns
    yield _table([known])
    async for part in lines:
        yield await to_thread.run_sync(_rows_of, part, known)


def _columns_of(path: Path) -> tuple[str, ...] | None:
    """By the first face of a file; ``None`` without one."""
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and (faces := json.loads(line)["faces"]):
                    has_affect = _AFFECT[0] in faces[0]
                    return result_columns(list(faces[0]["probs"]), affect=has_affect, frames=True)
    except FileNotFoundError:
        pass
    return None


def _rows_of(part: bytes, columns: tuple[str, ...]) -> bytes:
    rows = (row for line in part.splitlines() for row in _rows(json.loads(line)))
    return _table([row.get(name) for name in columns] for row in rows)


def _rows(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As ``Result.rows(keep_empty=True)``."""
    place = {name: result.get(name) for name in ("source", "frame_index", "time_s")}
    if not result["faces"]:
        yield place
    for face in result["faces"]:
        probs = face["probs"]
        corners = zip(("x1", "y1", "x2", "y2"), face["box"], strict=True)
        named = zip(probability_columns(list(probs)), probs.values(), strict=True)
        same = ("face", "track_id", "expression", "score", "small", "usable", *_AFFECT)
        yield {
            **place, **{name: face.get(name) for name in same},
            "carried": face.get("carried", False),
            "prob": probs.get(face["expression"], max(probs.values())),  # of 'uncertain'
            "raw_expression": face.get("raw", face)["expression"], **dict(corners), **dict(named),
        }  # fmt: skip


def _table(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(for_csv, row) for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")
