from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.opening import open_dataset
from mien.evaluation.classification.ask_corrupted import ask_corrupted
from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.classification.robustness import measure_robustness
from tests.support import fer2013, tiny
from tests.support.commands import mien
from tests.support.fer2013 import Row
from tests.support.models import tiny_classifier

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def data(fer2013_rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    members = fer2013.files(fer2013_rows)
    return fer2013.write_zip(tmp_path_factory.mktemp("data") / "fer2013.zip", members)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_classifier(tmp_path_factory.mktemp("model") / "tiny.onnx").path


def test_json_has_the_measured_figures(data: Path, model: Path, capsys: Output) -> None:
    asked = (model, "--data", data, "--dataset", "fer2013", "--split", "public", "--corruptions")
    assert mien("evaluate", *asked, "--json") == 0
    out, err = capsys.readouterr()
    found = ask_corrupted(OnnxClassifier(model), open_dataset(data), "public")
    read = json.loads(out)
    expected = json.loads(json.dumps(measure_robustness(found).to_dict()))
    assert {key: read[key] for key in expected} == expected
    assert read["source"] == str(model) and err == "" and out.count("\n") == 1


def test_the_table_and_every_file(data: Path, model: Path, tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    files = ("--save", tmp_path / "a.npz", "--figure", tmp_path / "f.svg", "--figures",
             tmp_path / "figures", "--html", tmp_path / "r.html")  # fmt: skip
    asked = (model, "--data", data, "--split", "public", "--corruptions", "--limit", 14)
    assert mien("evaluate", *asked, *files) == 0
    out, _ = capsys.readouterr()
    made = CorruptedAnswers.load(tmp_path / "a.npz")
    scores = measure_robustness(made)
    assert len(made) == 14
    assert out.startswith("tiny on FER2013, split public, 14 pictures, clean and in 40 corrupted")
    lines = [line.split() for line in out.splitlines()]
    noise = scores.kinds["noise"]
    assert ["noise", *(f"{a:.1%}" for a in (*noise.accuracies, noise.accuracy))] in lines
    assert f"corruption error            {scores.corruption_error:.1%}" in out
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "corruptions.png", "examples.png"
    }  # fmt: skip
    assert "<svg" in (tmp_path / "f.svg").read_text("utf-8")
    assert "Accuracy by strength" in (tmp_path / "r.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--tta",), "--tta has no meaning with --corruptions"),
        (("--repeats-of", "none"), "--repeats-of has no meaning with --corruptions"),
        (("--explain", "3"), "--explain has no meaning with --corruptions"),
        (("--folds", "2"), "--corruptions has no meaning with --folds"),
        (("--threshold", "0.5"), "--threshold is for face detectors"),
    ],
)
def test_what_does_not_go_with_it(
    data: Path, model: Path, flags: tuple[str, ...], problem: str, capsys: Output
) -> None:
    asked = (model, "--data", data, "--split", "public", "--corruptions", *flags)
    assert mien("evaluate", *asked) == 2
    assert problem in capsys.readouterr().err


def test_a_detector_and_a_limit_without_corruptions_are_refused(
    data: Path, model: Path, capsys: Output
) -> None:
    assert mien("evaluate", "mtcnn", "--data", data, "--corruptions") == 2
    assert "--corruptions is for classifiers" in capsys.readouterr().err
    assert mien("evaluate", model, "--data", data, "--limit", 3) == 2
    assert "--limit is for face detectors" in capsys.readouterr().err


def test_a_run_keeps_its_answers_and_compare_finds_them(tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("torch")
    from mien.train.trainer import train

    run, faces = tmp_path / "run", tiny.write_csv(tmp_path / "fer2013.csv")
    config = tiny.config(architecture="mlp", epochs=1, limit=32, dataset="fer2013")
    train(config, open_dataset(faces, "fer2013"), run)
    data = ("--data", faces, "--split", "public")
    assert mien("evaluate", run, *data, "--corruptions", "--limit", 7) == 0
    kept = run / "predictions" / "public-corrupted.npz"
    assert not kept.exists()
    assert mien("evaluate", run, *data, "--corruptions", "--save", tmp_path / "saved.npz") == 0
    capsys.readouterr()
    saved = CorruptedAnswers.load(tmp_path / "saved.npz")
    assert np.array_equal(CorruptedAnswers.load(kept).corrupted, saved.corrupted)
    both = ("compare", run, tmp_path / "saved.npz")
    assert mien(*both, "--corruptions", "--json") == 0  # needs no data
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"][0]["difference"] == 0
    assert mien(*both) == 2
    assert "saved.npz holds answers to corrupted pictures: add --corruptions" in (
        capsys.readouterr().err
    )
