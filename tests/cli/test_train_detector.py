"""``mien train`` with the recipe of a face detector, on real pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import tiny
from tests.support.commands import mien
from tests.support.few_scenes import TINY
from tests.support.scene_trees import real, write_coco

torch = pytest.importorskip("torch", reason="needs the 'train' extra")

SET = [part for key in (
    "strides", "channels", "anchor_sizes", "proposals", "box_samples", "short_side", "long_side",
    "view", "batch_size",
) for part in ("--set", f"{key}={json.dumps(getattr(TINY, key))}")]  # fmt: skip


@pytest.fixture(scope="module")
def data(material: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten pictures."""
    folder = tmp_path_factory.mktemp("data") / "faces"
    return write_coco(folder, real(material / "data" / "wider_train5.zip", every=124))


def train(data: Path, out: Path, *args: object) -> int:
    return mien(
        "train", "faster_rcnn_mobile", "--data", data, "--out", out, "--threads", 1,
        "--device", "cpu", *SET, *args,
    )  # fmt: skip


def test_a_run_ends_by_saying_what_comes_next(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my run"
    sets = ["--set", "splits=random:50/50", "--set", "valid_split=valid"]
    args = [*sets, "--epochs", 2, "--seed", 3, "--limit", 4]
    assert train(data, out, *args) == 0
    printed = capsys.readouterr()
    recipe = json.loads((out / "recipe.json").read_text())
    assert (recipe["task"], recipe["seed"], recipe["limit"]) == ("detection", 3, 4)
    rows = [json.loads(line) for line in (out / "metrics.jsonl").open()]
    lines = printed.out.splitlines()
    assert lines[0] == f"run: {out}"
    assert lines[1] == f"AP50 on split 'valid': {rows[-1]['valid_ap50']:.2%} (last epoch)"
    assert lines[-2] == f"next: mien evaluate '{out}' --data {data} --split valid"
    assert lines[-1] == f"then: mien export '{out}' --out faster_rcnn_mobile.onnx"
    epochs = [line for line in printed.err.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in epochs] == ["1/2", "2/2"]
    assert f"loss {rows[1]['train_loss']:.4f}  AP50 {rows[1]['valid_ap50']:.2%}" in epochs[1]
    assert train(data, out, *args) == 2
    assert "add --resume" in capsys.readouterr().err
    assert train(data, out, *args, "--resume") == 0


def test_it_starts_from_a_file_and_says_what_fitted(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from torchvision.models import mobilenet_v3_large

    torch.save(mobilenet_v3_large(weights=None).state_dict(), tmp_path / "imagenet.pth")
    weights = ["--weights", tmp_path / "imagenet.pth", "--epochs", 1, "--limit", 4]
    assert train(data, tmp_path / "run", *weights, "--set", "valid_split=") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(f"started from {tmp_path / 'imagenet.pth'}: ")
    assert "at random: backbone.fpn" in lines[1]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--teacher", "runs/other"], "face detectors cannot learn from a teacher"),
        (["--set", "view=100"], "must be a multiple of 32"),
        (["--set", "vieu=96"], "did you mean 'view'"),
        (["--set", "freeze_epochs=1"], "unknown key 'freeze_epochs'"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(
    tmp_path: Path, args: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, tmp_path / "run", *args) == 2
    printed = capsys.readouterr().err
    assert expected in printed and printed.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_crops_are_not_for_detectors_nor_scenes_for_classifiers(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crops = tiny.write_csv(tmp_path / "fer2013.csv")
    assert train(crops, tmp_path / "run", "--dataset", "fer2013") == 2
    assert "'fer2013' reads face crops: choose a reader of whole pict" in capsys.readouterr().err
    args = ["train", "default", "--data", data, "--dataset", "coco", "--out", tmp_path / "run"]
    assert mien(*args) == 2
    assert "'coco' reads whole pictures with marked faces" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_recipes_that_need_a_classifier_refuse_a_detectors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crops = tiny.write_csv(tmp_path / "fer2013.csv")
    plot = ["data", "plot", crops, "--out", tmp_path / "plots", "--augment", "faster_rcnn_r50"]
    assert mien(*plot) == 2
    assert "trains a face detector: give a classifier's" in capsys.readouterr().err
