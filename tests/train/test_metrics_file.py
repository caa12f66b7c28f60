from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.errors import ModelFileError
from mien.train.metrics_file import METRICS, read_metrics, write_metrics

ROWS = [{"epoch": epoch, "train_loss": 2 - 0.1 * epoch} for epoch in (1, 2, 3)]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / METRICS
    assert read_metrics(path) == read_metrics(path, 2) == []
    write_metrics(path, ROWS)
    assert [json.loads(line) for line in path.open()] == ROWS
    assert read_metrics(path) == ROWS


def test_metrics_of_an_epoch_cut_short_are_dropped(tmp_path: Path) -> None:
    write_metrics(tmp_path / METRICS, ROWS)
    assert read_metrics(tmp_path / METRICS, 2) == ROWS[:2]


def test_files_that_count_from_0_are_read_from_1(tmp_path: Path) -> None:
    write_metrics(tmp_path / METRICS, [{**row, "epoch": row["epoch"] - 1} for row in ROWS])
    assert read_metrics(tmp_path / METRICS) == ROWS
    assert read_metrics(tmp_path / METRICS, 1) == ROWS[:1]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1, 2]\n",
        '{"loss": 1}\n',
        '{"epoch": 1}\n{"loss": 1}\n',
        "\xff",
        '{"epoch": 1.0}\n',
        '{"epoch": true}\n',
        '{"epoch": 1, "train_loss": "low"}\n',
        '{"epoch": ' + "9" * 5000 + "}\n",
        '{"epoch": 1, "train_loss": ' + "[" * 3000 + "}\n",
    ],
)
def test_a_damaged_file_is_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / METRICS
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ModelFileError, match=r"metrics\.jsonl does not hold the metrics") as caught:
        read_metrics(path)
    assert "\n" not in str(caught.value)
    assert "the weights are unaffected" in str(caught.value)


def test_runs_made_by_earlier_versions_are_read_from_1(shared: Path) -> None:
    for run in ("se_resnet18", "student"):
        path = shared / "weights" / "runs" / run / METRICS
        first = json.loads(path.read_text().splitlines()[0])
        rows = read_metrics(path)
        assert (first["epoch"], rows[0]["epoch"], rows[-1]["epoch"]) == (0, 1, len(rows))
