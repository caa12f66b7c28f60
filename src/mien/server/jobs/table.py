"""The results of a video as CSV: the rows of ``mien video --output FILE.csv``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from anyio import to_thread

from mien.escaping import for_csv
from mien.types import place_of, rows_of


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
                if line.endswith(b"\n") and (rows := rows_of(json.loads(line))):
                    return tuple(rows[0])
    except FileNotFoundError:
        pass
    return None


def _rows_of(part: bytes, columns: tuple[str, ...]) -> bytes:
    results = map(json.loads, part.splitlines())
    rows = (row for result in results for row in rows_of(result) or [place_of(result)])
    return _table([row.get(name) for name in columns] for row in rows)


def _table(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(for_csv, row) for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")
