from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.opening import open_dataset
from mien.evaluation.classification.cost import Cost
from mien.evaluation.classification.predict import predict
from tests.support import fer2013
from tests.support.commands import mien
from tests.support.fer2013 import Row
from tests.support.models import tiny_classifier

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def data(fer2013_rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    members = fer2013.files(fer2013_rows)
    return fer2013.write_zip(tmp_path_factory.mktemp("data") / "fer2013.zip", members)


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders with saved answers and costs, as 'mien study' leaves them."""
    place = tmp_path_factory.mktemp("runs")
    for seed, name in enumerate(("one", "two")):
        model = tiny_classifier(place / f"{name}.onnx", seed=seed).path
        (place / name / "predictions").mkdir(parents=True)
        found = predict(OnnxClassifier(model), open_dataset(data), "public")
        found.save(place / name / "predictions" / "public.npz")
        Cost(1000 * (seed + 1), 2_000_000, 0.5, 1.5, "a machine").save(place / name / "cost.json")
    return [place / "one", place / "two"]


def test_saved_answers_need_no_data(runs: list[Path], capsys: Output) -> None:
    assert mien("compare", *runs, "--json") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == "" and out.count("\n") == 1
    assert {row["name"] for row in found["rows"]} == {"one", "two"}
    assert {row["cost"]["parameters"] for row in found["rows"]} == {1000, 2000}
    (pair,) = found["pairs"]
    assert 0 <= pair["p"] <= 1 and pair["p_holm"] == pair["p"]


def test_the_table_is_readable_in_a_pipe(runs: list[Path], capsys: Output) -> None:
    assert mien("compare", runs[0], runs[1] / "predictions" / "public.npz") == 0
    out, _ = capsys.readouterr()
    assert out.startswith("FER2013, split public, 16 pictures, single crop\n")
    lines = [line.split() for line in out.splitlines()]
    assert ["one", "1,000", "2.0", "M", "0.50", "1.5", "a", "machine"] in lines
    assert ["two", "2,000", "2.0", "M", "0.50", "1.5", "a", "machine"] in lines
    assert "McNemar's test, two-sided" in out and "\x1b" not in out


def test_a_model_answers_now_as_its_saved_answers_say(
    runs: list[Path], data: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxscript")
    from mien.train.classification import measure_cost

    monkeypatch.setattr(measure_cost, "SECONDS", 0.0)
    model = runs[0].with_suffix(".onnx")
    assert mien("compare", runs[0], model, "--data", data, "--json") == 0
    first, second = json.loads(capsys.readouterr().out)["rows"]
    assert {first["name"], second["name"]} == {str(runs[0]), str(model)}  # both are called "one"
    assert first["scores"] == second["scores"]


def test_splits_and_copies_do_not_mix(
    runs: list[Path], data: Path, fer2013_rows: list[Row], tmp_path: Path, capsys: Output
) -> None:
    model = runs[0].with_suffix(".onnx")
    other = predict(OnnxClassifier(model), open_dataset(data), "private")
    other.save(tmp_path / "private.npz")
    saved = runs[1] / "predictions" / "public.npz"
    assert mien("compare", saved, tmp_path / "private.npz") == 1
    assert "two and private cannot be compared: split public against private" in (
        capsys.readouterr().err
    )
    assert mien("compare", runs[0], tmp_path / "private.npz") == 2  # the split of saved answers
    assert "no saved answers on the split 'private'; add --data" in capsys.readouterr().err
    brighter = [row._replace(image=np.minimum(row.image, 250) + 5) for row in fer2013_rows]
    copy = fer2013.write_zip(tmp_path / "copy.zip", fer2013.files(brighter))
    assert mien("compare", saved, model, "--data", copy) == 1
    assert "copies of fer2013 public, by fingerprint, " in capsys.readouterr().err
    assert mien("compare", runs[1], model, "--data", copy) == 1  # what it keeps is of other data
    assert "no checkpoint at" in capsys.readouterr().err


def test_what_is_missing_is_one_line(runs: list[Path], tmp_path: Path, capsys: Output) -> None:
    assert mien("compare", "default", runs[0]) == 2
    assert capsys.readouterr().err == (
        "mien: default: no saved answers on the split 'public'; add --data PATH\n"
    )
    assert mien("compare", runs[0]) == 2
    assert mien("compare") == 2
    assert mien("compare", runs[0], tmp_path / "none.npz") == 1
    assert "no predictions at" in capsys.readouterr().err


def test_a_figure_is_drawn(runs: list[Path], tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("matplotlib")
    assert mien("compare", *runs, "--figure", tmp_path / "c.png") == 0
    from PIL import Image

    with Image.open(tmp_path / "c.png") as picture:
        assert picture.width > 1000
    assert mien("compare", *runs, "--figure", tmp_path / "no" / "c.png") == 1
    assert mien("compare", *runs, "--figure", tmp_path / "c.bmp") == 2


def test_a_report_and_every_figure(
    runs: list[Path], data: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    page, folder = tmp_path / "c.html", tmp_path / "figures"
    assert mien("compare", *runs, "--data", data, "--html", page, "--figures", folder) == 0
    assert {path.stem for path in folder.iterdir()} == {
        "quality", "recall", "confusion", "reliability", "disagreements",
    }  # fmt: skip
    text = page.read_text("utf-8")
    assert text.count("<img ") == 5 and "FER2013, split public" in text
    capsys.readouterr()
    assert mien("compare", *runs, "--figures", folder / "fewer") == 0
    assert "only with --data" in capsys.readouterr().err
    assert not (folder / "fewer" / "disagreements.png").exists()
