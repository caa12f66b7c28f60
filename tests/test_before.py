"""Runs, packs, exported files and answers of an older version work in this one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from tests.support import before, fer2013
from tests.support.commands import mien

Output = pytest.CaptureFixture[str]

ON_CPU = ("--device", "cpu", "--threads", "1")
FACES = ("--data", "data/fer2013.zip")
SCENES = ("--data", "data/scenes.zip")
MEASURED_HERE = {"speed", "facts"}
"""Keys of ``mien evaluate --json`` that depend on the machine."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return before.unpack(tmp_path_factory.mktemp("before") / "files")


@pytest.fixture
def expected(unpacked: Path) -> dict[str, Any]:
    """What the older version printed."""
    return json.loads((unpacked / "expected.json").read_text("utf-8"))


@pytest.fixture
def take(unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Copy files or folders to an empty folder that the test runs in."""

    def copy(*names: str) -> Path:
        for name in names:
            source, target = unpacked / name, tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copyfile(source, target)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return copy


def printed(capsys: Output) -> Any:
    return json.loads(capsys.readouterr().out)


def same(found: Any, old: Any, rel: float = 1e-3, where: str = "") -> None:
    """``found`` has all that ``old`` has, numbers within ``rel`` and as many warnings."""
    if isinstance(old, dict):
        for key in old.keys() - MEASURED_HERE:
            assert key in found, f"{where}/{key} is missing"
            same(found[key], old[key], rel, f"{where}/{key}")
    elif isinstance(old, list) and where != "/warnings":
        assert len(found) == len(old), where
        for index, (one, other) in enumerate(zip(found, old, strict=True)):
            same(one, other, rel, f"{where}/{index}")
    elif where == "/warnings":
        assert len(found) == len(old)
    elif isinstance(old, float):
        assert found == pytest.approx(old, rel=rel, abs=1e-3), where
    else:
        assert found == old, where


def rows_of(run: Path) -> list[dict[str, Any]]:
    """The rows of ``metrics.jsonl``; epochs, which were once counted from 0, count from 1."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    first = rows[0]["epoch"]
    return [{**row, "epoch": row["epoch"] - first + 1} for row in rows]


def needs_training() -> None:
    for module in ("torch", "timm", "onnx", "onnxscript"):
        pytest.importorskip(module, reason="needs the 'train' extra")


@pytest.mark.parametrize("model", ["runs/classifier", "classifier.onnx"])
def test_a_classifier_is_measured_as_it_was(
    model: str, take: Callable[..., Path], expected: dict[str, Any], capsys: Output
) -> None:
    if model.startswith("runs"):
        needs_training()
    take(model, "data")
    args = (*FACES, "--split", "public", "--splits", "official", "--json")
    assert mien("evaluate", model, *args) == 0
    same(printed(capsys), expected[model])


@pytest.mark.parametrize("model", ["runs/detector", "detector.onnx"])
def test_a_detector_is_measured_as_it_was(
    model: str, take: Callable[..., Path], expected: dict[str, Any], capsys: Output
) -> None:
    if model.startswith("runs"):
        needs_training()
    take(model, "data")
    assert mien("evaluate", model, *SCENES, "--split", "valid", "--json") == 0
    same(printed(capsys), expected[model])


@pytest.mark.parametrize("option", ["--model=classifier.onnx", "--detector=detector.onnx"])
def test_exported_files_read_a_photo_as_they_did(
    option: str, take: Callable[..., Path], expected: dict[str, Any], capsys: Output
) -> None:
    take(option.partition("=")[2], "picture.jpg")
    # MTCNN was the default detector, for faces of 40 pixels and more.
    detector = (
        () if option.startswith("--detector") else ("--detector", "mtcnn", "--min-face-size", "40")
    )
    assert mien("analyze", "picture.jpg", option, *detector, "--format", "json") == 0
    (found,), (old,) = printed(capsys), expected[f"analyze {option}"]
    assert len(found["faces"]) == len(old["faces"]) >= 1
    for now, then in zip(found["faces"], old["faces"], strict=True):
        assert now["box"] == pytest.approx(then["box"], abs=1)
        if option.startswith("--model"):
            assert now["probs"] == pytest.approx(then["probs"], abs=0.02)
        else:  # the shipped classifier has changed since
            assert now["expression"] == then["expression"]


@pytest.mark.parametrize("model", ["classifier.onnx", "detector.onnx"])
def test_the_facts_in_a_file_are_shown(
    model: str, take: Callable[..., Path], capsys: Output
) -> None:
    take(model)
    assert mien("models", "show", model) == 0
    assert "small" in capsys.readouterr().out


def test_a_stopped_classifier_goes_on(take: Callable[..., Path]) -> None:
    needs_training()
    folder = take("runs/classifier_stopped", "small.toml", "data")
    run = folder / "runs/classifier_stopped"
    old = rows_of(run)
    args = ("train", "small.toml", *FACES, *ON_CPU, "--epochs", "40")
    assert mien(*args, "--out", run, "--resume") == 0
    assert mien(*args, "--out", "fresh") == 0
    goes_on(old, rows_of(run), rows_of(folder / "fresh"), 40)
    assert rows_of(run)[-1]["valid_accuracy"] > 0.8


def test_a_stopped_detector_goes_on(take: Callable[..., Path]) -> None:
    needs_training()
    folder = take("runs/detector_stopped", "small_detector.toml", "data")
    run = folder / "runs/detector_stopped"
    old = rows_of(run)
    args = ("train", "small_detector.toml", *SCENES, *ON_CPU, "--epochs", "4")
    assert mien(*args, "--out", run, "--resume") == 0
    found = rows_of(run)
    assert found[: len(old)] == old
    assert [row["epoch"] for row in found] == [1, 2, 3, 4]
    # A run without the first epoch's weights and optimiser would start at a loss like old[0]'s.
    assert found[-1]["train_loss"] < old[0]["train_loss"]
    assert all("valid_ap50" in row for row in found)


def goes_on(
    old: list[dict[str, Any]], found: list[dict[str, Any]], fresh: list[dict[str, Any]], n: int
) -> None:
    """The resumed run is the one that would have been, as far as another machine can have it."""
    assert 0 < len(old) < n and len(found) == len(fresh) == n
    assert found[: len(old)] == old
    assert [row["epoch"] for row in found] == list(range(1, n + 1))
    first = len(old)
    for now, anew in zip(found[first : first + 2], fresh[first : first + 2], strict=True):
        assert now["lr"] == anew["lr"] and now["epoch"] == anew["epoch"]
        assert now["train_loss"] == pytest.approx(anew["train_loss"], rel=0.02)
        assert now["valid_nll"] == pytest.approx(anew["valid_nll"], rel=0.02)


@pytest.mark.parametrize(
    ("name", "recipe", "data", "epochs"),
    [("classifier", "small.toml", FACES, 10), ("detector", "small_detector.toml", SCENES, 24)],
)
def test_a_finished_run_has_nothing_left_to_do(
    name: str, recipe: str, data: tuple[str, ...], epochs: int, take: Callable[..., Path]
) -> None:
    needs_training()
    run = take(f"runs/{name}", recipe, "data") / "runs" / name
    old = rows_of(run)
    args = ("train", recipe, *data, *ON_CPU, "--epochs", epochs, "--out", run, "--resume")
    assert mien(*args) == 0
    assert rows_of(run) == old


@pytest.mark.parametrize("name", ["classifier", pytest.param("detector", marks=pytest.mark.slow)])
def test_a_run_is_exported_to_a_file_that_answers_as_the_old_one(
    name: str, take: Callable[..., Path], expected: dict[str, Any], capsys: Output
) -> None:
    needs_training()
    take(f"runs/{name}", "data")
    assert mien("export", f"runs/{name}", "--out", "new.onnx") == 0
    data = (*FACES, "--split", "public") if name == "classifier" else (*SCENES, "--split", "valid")
    capsys.readouterr()
    assert mien("evaluate", "new.onnx", *data, "--json") == 0
    found, old = printed(capsys), expected[f"{name}.onnx"]
    figures = ("n", "accuracy", "confusion") if name == "classifier" else ("ap50", "faces")
    same({key: found[key] for key in figures}, {key: old[key] for key in figures})


def pixels_of(path: Path, reader: str, split: str) -> tuple[list[str], Any]:
    samples = list(open_dataset(path, reader).samples(split))
    return [sample.key for sample in samples], np.stack([sample.image for sample in samples])


def test_a_pack_holds_what_one_of_today_does(take: Callable[..., Path], capsys: Output) -> None:
    folder = take("packs/whole", "data")
    assert mien("data", "pack", "data/fer2013.zip", "new", "--size", "24") == 0
    old, new = (open_dataset(folder / name, "packed") for name in ("packs/whole", "new"))
    assert old.splits() == new.splits() == ("train", "public", "private")
    for split in old.splits():
        keys, pixels = pixels_of(folder / "packs/whole", "packed", split)
        assert keys == pixels_of(folder / "new", "packed", split)[0]
        assert np.array_equal(pixels, pixels_of(folder / "new", "packed", split)[1])
        labels = [[s.label for s in pack.samples(split)] for pack in (old, new)]
        assert labels[0] == labels[1]


def test_a_pack_is_learned_from(take: Callable[..., Path]) -> None:
    needs_training()
    take("packs/whole", "small.toml")
    args = ("--data", "packs/whole", "--dataset", "packed", *ON_CPU, "--epochs", "1")
    assert mien("train", "small.toml", *args, "--out", "run") == 0


def test_a_stopped_pack_goes_on(take: Callable[..., Path]) -> None:
    folder = take("packs/half")
    source = before.write_many(folder / "many.zip")
    manifest = folder / "packs/half/pack.json"
    facts = json.loads(manifest.read_text())
    assert not facts["complete"] and facts["pictures"] == {"train": 1024}
    manifest.write_text(json.dumps({**facts, "source": str(source.resolve())}))
    args = ("--size", "8", "--dataset", "folder")
    assert mien("data", "pack", "many.zip", "packs/half", *args) == 0
    assert mien("data", "pack", "many.zip", "new", *args) == 0
    keys, pixels = pixels_of(folder / "packs/half", "packed", "train")
    assert len(keys) == 1100 and keys == pixels_of(folder / "new", "packed", "train")[0]
    assert np.array_equal(pixels, pixels_of(folder / "new", "packed", "train")[1])


@pytest.mark.parametrize("name", ["classifier", "detector"])
def test_saved_answers_are_compared(
    name: str, take: Callable[..., Path], expected: dict[str, Any], capsys: Output
) -> None:
    take("answers", f"{name}.onnx", "data")
    data = (*FACES, "--split", "public") if name == "classifier" else (*SCENES, "--split", "valid")
    saved = [f"answers/{name}.npz", f"answers/{name}.onnx.npz"]
    assert mien("compare", *saved, *data[2:], "--json") == 0
    rows = printed(capsys)["rows"]
    key = "accuracy" if name == "classifier" else "ap50"
    measured = [row[key] if key in row else row["scores"][key] for row in rows]
    old = [expected[f"runs/{name}"][key], expected[f"{name}.onnx"][key]]
    assert sorted(measured) == pytest.approx(sorted(old))
    # Answers of today are answers to the same pictures.
    assert mien("compare", saved[1], f"{name}.onnx", *data, "--json") == 0
    rows = printed(capsys)["rows"]
    measured = [row[key] if key in row else row["scores"][key] for row in rows]
    assert measured == pytest.approx([old[1]] * 2, rel=1e-3)


def test_answers_that_a_run_kept_are_found(take: Callable[..., Path], capsys: Output) -> None:
    take("study")
    runs = ("study/runs/majority", "study/runs/shipped")
    assert mien("compare", *runs, "--json") == 0
    found = {Path(row["name"]).name: row for row in printed(capsys)["rows"]}
    for run in runs:
        cost = json.loads(Path(run, "cost.json").read_text())
        same(found[Path(run).name]["cost"], cost)


def test_a_study_has_nothing_left_to_do(take: Callable[..., Path]) -> None:
    needs_training()
    pytest.importorskip("matplotlib", reason="needs the 'plot' extra")
    folder = take("study", "data")
    checkpoint = folder / "study/runs/majority/last.pt"
    stored, old = checkpoint.read_bytes(), json.loads((folder / "study/study.json").read_text())
    assert mien("study", *FACES, "--out", "study", "--only", "majority", *ON_CPU) == 0
    assert checkpoint.read_bytes() == stored
    found = json.loads((folder / "study/study.json").read_text())
    # Another model ships now: it was measured anew.
    *rows, shipped = found["rows"]
    *before, old_shipped = old["rows"]
    same(rows, before)
    assert shipped.keys() == old_shipped.keys() and shipped["run"] == old_shipped["run"]
    assert shipped["cost"]["parameters"] > old_shipped["cost"]["parameters"]


def test_a_search_takes_more_trials(take: Callable[..., Path]) -> None:
    needs_training()
    for module in ("optuna", "matplotlib"):
        pytest.importorskip(module, reason="needs the 'tune' extra")
    folder = take("tuned", "small.toml", "space.toml", "data")
    old = (folder / "tuned/trials.csv").read_text().splitlines()
    args = ("--space", "space.toml", "--method", "grid", "--trials", "4", "--epochs", "2")
    assert mien("tune", "small.toml", *FACES, "--out", "tuned", *args, *ON_CPU) == 0
    found = (folder / "tuned/trials.csv").read_text().splitlines()
    assert found[: len(old)] == old and len(found) == len(old) + 1


@pytest.mark.parametrize("name", ["student", "se_resnet18", "vgg16", "resnet18"])
def test_runs_of_a_gpu_name_real_faces(
    name: str, shared: Path, tmp_path: Path, capsys: Output
) -> None:
    needs_training()
    run = shared / "weights" / "runs" / name
    if not run.is_dir():
        pytest.skip(f"this run is not there: {run}")
    rows = fer2013.real_rows(shared / "data" / "fer2013.zip", train=1, public=48, private=1)
    data = fer2013.write_zip(tmp_path / "fer2013.zip", fer2013.files(rows))
    copy = shutil.copytree(run, tmp_path / name)  # a command keeps its answers in the run's folder
    for path in copy.rglob("*"):
        path.chmod(0o644)
    args = ("--split", "public", "--splits", "official", "--repeats-of", "none", "--json")
    assert mien("evaluate", copy, "--data", data, *args) == 0
    found = printed(capsys)
    assert found["n"] == 48 and found["accuracy"] > 0.5
