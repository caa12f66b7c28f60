from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.reports.figures.curves import read_metrics

ROWS = [{"epoch": 0, "train_loss": 1.9}, {"epoch": 1, "train_loss": 1.5}]


def test_metrics_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert read_metrics(path) == ROWS
    for damaged in ("", "{", "[1, 2]\n", '{"loss": 1}\n'):
        path.write_text(damaged)
        with pytest.raises(InputError, match=r"metrics\.jsonl holds no metrics of 'mien train'"):
            read_metrics(path)
    with pytest.raises(InputError, match="nothing"):
        read_metrics(tmp_path / "nothing.jsonl")
