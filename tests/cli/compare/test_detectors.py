from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.coloured_faces import AP50, PICTURES, data_and_detector, write_zip
from tests.support.commands import mien
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data, a detector, and one that is as sure of what is false as of what is right."""
    place = tmp_path_factory.mktemp("coloured")
    data_and_detector(place)
    tiny_detector(place / "rash.onnx", name="rash", answers=(0.8, 0.9, 0.85))
    return place


def test_two_detectors_on_the_same_pictures(place: Path, capsys: Output) -> None:
    models = place / "rash.onnx", place / "colours.onnx"
    assert mien("compare", *models, "--data", place / "faces_val.zip", "--json") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert out.count("\n") == 1 and "is read as 'coco'" in err
    assert [row["name"] for row in found["rows"]] == ["colours", "rash"]  # the better one first
    assert found["rows"][0]["scores"]["ap50"] == pytest.approx(AP50)
    # The rash one, best first: right (green, again.png), wrong, right, wrong, right, right.
    assert found["rows"][1]["scores"]["ap50"] == pytest.approx((26 * 1 + 75 * 4 / 6) / 101)
    (pair,) = found["pairs"]
    assert (pair["best"], pair["best_alone"], pair["other_alone"]) == ("colours", 0, 1)
    assert (pair["both"], pair["neither"]) == (3, 0)


def test_the_table_is_readable_in_a_pipe(place: Path, capsys: Output) -> None:
    models = place / "rash.onnx", place / "colours.onnx"
    assert mien("compare", *models, "--data", place / "faces_val.zip") == 0
    out, _ = capsys.readouterr()
    assert out.startswith("faces_val, split valid, 5 pictures, 4 faces\n") and "\x1b" not in out
    lines = [line.split() for line in out.splitlines()]
    assert ["colours", "0.5", "60.0%", "75.0%", "66.7%", "0.20", "0.33"] in lines
    assert ["rash", "0.5", "66.7%", "100.0%", "80.0%", "0.20", "0.25"] in lines


def test_saved_answers_need_no_data(place: Path, tmp_path: Path, capsys: Output) -> None:
    options = ("--data", place / "faces_val.zip", "--json")
    for name in ("colours", "rash"):
        saved = tmp_path / f"{name}.npz"
        assert mien("evaluate", place / f"{name}.onnx", *options, "--save", saved) == 0
    capsys.readouterr()
    assert mien("compare", tmp_path / "colours.npz", tmp_path / "rash.npz", "--json") == 0
    alone = json.loads(capsys.readouterr().out)
    assert mien("compare", tmp_path / "colours.npz", place / "rash.onnx", *options) == 0
    asked = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in alone["rows"]] == ["colours", "rash"]
    assert alone["pairs"] == asked["pairs"]


def test_every_file(place: Path, tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")
    models = place / "rash.onnx", place / "colours.onnx"
    figures, page = tmp_path / "figures", tmp_path / "r.html"
    options = ("--figures", figures, "--html", page, "--figure", tmp_path / "speed.pdf")
    assert mien("compare", *models, "--data", place / "faces_val.zip", *options) == 0
    assert sorted(path.name for path in figures.iterdir()) == [
        "precision_recall.png", "side_by_side.png", "speed.png",
    ]  # fmt: skip
    for path in figures.iterdir():
        picture = np.array(Image.open(path).convert("L"))
        assert all(edge.min() == 255 for edge in (picture[0], picture[-1], *picture.T[[0, -1]]))
    html = page.read_text("utf-8")
    assert "colours" in html and 'id="side_by_side"' in html and f"mien compare {models[0]}" in html
    assert (tmp_path / "speed.pdf").read_bytes().startswith(b"%PDF")


def test_without_the_data_there_are_no_pictures(
    place: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    saved = []
    for name in ("colours", "rash"):
        saved.append(tmp_path / f"{name}.npz")
        model = place / f"{name}.onnx"
        assert mien("evaluate", model, "--data", place / "faces_val.zip", "--save", saved[-1]) == 0
    capsys.readouterr()
    assert mien("compare", *saved, "--figures", tmp_path / "f") == 0
    assert "pictures are shown side by side only with --data" in capsys.readouterr().err
    assert not (tmp_path / "f" / "side_by_side.png").exists()
    assert (tmp_path / "f" / "precision_recall.png").is_file()


def test_kinds_and_copies_do_not_mix(place: Path, tmp_path: Path, capsys: Output) -> None:
    classifier = tiny_classifier(tmp_path / "tiny.onnx").path
    data = place / "faces_val.zip"
    assert mien("compare", place / "rash.onnx", classifier, "--data", data) == 2
    assert "is a face detector and" in capsys.readouterr().err
    changed = {**PICTURES, "found.png": ({"red": (8, 8, 41, 48)}, ("red",))}
    other = write_zip(tmp_path / "other_val.zip", changed)
    assert mien("evaluate", place / "rash.onnx", "--data", other, "--save", tmp_path / "a.npz") == 0
    capsys.readouterr()
    assert mien("compare", tmp_path / "a.npz", place / "colours.onnx", "--data", data) == 1
    assert "a and colours cannot be compared: marked boxes" in capsys.readouterr().err


def test_what_is_missing_is_one_line(place: Path, tmp_path: Path, capsys: Output) -> None:
    models = place / "rash.onnx", place / "colours.onnx"
    data = ("--data", place / "faces_val.zip")
    for arguments, words in (
        (models, "no saved answers; add --data PATH"),
        ((*models, *data, "--tta"), "--tta is for classifiers"),
        ((*models, *data, "--detector-option", "mtcnn.x=1"), "names none of rash, colours"),
        ((*models, *data, "--detector-option", "rash.x=1"), "unknown option 'x'"),
        (("mtcnn", "faster_rcnn", *data), "detector 'faster_rcnn' needs a trained file"),
        (("mtcn", "yunet", *data), "unknown model 'mtcn': did you mean 'mtcnn'?"),
        (models[:1], "needs two models of one kind or more"),
    ):
        assert mien("compare", *arguments) == 2
        out, err = capsys.readouterr()
        said = [line for line in err.splitlines() if "is read as" not in line]
        assert out == "" and len(said) == 1 and words in said[0], err
