from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import mien.cli.support.progress
from mien.classifiers.onnx import OnnxClassifier
from mien.cli.app import main
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Sample
from mien.datasets.splits import resplit
from mien.errors import DatasetError
from mien.evaluation.classification.measures import measure
from mien.evaluation.classification.predictions import Predictions
from tests.support import fer2013, tiny
from tests.support.by_hand import evaluate
from tests.support.fer2013 import Row
from tests.support.models import tiny_classifier, training_run

Output = pytest.CaptureFixture[str]


def run(*args: object) -> int:
    named = () if "--dataset" in args else ("--dataset", "fer2013")  # a guess would be said
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *(str(arg) for arg in args), *named])
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
    assert out.startswith("tiny on FER2013, split public, single crop")
    assert ["accuracy", *[f"{found.accuracy:.2%}"] * 2] in lines
    assert "without duplicates of train" in out
    for label, row in zip(found.labels, found.confusion, strict=True):
        assert [label, *map(str, row)] in lines
    assert max(len(line) for line in out.splitlines()) <= 80 and "\x1b" not in out


def test_a_progress_bar_only_on_a_terminal(
    data: Path, model: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(model, "--data", data, "--split", "public", "--json") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(mien.cli.support.progress, "_stderr_is_a_terminal", lambda: True)
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
        ({"MODEL": "nothing"}, 2, ("unknown model 'nothing'", "default", ".onnx")),
        ({"MODEL": "nowhere.onnx"}, 1, ("nowhere.onnx", "does not exist")),
        ({"MODEL": "nowhere.pt"}, 1, ("no checkpoint at nowhere.pt",)),
        ({"--figure": "c.gif"}, 2, ("c.gif", ".png, .svg, .pdf")),
        ({"--figure": f"{'x' * 300}/c.png"}, 1, ("File name too long",)),
        ({"--figure": f"{'x' * 300}.png"}, 1, ("File name too long",)),
        ({"--data": "x" * 300}, 1, ("File name too long",)),
        ({"MODEL": "x" * 300}, 2, ("unknown model",)),
        ({"MODEL": "fine_tune"}, 2, ("fine_tune is a recipe", "--folds 5")),
        ({"--figure": "nowhere/c.png"}, 1, ("no folder 'nowhere'",)),
        ({"--html": "nowhere/c.html"}, 1, ("no folder 'nowhere'",)),
        ({"--save": "nowhere/p.npz"}, 1, ("no folder 'nowhere'",)),
        ({"--figures": f"{'x' * 300}/f"}, 1, ("File name too long",)),
        ({"--figures": "/proc/none"}, 1, ("/proc/none",)),
        ({"--explain": "3"}, 2, ("--explain needs --figures DIR or --html FILE",)),
        ({"--explain-with": "gradcam"}, 2, ("Grad-CAM needs", "--explain-with occlusion")),
        ({"--splits": "random"}, 2, ("splits 'random'", "random:90/10")),
        ({"--option": "classes=7"}, 2, ("'fer2013': unknown option 'classes'",)),
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


def test_a_picture_to_explain_is_looked_for_before_the_work(
    data: Path, model: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    place = tmp_path / "figures"
    key = next(sample.key for sample in open_dataset(data).samples("public"))
    wrong = key.replace(".png", ".jpg")
    options = ("--data", data, "--split", "public", "--figures", place)
    assert run(model, *options, "--explain", wrong) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"mien: no picture '{wrong}' in split 'public'")
    assert f"did you mean '{key}'" in err and not list(place.iterdir())


def test_all_that_can_be_written_at_once(
    data: Path, model: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")
    figures, page, answers = tmp_path / "new" / "figures", tmp_path / "r.html", tmp_path / "p.npz"
    key = next(sample.key for sample in open_dataset(data).samples("public"))
    options = (
        "--data", data, "--split", "public", "--json", "--explain", "2", "--explain", key,
        "--figures", figures, "--html", page, "--save", answers,
    )  # fmt: skip
    assert run(model, *options) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == "" and found["warnings"] == []
    assert sorted(path.stem for path in figures.glob("*.png")) == [
        "confusion", "confusion_counts", "confusion_shares", "explain", "mistakes", "reliability",
        "risk_coverage", "scores", "support",
    ]  # fmt: skip
    html = page.read_text("utf-8")
    assert f"{found['accuracy']:.1%}" in html and key in html
    assert f"mien evaluate {model} --data {data} --split public --tta" not in html
    assert f"mien evaluate {model} --data {data} --split public --dataset fer2013 --json" in html
    saved = Predictions.load(answers)
    assert measure(saved).accuracy == found["accuracy"]
    assert found["intervals"]["accuracy"]["low"] <= found["accuracy"]


def test_an_interval_stands_under_its_measure(data: Path, model: Path, capsys: Output) -> None:
    assert run(model, "--data", data, "--split", "public", "--repeats-of", "none") == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    found = evaluate(OnnxClassifier(model), open_dataset(data), "public")
    interval = found.intervals["accuracy"]
    under = lines[lines.index(next(line for line in lines if line.startswith("accuracy"))) + 1]
    assert under.split(maxsplit=2)[2] == f"{100 * interval.low:.1f} to {interval.high:.1%}"
    assert not any("without duplicates" in line for line in lines)


def test_unreadable_pictures_are_reported(
    data: Path, model: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = open_dataset(data)

    class Damaged:
        facts = whole.facts

        def splits(self) -> tuple[str, ...]:
            return whole.splits()

        def samples(self, split: str) -> Iterator[Sample]:
            for row, sample in enumerate(whole.samples(split)):
                yield replace(sample, pixels=self.fail) if row in (1, 4) else sample

        def skipped(self, split: str) -> dict[str, list[str]]:
            return {}

        def fail(self) -> NDArray[np.uint8]:
            raise DatasetError("cut short")

    monkeypatch.setattr("mien.subjects.measured_data.open_dataset", lambda *_, **__: Damaged())
    assert run(model, "--data", "x", "--split", "public") == 0
    out = capsys.readouterr().out
    assert (
        "warning: 2 of 16 pictures could not be read and are left out of all figures, such as "
        in out
    )
    assert run(model, "--data", "x", "--split", "public", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 14 and len(found["skipped"]) == 2 and "2 of 16" in found["warnings"][0]


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_csv(tmp_path_factory.mktemp("bars") / "fer2013.csv")


@pytest.fixture(scope="module")
def divided_run(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a random division of the training split, its epoch chosen on the smaller part."""
    torch = pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    from mien.train.trainer import train

    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("runs") / "divided"
    config = tiny.config(
        splits="random:80/20", splits_seed=3, valid_split="valid", patience=2, batch_size=16
    )
    train(config, open_dataset(bars), place, device=torch.device("cpu"))
    return place


def test_a_run_is_measured_on_its_own_splits(
    divided_run: Path, bars: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (divided_run, "--data", bars, "--split")
    assert run(*arguments, "valid", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    own = resplit(open_dataset(bars), "random:80/20", "train", 3)
    assert found["n"] == len(list(own.samples("valid"))) and found["splits"] == "random:80/20"
    assert "epoch of the classifier was selected on split 'valid'" in found["warnings"][0]
    saved = Predictions.load(divided_run / "predictions" / "valid.npz")
    assert saved.fingerprint == found["fingerprint"] and saved.splits == "random:80/20"
    assert saved.keys == tuple(sample.key for sample in own.samples("valid"))

    assert run(*arguments, "train", "--tta", "--json") == 0
    assert "was trained on split 'train'" in json.loads(capsys.readouterr().out)["warnings"][0]
    assert (divided_run / "predictions" / "train-tencrops.npz").is_file()
    assert run(*arguments, "public", "--json") == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []

    # Other splits than the run's: what it learned from is found among them, and nothing is kept.
    before = (divided_run / "predictions" / "train-tencrops.npz").read_bytes()
    assert run(*arguments, "train", "--tta", "--splits", "official", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 128 and found["splits"] == "official"
    learned = len(list(own.samples("train")))
    assert f"was trained on {learned} of these 128 pictures" in found["warnings"][0]
    assert (divided_run / "predictions" / "train-tencrops.npz").read_bytes() == before


def test_curves_and_gradcam_of_a_run(
    divided_run: Path, bars: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")
    page = tmp_path / "report.html"
    options = ("--data", bars, "--split", "valid", "--html", page, "--explain", "1")
    assert run(divided_run, *options, "--explain-with", "gradcam") == 0
    html = page.read_text("utf-8")
    assert 'id="curves"' in html and 'id="explain"' in html and "Grad-CAM" in html


def test_gradcam_of_what_has_no_feature_maps_is_refused_before_the_work(
    bars: Path, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    place, _ = training_run(tmp_path / "mlp", "mlp")
    options = ("--data", bars, "--split", "public", "--figures", tmp_path / "f")
    assert run(place, *options, "--explain-with", "gradcam") == 2
    out, err = capsys.readouterr()
    assert out == "" and "has no feature maps for Grad-CAM" in err and err.count("\n") == 1


def test_a_run_that_cannot_be_written_to_is_measured_all_the_same(
    divided_run: Path, bars: Path, tmp_path: Path, capsys: Output
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(divided_run / "last.pt", copy)
    (copy / "predictions").write_text("in the way")
    assert run(copy, "--data", bars, "--split", "valid", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["n"] > 0
    assert err.count("\n") == 1 and "the answers are not kept" in err


def test_a_full_disk_does_not_take_the_measures_with_it(
    data: Path, model: Path, tmp_path: Path, capsys: Output,
    full_disk: Callable[[int], AbstractContextManager[None]],
) -> None:  # fmt: skip
    pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
    figure = tmp_path / "c.png"
    with full_disk(1000):
        code = run(model, "--data", data, "--split", "public", "--json", "--figure", figure)
    out, err = capsys.readouterr()
    assert code == 1 and json.loads(out)["n"] == 16
    assert "cannot write" in err and err.count("\n") == 1 and not list(tmp_path.iterdir())


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
for model, *more in (
    (sys.argv[1],), (sys.argv[1], "--figure", "c.png"), (sys.argv[1], "--html", "r.html"),
    (sys.argv[3],),
):
    try:
        main(["evaluate", model, "--data", sys.argv[2], "--split", "public", "--json",
              "--dataset", "fer2013", *more])
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
        "mien: a figure needs the 'plot' extra: pip install '.[plot]' in a clone of Mien",
        "1",
        "mien: an HTML report needs the 'plot' extra: pip install '.[plot]' in a clone of Mien",
        "1",
        f"mien: the training run {tmp_path} needs the 'train' extra: "
        "pip install '.[train]' in a clone of Mien",
        "1",
    ]
