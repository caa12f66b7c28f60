"""Reads a run's metrics, until ``mien.train.metrics_file`` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mien.errors import InputError


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a run's ``metrics.jsonl``, one an epoch; ``InputError`` where there are none."""
    try:
        rows = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path} holds no metrics of 'mien train': {error}") from None
    if not rows or not all(isinstance(row, dict) and "epoch" in row for row in rows):
        raise InputError(f"{path} holds no metrics of 'mien train': expected one object an epoch")
    return rows
