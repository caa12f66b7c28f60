"""A detector's training run on the command line: its own splits, and its training data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")

from mien.datasets.opening import open_dataset  # noqa: E402
from mien.datasets.scene import box_fingerprint  # noqa: E402
from mien.datasets.splits import resplit  # noqa: E402
from mien.evaluation.detection.answers import Detections  # noqa: E402
from mien.train import checkpoint  # noqa: E402
from mien.train.detection.config import DetectorConfig  # noqa: E402
from mien.train.detection.network import build  # noqa: E402
from tests.support.coloured_faces import PICTURES, data_and_detector, write_zip  # noqa: E402
from tests.support.commands import mien  # noqa: E402
from tests.support.few_scenes import TINY  # noqa: E402

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zip(tmp_path_factory.mktemp("data") / "faces_train.zip", PICTURES)


@pytest.fixture
def run(tmp_path: Path, data: Path) -> Iterator[Path]:
    """The run of an untrained network, on three of the five pictures."""
    torch.manual_seed(0)
    config = replace(TINY, splits="random:60/40", score_threshold=0.3)
    state = {
        "config": config.to_dict(), "labels": ["face"], "epochs_done": 2, "ema_updates": 0,
        "model": {}, "ema": build(config).state_dict(), "optimizer": {},
        "facts": {"fingerprint": learned(data, config)},
    }  # fmt: skip
    checkpoint.prepare(tmp_path / "run", config)
    checkpoint.save(state, tmp_path / "run" / checkpoint.CHECKPOINT)
    threads = torch.get_num_threads()
    yield tmp_path / "run"
    torch.set_num_threads(threads)


def learned(data: Path, config: DetectorConfig) -> str:
    divided = resplit(open_dataset(data, "coco"), config.splits)
    return box_fingerprint(divided.scenes(config.train_split))


def measured(capsys: Output, *args: object) -> dict[str, Any]:
    assert mien("evaluate", *args, "--json") == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_run_is_measured_on_its_own_splits(run: Path, data: Path, capsys: Output) -> None:
    found = measured(capsys, run, "--data", data, "--split", "valid", "--threads", "1")
    assert found["detector"] == "tiny" and found["pictures"] == 2 and found["warnings"] == []
    assert found["threshold"] == 0.3
    kept = Detections.load(run / "detections" / "valid.npz")
    assert kept.fingerprint == found["fingerprint"] and kept.threshold == 0.3

    learned = measured(capsys, run / "last.pt", "--data", data, "--split", "train")
    assert "was trained on split 'train': these figures flatter it" in learned["warnings"][0]
    assert not (run / "detections" / "train.npz").exists()  # a checkpoint is no folder

    whole = ("--split", "train", "--splits", "official")
    found = measured(capsys, run, "--data", data, *whole)
    assert found["pictures"] == 5
    assert "was trained on 3 of these 5 pictures" in found["warnings"][0]
    assert not (run / "detections" / "train.npz").exists()


def test_other_data_is_not_its_training_data(run: Path, tmp_path: Path, capsys: Output) -> None:
    """It has a split train too, and pictures of the same names; the faces lie elsewhere."""
    moved = {
        name: ({color: (x1 + 1, y1, x2, y2) for color, (x1, y1, x2, y2) in boxes.items()}, marked)
        for name, (boxes, marked) in PICTURES.items()
    }
    other = write_zip(tmp_path / "others_train.zip", moved)
    found = measured(capsys, run, "--data", other, "--split", "train", "--threads", "1")
    assert found["warnings"] == []
    assert not (run / "detections").exists()


def test_other_settings_are_not_kept(run: Path, data: Path, capsys: Output) -> None:
    own = ("--data", data, "--split", "valid")
    measured(capsys, run, *own, "--threshold", "0.9")
    measured(capsys, run, *own, "--limit", "1")
    found = measured(capsys, run, *own, "--detector-option", "score_threshold=0.1")
    assert found["threshold"] == 0.1 and not (run / "detections").exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("model=x.onnx", "unknown option 'model': options: score_threshold, min_face_size, device"),
        ("min_face_size=large", "min_face_size must be a number, got 'large'"),
    ],
)
def test_unknown_options_of_a_run(
    option: str, words: str, run: Path, data: Path, capsys: Output
) -> None:
    code = mien("evaluate", run, "--data", data, "--split", "valid", "--detector-option", option)
    assert code == 2 and words in capsys.readouterr().err


def test_a_run_that_cannot_be_written_to_is_measured_all_the_same(
    run: Path, data: Path, capsys: Output
) -> None:
    (run / "detections").write_text("in the way")
    assert mien("evaluate", run, "--data", data, "--split", "valid", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["pictures"] == 2
    assert err.count("\n") == 1 and "the answers are not kept" in err


def test_all_are_compared_as_the_run_divides_the_data(
    run: Path, data: Path, tmp_path: Path, capsys: Output
) -> None:
    _, other = data_and_detector(tmp_path)
    options = ("--data", data, "--split", "train", "--json")
    assert mien("compare", other, run, *options) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["scores"]["pictures"] for row in found["rows"]] == [3, 3]
    (warning,) = found["warnings"]
    assert warning.startswith("run: the detector was trained on split 'train'")

    # What the run has answered before is not asked again.
    measured(capsys, run, "--data", data, "--split", "train")
    kept = run / "detections" / "train.npz"
    answers = Detections.load(kept)
    replace(answers, facts={**answers.facts, "from": "the file"}).save(kept)
    assert mien("compare", other, run, *options) == 0
    facts = {
        row["name"]: row["scores"]["facts"] for row in json.loads(capsys.readouterr().out)["rows"]
    }
    assert facts["run"]["from"] == "the file" and "from" not in facts["colours"]


def test_without_recipe_json_the_checkpoint_says_the_kind(
    run: Path, data: Path, capsys: Output
) -> None:
    (run / "recipe.json").unlink()
    found = measured(capsys, run, "--data", data, "--split", "valid")
    assert found["detector"] == "tiny"  # the checkpoint says so too


def test_a_run_is_measured_on_other_data_that_cannot_be_divided_as_its_own(
    run: Path, tmp_path: Path, capsys: Output
) -> None:
    other = write_zip(tmp_path / "others_val.zip", PICTURES)  # one split, valid
    found = measured(capsys, run, "--data", other)
    assert (found["dataset"], found["split"], found["pictures"]) == ("others_val", "valid", 5)
    assert found["warnings"] == [] and not (run / "detections").exists()
    assert mien("evaluate", run, "--data", other, "--splits", "random:60/40") == 1
    assert "no split 'train' to divide" in capsys.readouterr().err
