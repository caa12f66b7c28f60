from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fer2013
import mien.cli.progress
from fer2013 import Row
from mien.classifiers.onnx import OnnxClassifier
from mien.cli.app import main
from mien.datasets.base import open_dataset
from mien.evaluate import evaluate
from models import tiny_classifier, training_run

Output = pytest.CaptureFixture[str]


def run(*args: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *(str(arg) for arg in args)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture(scope="module")
def data(fer2013_rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    members = fer2013.files(fer2013_rows)
    return fer2013.write_zip(tmp_path_factory.mktemp("data") / "fer2013.zip", members)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_classifier(tmp_path_factory.mktemp("model") / "tiny.onnx").path


@pytest.mark.parametrize("tta", [False, True])
def test_json_is_one_object_with_the_measured_figures(
    tta: bool, data: Path, model: Path, capsys: Output
) -> None:
    flags = ["--tta"] if tta else []
    assert run(model, "--data", data, "--split", "public", "--json", *flags) == 0
    out, err = capsys.readouterr()
    found = evaluate(OnnxClassifier(model), open_dataset(data), "public", tta=tta)
    read = json.loads(out)
    names = ("accuracy", "balanced_accuracy", "macro_f1", "ece", "nll", "n", "split", "tta")
    assert {name: read[name] for name in names} == {name: getattr(found, name) for name in names}
    assert np.array_equal(read["confusion"], found.confusion)
    assert read["per_class"]["anger"]["support"] == found.per_class["anger"].support
    assert read["model"] == "tiny" and read["source"] == str(model)
    assert err == "" and out.count("\n") == 1


def test_the_table_is_readable_in_a_pipe(data: Path, model: Path, capsys: Output) -> None:
    assert run(model, "--data", data, "--split", "public") == 0
    out, _ = capsys.readouterr()
    found = evaluate(OnnxClassifier(model), open_dataset(data), "public")
    lines = [line.split() for line in out.splitlines()]
    assert out.startswith("tiny on fer2013, split public, single crop")
    assert ["accuracy", *[f"{found.accuracy:.2%}"] * 2] in lines
    assert "without duplicates of train" in out
    for label, row in zip(found.labels, found.confusion, strict=True):
        assert [label, *map(str, row)] in lines
    assert max(len(line) for line in out.splitlines()) <= 80 and "\x1b" not in out


def test_a_progress_bar_only_for_somebody_who_sees_it(
    data: Path, model: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(model, "--data", data, "--split", "public", "--json") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(mien.cli.progress, "_stderr_is_a_terminal", lambda: True)
    assert run(model, "--data", data, "--split", "public", "--json") == 0
    out, err = capsys.readouterr()
    assert "16/16" in err and json.loads(out)["n"] == 16


def test_a_training_run_and_its_checkpoint(data: Path, tmp_path: Path, capsys: Output) -> None:
    pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    place, _ = training_run(tmp_path / "run")
    for given in (place, place / "last.pt"):
        assert run(given, "--data", data, "--split", "public", "--json") == 0
        assert json.loads(capsys.readouterr().out)["model"] == "untrained"


@pytest.mark.parametrize(
    ("name", "magic"), [("c.png", b"\x89PNG"), ("c.svg", b"<?xml"), ("C.PDF", b"%PDF")]
)
def test_a_figure(
    name: str, magic: bytes, data: Path, model: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    path = tmp_path / name
    assert run(model, "--data", data, "--split", "public", "--figure", path) == 0
    assert path.read_bytes().startswith(magic)
    if name == "c.png":
        picture = np.array(Image.open(path).convert("L"))
        assert min(picture.shape) > 800
        # Nothing is cut off: the outermost pixels are white on every side.
        assert all(edge.min() == 255 for edge in (picture[0], picture[-1], *picture.T[[0, -1]]))
    if name == "c.svg":
        assert "accuracy" in path.read_text() or "<path" in path.read_text()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"--split": "valid"}, 1, ("'valid'", "train, public, private")),
        ({"--data": "nowhere.zip"}, 1, ("nowhere.zip", "no such file")),
        ({"--dataset": "fer"}, 2, ("unknown dataset 'fer'", "fer2013")),
        ({"MODEL": "nothing"}, 2, ("unknown classifier 'nothing'", "default", ".onnx")),
        ({"MODEL": "nowhere.onnx"}, 1, ("nowhere.onnx", "does not exist")),
        ({"MODEL": "nowhere.pt"}, 1, ("no checkpoint at nowhere.pt",)),
        ({"--figure": "c.gif"}, 2, ("c.gif", ".png, .svg, .pdf")),
        ({"--figure": f"{'x' * 300}/c.png"}, 1, ("File name too long",)),
        ({"--figure": f"{'x' * 300}.png"}, 1, ("File name too long",)),
        ({"--data": "x" * 300}, 1, ("File name too long",)),
        ({"MODEL": "x" * 300}, 2, ("unknown classifier",)),
        ({"--figure": "nowhere/c.png"}, 1, ("no folder 'nowhere'",)),
    ],
)
def test_what_cannot_be_done_is_one_line(
    change: dict[str, str],
    code: int,
    words: tuple[str, ...],
    data: Path,
    model: Path,
    capsys: Output,
) -> None:
    if change.get("MODEL", "").endswith(".pt"):
        pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    options = {"MODEL": str(model), "--data": str(data), "--split": "public", **change}
    given = options.pop("MODEL")
    assert run(given, *(part for option in options.items() for part in option)) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mien: ") and err.count("\n") == 1
    assert all(word in err for word in words), err


def test_usage(data: Path, capsys: Output) -> None:
    assert run("default", "--data", data) == 2
    assert "--split" in capsys.readouterr().err


def test_the_core_is_enough_for_an_onnx_file(data: Path, model: Path, tmp_path: Path) -> None:
    """Without any extra, figures and training runs name the one they need."""
    code = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "onnx", "matplotlib", "scipy", "sklearn"):
            raise ImportError(f"{name} is not part of the core")
sys.meta_path.insert(0, Wall())
from mien.cli.app import main
for model, *more in ((sys.argv[1],), (sys.argv[1], "--figure", "c.png"), (sys.argv[3],)):
    try:
        main(["evaluate", model, "--data", sys.argv[2], "--split", "public", "--json", *more])
    except SystemExit as error:
        print(error.code, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(model), str(data), str(tmp_path)],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout)["n"] == 16
    assert done.stderr.splitlines() == [
        "0",
        "mien: a figure needs the 'plot' extra: pip install 'mien[plot]'",
        "1",
        f"mien: the training run {tmp_path} needs the 'train' extra: pip install 'mien[train]'",
        "1",
    ]
