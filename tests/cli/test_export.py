from __future__ import annotations

from pathlib import Path

import pytest

from mien.classifiers.base import load_classifier
from mien.samples import ASTRONAUT
from tests.support import tiny
from tests.support.commands import mien

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mien.train.trainer import train

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run")
    train(tiny.config(epochs=1), tiny.Faces(), folder, device=torch.device("cpu"))
    return folder


def test_a_run_becomes_a_model_that_mien_can_use(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tiny.write_csv(tmp_path / "fer2013.csv")
    out = tmp_path / "mine.onnx"
    framing = ["--margin", 0.3, "--offset", 0.0, -0.1, "--align"]
    options = ["--name", "mine", "--licence", "CC0", "--card", "room=42 = 6 × 7"]
    calibrate = ["--calibrate", data, "--calibrate-split", "public"]
    assert mien("export", run, "--out", out, *calibrate, *framing, *options) == 0
    printed, warned = capsys.readouterr()
    assert "'public', which training did not hold back" in warned and warned.count("\n") == 1
    spec = load_classifier(out).spec
    assert (spec.margin, spec.offset, spec.align) == (0.3, (0.0, -0.1), True)
    assert (spec.name, spec.licence, spec.card["room"]) == ("mine", "CC0", "42 = 6 × 7")
    assert printed.startswith(f"{out}: {out.stat().st_size / 1e6:.2f} MB, float16 weights\n")
    assert f"public_accuracy {spec.scores['public_accuracy']:.4f}" in printed
    assert f"temperature: {spec.temperature:.3f}" in printed


def test_the_temperature_of_a_run_that_held_a_part_back(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mien.train.trainer import train

    data, tenth = tiny.write_csv(tmp_path / "fer2013.csv"), tmp_path / "tenth"
    keys = {"splits": "random:50/50", "valid_split": "valid", "epochs": 1}
    train(tiny.config(**keys, mixup=0.5), tiny.Faces(), tenth, device=torch.device("cpu"))
    out, own = tmp_path / "mine.onnx", tmp_path / "own.onnx"
    assert mien("export", tenth, "--out", own, "--calibrate", data) == 0
    borrowed = ["--calibrate", data, "--calibrate-run", tenth]
    assert mien("export", run, "--out", out, *borrowed) == 0
    printed, warned = capsys.readouterr()
    spec, its = load_classifier(out).spec, load_classifier(own).spec
    assert spec.temperature == pytest.approx(its.temperature, rel=0.01) != 1
    assert not spec.scores and spec.sha256 != its.sha256
    assert spec.card["calibration"] == its.card["calibration"]
    assert "held back from training (random:50/50), by another run" in spec.card["calibration_part"]
    assert f"temperature: {spec.temperature:.3f}" in printed
    assert "other values of mixup" in warned and warned.count("\n") == 1


def test_a_file_that_computes_in_8_bits(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "fer2013", tmp_path / "mine.onnx"
    data.mkdir()
    tiny.write_csv(data / "fer2013.csv")
    words = ("--weights", "int8", "--temperature", 0.75)
    assert mien("export", run, "--out", out, "--data", data, *words) == 0
    printed, warned = capsys.readouterr()
    assert "MB, int8 weights" in printed and not warned
    assert "same first answer on training pictures: " in printed
    assert load_classifier(out).spec.card["weights"] == "int8"
    assert mien("analyze", ASTRONAUT, "--model", out) == 0


def test_a_temperature_that_is_known_is_taken_over(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.onnx"
    assert mien("export", run, "--out", out, "--temperature", 0.75) == 0
    assert "temperature: 0.750" in capsys.readouterr().out
    spec = load_classifier(out).spec
    assert spec.temperature == 0.75 and not spec.scores
    assert spec.card["calibration"] == "none, the temperature was given"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--out", "model.pt"], "--out must end in .onnx"),
        (["--out", "m.onnx", "--card", "room"], "KEY=VALUE"),
        (["--out", "m.onnx", "--calibrate-run", "other"], "--calibrate PATH"),
        (["--out", "m.onnx", "--weights", "int4"], "float16"),
        (["--out", "m.onnx", "--data", "x"], "--weights int8 and --data PATH"),
        (["--out", "m.onnx", "--temperature", "0"], "must be from 0.01 to 100, got 0"),
        (["--out", "m.onnx", "--temperature", "1", "--calibrate", "x"], "give one of them"),
    ],
)
def test_a_wrong_option_has_status_2(
    run: Path, args: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mien("export", run, *args) == 2
    printed = capsys.readouterr().err
    assert expected in printed
    if "--weights" not in args:
        assert printed.startswith("mien: ") and printed.count("\n") == 1


def test_a_folder_without_a_run_is_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mien("export", tmp_path, "--out", tmp_path / "m.onnx") == 1
    printed = capsys.readouterr().err
    assert "give the folder of a 'mien train' run" in printed and printed.count("\n") == 1


def test_a_photo_is_not_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 10)
    assert mien("export", photo, "--out", tmp_path / "m.onnx") == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f"mien: {photo} is not a checkpoint of 'mien train'")
    assert printed.count("\n") == 1 and "eights only" not in printed


def test_a_missing_folder_is_reported_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mien("export", tmp_path / "no run", "--out", tmp_path / "none" / "m.onnx") == 1
    assert "there is no folder" in capsys.readouterr().err
