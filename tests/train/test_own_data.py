"""From people's own data to an answer: opened, inspected, trained, measured, exported, analysed."""

from __future__ import annotations

import csv
import json
import zipfile
from itertools import islice
from pathlib import Path

import cv2
import pytest

import mien as package
from mien.datasets.opening import open_dataset
from mien.preprocess.framing import FER2013_FRAMING
from mien.samples import ASTRONAUT
from mien.types import Box
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


def labelled_masks(archive: Path, folder: Path) -> Path:
    """Faces that ``mien data crop`` cut out of a dozen photos, in a table of own labels.

    They are labelled by the marked face that overlaps most; the photo stands for the person.
    """
    scenes = open_dataset(archive, "coco")
    wanted = {"with_mask": "masked", "without_mask": "unmasked"}
    chosen = {
        scene.key: [
            (Box(*map(float, box)), wanted[marks["mask"]])
            for box, marks in zip(scene.boxes, scene.attributes, strict=True)
            if marks["mask"] in wanted
        ]
        for scene in islice(scenes.scenes("train"), 0, 60, 4)  # type: ignore[attr-defined]
    }
    with zipfile.ZipFile(archive) as photos:
        for name in chosen:
            photos.extract(name, folder / "photos")
    faces = folder / "faces"
    assert mien("data", "crop", folder / "photos", "--out", faces, "--faces", "all") == 0
    lines = ["path,label,subject"]
    with (faces / "faces.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found = Box(*(float(row[f"source_{corner}"]) for corner in ("x1", "y1", "x2", "y2")))
            marked = [(box.iou(found), label) for box, label in chosen[row["source"]]]
            share, label = max(marked, default=(0.0, ""))
            if share > 0.4:
                lines.append(f"{row['path']},{label},{row['source']}")
    (faces / "masks.csv").write_text("\n".join(lines), "utf-8")
    return faces / "masks.csv"


def test_masked_or_not_from_photos_to_answers(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``fine_tune`` from the shipped model, on photos that have nothing to do with FER2013."""
    data = labelled_masks(shared / "data" / "facemask853.zip", tmp_path)
    own, run, model = "labels=masked,unmasked", tmp_path / "run", tmp_path / "masks.onnx"
    start = ("train", "fine_tune", "--data", data, "--out", run, "--option", own, "--threads", 1)
    few = (
        "--set",
        "min_steps=24",
        "--epochs",
        3,
        "--set",
        "splits=subject:70/30",
        "--device",
        "cpu",
    )
    assert mien(*start, *few) == 0
    capsys.readouterr()
    assert mien("evaluate", run, "--data", data, "--split", "valid", "--json") == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["labels"] == ["masked", "unmasked"] and measured["n"] >= 5
    assert mien("export", run, "--out", model) == 0
    capsys.readouterr()
    photo = next((tmp_path / "photos").rglob("*.jpg"))
    assert mien("analyze", photo, ASTRONAUT, "--model", model, "--format", "json", "-q") == 0
    faces = [face for result in json.loads(capsys.readouterr().out) for face in result["faces"]]
    assert faces and all(set(face["probs"]) == {"masked", "unmasked"} for face in faces)
    # The file frames a face of the photo as it was framed in training.
    assert package.Recognizer(model=str(model)).classifier.spec.margin == FER2013_FRAMING["margin"]
