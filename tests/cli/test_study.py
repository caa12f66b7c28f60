from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("matplotlib")

from mien.evaluation.classification.cost import Cost
from mien.train.study import plan
from mien.train.study import run as study
from tests.support.commands import mien
from tests.support.tiny import STUDY, write_csv

Output = pytest.CaptureFixture[str]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(study, "run_cost", lambda *_: Cost(1, 1, 1.0, 1.0))  # seconds each
    monkeypatch.setattr(study, "file_cost", lambda *_: Cost(2, 2, 2.0, 2.0))
    monkeypatch.setattr(plan, "SETTINGS", tmp_path / "study.toml")
    return tmp_path / "study.toml"


def test_a_failing_classifier_does_not_stop_the_others(
    settings: Path, tmp_path: Path, capsys: Output
) -> None:
    data, out = write_csv(tmp_path / "fer2013.csv"), tmp_path / "out"
    command = ("study", "--data", data, "--out", out, "--device", "cpu", "--threads", 1)
    settings.write_text(
        STUDY.format(batch_size=4096).replace('"majority", "mlp"', '"mlp", "majority"')
    )
    assert mien(*command) == 1
    shown, log = capsys.readouterr()
    assert "mien: mlp failed: " in log and "batch of 4096" in log and "[2/2] majority" in log
    assert "| majority | 14 % |" in shown and "default, as shipped" in shown
    done = json.loads((out / "study.json").read_text())
    assert [row["status"] for row in done["rows"]] == ["failed", "done", "done"]
    assert done["command"] == "mien study --data fer2013.csv --out out --schedule short"

    settings.write_text(STUDY.format(batch_size=32))
    assert mien(*command) == 0
    rows = json.loads((out / "study.json").read_text())["rows"]
    assert {row["status"] for row in rows} == {"done"}
    assert (out / "study.png").exists() and "epoch 1/1" in capsys.readouterr().err


def test_obstacles_are_reported_before_the_work(tmp_path: Path, capsys: Output) -> None:
    data = write_csv(tmp_path / "fer2013.csv")
    assert mien("study", "--data", data, "--out", tmp_path / "o", "--only", "mlq") == 2
    assert "did you mean 'mlp'" in capsys.readouterr().err
    assert mien("study", "--data", data, "--out", data / "o", "--only", "mlp") == 1
    assert "cannot write" in capsys.readouterr().err
    assert mien("study", "--data", tmp_path / "no.zip", "--out", tmp_path / "o") == 1
    assert not (tmp_path / "o").exists()
