"""Labelled whole photos from end to end: inspected, packed, trained on, measured, exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.evaluation.classification.predictions import Predictions
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from mien.subjects.base import Settings
from mien.subjects.load import open_subject
from mien.subjects.source import identify
from tests.support import whole_photos
from tests.support.commands import mien
from tests.support.models import tiny_classifier

Output = pytest.CaptureFixture[str]
DETECT = ("--option", "detect=yes")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return whole_photos.write(tmp_path / "photos")


def test_the_hint_is_one_line_and_goes_away_once_detect_is_said(data: Path, capsys: Output) -> None:
    assert mien("data", "info", data, "--dataset", "folder") == 0
    hint = capsys.readouterr().err
    assert hint.count("\n") == 1 and "look like whole photos" in hint
    assert "add --option detect=yes" in hint
    for value in ("yes", "no"):
        assert mien("data", "info", data, "--dataset", "folder", "--option", f"detect={value}") == 0
        assert "whole photos" not in capsys.readouterr().err


def test_info_and_plot_count_photos_without_a_face(
    data: Path, tmp_path: Path, capsys: Output
) -> None:
    assert mien("data", "info", data, *DETECT) == 0
    out = capsys.readouterr().out
    assert "train: left out 1: no face found" in out
    assert ["pictures", "3"] in [line.split() for line in out.splitlines()]
    pytest.importorskip("matplotlib")
    assert mien("data", "plot", data, "--out", tmp_path / "plot", *DETECT) == 0
    assert "no face found in 1 of the pictures drawn" in capsys.readouterr().err


def test_evaluate_counts_them_as_wrong_and_also_leaves_them_out(
    data: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")
    report, saved = tmp_path / "r.html", tmp_path / "answers.npz"
    files = ("--html", report, "--save", saved)
    assert mien("evaluate", "default", "--data", data, *DETECT, "--json", *files) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 4 and found["with_face"]["n"] == 3
    assert found["no_face"] == [whole_photos.EMPTY]
    right = 3 * found["with_face"]["accuracy"]
    assert found["accuracy"] == pytest.approx(right / 4)
    kept = Predictions.load(saved)
    assert kept.no_face == (whole_photos.EMPTY,)
    recognizer = Recognizer()  # the same faces in the same framing: the same answers
    for key, probs in zip(kept.keys, kept.probs, strict=True):
        (reading,) = recognizer.image(data / key).readings
        assert kept.names[int(probs.argmax())] == reading.expression
        assert float(probs.max()) == pytest.approx(max(reading.emotions.probs), abs=1e-6)
    assert "no face was found, which counts as wrong" in report.read_text()
    assert mien("evaluate", "default", "--data", data, *DETECT) == 0
    out = capsys.readouterr().out
    assert "where a face was found" in out and "no face found" in out


def test_from_photos_to_a_model_that_analyzes_them(
    data: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("torch")
    small = (
        "--epochs", 1, "--threads", 1, "--set", "valid_split=", "--set", "patience=0", "--set",
        "splits=official", "--set", "batch_size=2", "--set", "resize=16", "--set", "input_size=16",
        "--set", "widths=[8]",
    )  # fmt: skip
    run, pack, model = tmp_path / "run", tmp_path / "pack", tmp_path / "m.onnx"
    smallest = ("--option", "min_face_size=30")
    assert mien("train", "mlp", "--data", data, "--out", run, *DETECT, *smallest, *small) == 0
    assert "no face was found in 1 of 4 photos" in capsys.readouterr().err
    recipe = json.loads((run / "recipe.json").read_text())
    assert recipe["dataset_options"] == ["detect=yes", "min_face_size=30"]
    reasons = [json.loads(line) for line in (run / "unreadable.jsonl").read_text().splitlines()]
    assert reasons == [
        {"key": whole_photos.EMPTY, "reason": f"no face found in {whole_photos.EMPTY}"}
    ]

    assert mien("evaluate", run, "--data", data, "--json") == 0  # detects as it was trained
    of_run = json.loads(capsys.readouterr().out)
    assert of_run["n"] == 4 and of_run["with_face"]["n"] == 3
    assert (run / "predictions" / "train.npz").is_file()
    pytest.importorskip("onnxscript")
    assert mien("export", run, "--out", model) == 0
    spec = Recognizer(model=model).classifier.spec
    assert (spec.margin, spec.offset, spec.align) == (-0.035, (0.010, -0.007), False)
    capsys.readouterr()
    assert mien("evaluate", model, "--data", data, *DETECT, *smallest, "--json") == 0
    of_file = json.loads(capsys.readouterr().out)
    assert of_file["confusion"] == of_run["confusion"]
    assert of_file["fingerprint"] == of_run["fingerprint"]
    recognizer = Recognizer(model=model, min_face_size=30)
    answers = Predictions.load(run / "predictions" / "train.npz")
    for key, probs in zip(answers.keys, answers.probs, strict=True):
        (reading,) = recognizer.image(data / key).readings
        assert dict(zip(answers.names, probs, strict=True)) == pytest.approx(
            dict(zip(spec.labels, reading.emotions.probs, strict=True)), abs=0.01
        )

    assert mien("data", "pack", data, pack, "--size", 16, "--option", "detect=all") == 0
    assert "1 without a face" in capsys.readouterr().err
    manifest = json.loads((pack / "pack.json").read_text())
    assert manifest["framing"] == {"margin": -0.035, "offset": [0.010, -0.007], "align": False}
    assert manifest["detected"] == ["yunet", "all"] and manifest["no_face"] == 1
    assert mien("train", "mlp", "--data", pack, "--out", tmp_path / "r2", *small) == 0
    subject = open_subject(identify(str(tmp_path / "r2")), Settings())
    assert subject.classifier.spec.margin == -0.035
    capsys.readouterr()
    assert mien("evaluate", model, "--data", pack, *DETECT) == 2
    assert "detected before: leave out detect" in capsys.readouterr().err


def test_options_that_cannot_be_used_are_refused(data: Path, photos: Path, capsys: Output) -> None:
    for option, message in (
        ("detect=maybe", "detect must be one of no, yes, largest, all, got 'maybe'"),
        ("detector=mtcnn", "add detect=yes"),
    ):
        assert mien("data", "info", data, "--option", option) != 0
        assert message in capsys.readouterr().err
    options = ("--option", "detect=yes", "--option", "detector=mtcn")
    assert mien("data", "info", data, *options) != 0
    assert "did you mean 'mtcnn'?" in capsys.readouterr().err
    assert mien("data", "info", photos, "--dataset", "coco", *DETECT) != 0
    assert "whole pictures with marked faces: leave it out" in capsys.readouterr().err


def test_crop_says_what_it_did(data: Path, tmp_path: Path, capsys: Output) -> None:
    out = tmp_path / "faces"
    assert mien("data", "crop", data, "--out", out, "--size", 64, "--margin", 0.1, "--align") == 0
    shown = capsys.readouterr()
    assert f"{out}: 3 faces of 4 photos (happiness 2, neutral 1)" in shown.out
    assert "no face found in 1 photos" in shown.err
    (data / "neutral" / "damaged.jpg").write_bytes(b"no picture")
    assert mien("data", "crop", data, "--out", tmp_path / "again") == 1
    assert "damaged.jpg" in capsys.readouterr().err
    assert mien("data", "crop", data, "--out", out) == 2
    assert "cut with framing" in capsys.readouterr().err


def test_nine_real_photos(shared: Path, tmp_path: Path, capsys: Output) -> None:
    """Photos as they are score at random; their faces score as ``analyze`` reads them."""
    import shutil

    import cv2

    from mien.media.images import read_image

    happy, neutral = tmp_path / "happiness", tmp_path / "neutral"
    happy.mkdir()
    neutral.mkdir()
    shutil.copy(ASTRONAUT, happy)
    shutil.copy(shared / "photos" / "obama_smile.jpg", happy)
    shutil.copy(shared / "photos" / "biden.jpg", neutral)
    group = read_image(shared / "photos" / "oarriaga_test_image.jpg")
    faces = Recognizer().image(group).readings
    for number in (0, 1, 4, 5):  # a piece of the photo around each of four laughing faces
        box = faces[number].face.box
        x1, x2 = max(0, box.x1 - 1.2 * box.width), box.x2 + 1.2 * box.width
        y1, y2 = max(0, box.y1 - 1.5 * box.width), box.y2 + 3 * box.width
        piece = group[int(y1) : int(y2), int(x1) : int(x2), ::-1]
        cv2.imwrite(str(happy / f"group{number}.png"), piece)
    clip = cv2.VideoCapture(str(shared / "clips" / "pyfeat_single_face.mp4"))
    frames = [clip.read()[1] for _ in range(61)]
    cv2.imwrite(str(neutral / "clip2.png"), frames[2])
    cv2.imwrite(str(happy / "clip60.png"), frames[60])
    figures = {}
    for detect in ("no", "yes"):
        options = ("--option", f"detect={detect}", "--json")
        assert mien("evaluate", "default", "--data", tmp_path, *options) == 0
        figures[detect] = json.loads(capsys.readouterr().out)
    assert figures["no"]["n"] == figures["yes"]["n"] == 9
    assert figures["no"]["accuracy"] < 0.5
    assert figures["yes"]["accuracy"] >= 8 / 9
    assert np.trace(np.array(figures["yes"]["confusion"])) >= 8


@pytest.mark.parametrize("faces", ["yes", "all"])
def test_a_bar_shows_the_search(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: str
) -> None:
    """In ``study`` for every photo, in ``compare`` where listing the faces needs it."""
    pytest.importorskip("onnxscript")
    pytest.importorskip("matplotlib")
    from mien.cli.support import progress
    from mien.datasets.detected import DetectedFaces

    seen: list[tuple[int, int]] = []

    search = DetectedFaces.search

    def searched(self: DetectedFaces, update: Callable[[int, int], None]) -> None:
        def both(done: int, total: int) -> None:
            seen.append((done, total))
            update(done, total)

        search(self, both)

    monkeypatch.setattr(DetectedFaces, "search", searched)
    monkeypatch.setattr(progress, "_stderr_is_a_terminal", lambda: True)
    detect = ("--option", f"detect={faces}")
    model = tiny_classifier(tmp_path / "own.onnx").path
    assert mien("compare", "default", model, "--data", data, *detect) == 0
    every = [(n, 4) for n in range(1, 5)]
    assert seen == (every if faces == "all" else [])
    seen.clear()
    # These photos have no split 'public': the study refuses them after the search.
    study = ("--out", tmp_path / "study", "--only", "majority", "--device", "cpu")
    assert mien("study", "--data", data, *study, *detect) != 0
    assert seen == every
