"""The metrics of a training run: one JSON object a line and epoch, in ``metrics.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mien.errors import ModelFileError, one_line
from mien.files import write_whole
from mien.parsing import MOST_BYTES, decode, is_whole, parse_json
from mien.reading import read_file

METRICS = "metrics.jsonl"

Row = dict[str, Any]
"""The metrics of one epoch; ``epoch`` counts from 1."""


def write_metrics(path: Path, rows: Sequence[Row]) -> None:
    """Write the metrics of all epochs so far to ``path``; raises ``OutputError``."""
    write_whole(path, "".join(json.dumps(row) + "\n" for row in rows).encode())


def read_metrics(path: Path, epochs: int | None = None) -> list[Row]:
    """The first ``epochs`` rows of the file ``path``, or all; empty if there is no such file.

    Epochs count from 1, also in files of earlier versions, which counted from 0. Raises
    ``ModelFileError`` for a damaged file.
    """
    try:
        lines = decode(read_file(path), MOST_BYTES).splitlines()
        rows = [parse_json(line, finite=False) for line in lines]
        if not rows or not all(map(_is_row, rows)):
            raise ValueError("expected one object an epoch")
        from_0 = rows[0]["epoch"] == 0
        return [{**row, "epoch": row["epoch"] + from_0} for row in rows][:epochs]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else one_line(error)
        raise ModelFileError(
            f"{path} does not hold the metrics of a 'mien train' run ({reason}): "
            "fix or delete it; the weights are unaffected"
        ) from None


def _is_row(row: Any) -> bool:
    """Whether this is an epoch and its measures, each a number or, if not measured, ``None``."""
    return (
        isinstance(row, dict)
        and is_whole(row.get("epoch"), 0)
        and all(value is None or type(value) in (int, float) for value in row.values())
    )
