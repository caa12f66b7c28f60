"""From people's own data to an answer: opened, inspected, trained, measured, exported, analysed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

import mien as package
from mien.samples import ASTRONAUT
from tests.support import tables
from tests.support.commands import mien
from tests.support.fer2013 import Row

pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
pytest.importorskip("pyarrow", reason="the 'tables' extra brings PyArrow")

RECIPE = """
description = "A perceptron on tiny pictures."
valid_split = ""
architecture = "mlp"
widths = [8]
resize = 12
input_size = 12
epochs = 1
batch_size = 4
ema = 0.0
"""
OWN = {"anger": "bored", "happiness": "pain"}


def through(
    data: Path, options: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> str:
    """Every step on ``data``; the recipe of the run, and what the exported file answers."""
    (folder / "small.toml").write_text(RECIPE, "utf-8")
    chosen = [part for option in options for part in ("--option", option)]
    assert mien("data", "info", data, *chosen) == 0
    run, model = folder / "run", folder / "own.onnx"
    start = ["train", folder / "small.toml", "--data", data, "--out", run, "--threads", 1]
    assert mien(*start, "--device", "cpu", *chosen) == 0
    assert mien("evaluate", run, "--data", data, "--split", "test", "--json") == 0
    assert mien("export", run, "--out", model) == 0
    assert mien("evaluate", model, "--data", data, "--split", "test", "--json", *chosen) == 0
    *_, first, last = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"
    ]
    assert first["confusion"] == last["confusion"] and first["n"] > 0
    (reading,) = package.analyze(ASTRONAUT, model=str(model))
    assert set(reading.emotions.labels) == set(first["labels"])
    recipe: str = json.loads((run / "recipe.json").read_text("utf-8"))["dataset"]
    return recipe


@pytest.mark.parametrize("form", tables.FORMS)
def test_tables(
    form: str, fer2013_rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, options = tables.FORMS[form]
    write(tmp_path / form, tables.faces(fer2013_rows))
    assert through(tmp_path / form, options, tmp_path, capsys) == "table"


def test_own_labels(
    fer2013_rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, label, split, image in tables.faces(fer2013_rows):
        place = tmp_path / "own" / split / OWN.get(label, "müde")
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / name), image)
    assert through(tmp_path / "own", ["labels=free"], tmp_path, capsys) == "folder"
    labels = json.loads((tmp_path / "run" / "recipe.json").read_text("utf-8"))["dataset_options"]
    assert labels == ["labels=free"]
    assert package.analyze(ASTRONAUT, model=str(tmp_path / "own.onnx"))[0].expression in (
        "bored", "pain", "müde",
    )  # fmt: skip
    capsys.readouterr()
    assert mien("evaluate", "default", "--data", tmp_path / "own", "--option", "labels=free",
                "--split", "test") == 1  # fmt: skip
    assert "it does not know bored, müde, pain" in capsys.readouterr().err
