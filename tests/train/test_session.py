from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mien.errors import ConfigError, TrainingError
from tests.support import tiny
from tests.support.few_scenes import TINY, Few
from tests.support.runs import CPU, train

torch = pytest.importorskip("torch")

from mien.train import session  # noqa: E402
from mien.train.distributed import World  # noqa: E402


def test_devices() -> None:
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert session.pick_device("auto").type == expected
    assert session.pick_device("cpu") == CPU
    with pytest.raises(TrainingError, match="try auto or cpu"):
        session.pick_device("abacus")


def test_a_missing_split_is_refused_before_the_data_is_read(tmp_path: Path) -> None:
    keys = {"splits": "random:90/10", "valid_split": "test"}
    with pytest.raises(ConfigError, match=r"valid_split = 'test'.*train, valid, public: add --set"):
        train(tiny.config(**keys), tmp_path / "run")
    with pytest.raises(ConfigError, match="train_split = 'training'"):
        train(tiny.config(train_split="training"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_batch_that_cannot_be_shared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.train.distributed.world", lambda _: World(0, 3))
    with pytest.raises(ConfigError, match="batch_size 32 cannot be divided among 3 processes"):
        train(tiny.config(), tmp_path)


def test_a_precision_that_the_device_lacks_is_answered_with_one_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(TrainingError, match="fp16 needs a GPU: add --set precision=fp32"):
        session.join_processes(tiny.config(precision="fp16"), CPU)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    gpu = torch.device("cuda")
    with pytest.raises(TrainingError, match="does not support bf16: add --set precision=fp16"):
        session.join_processes(tiny.config(precision="bf16"), gpu)
    with pytest.raises(TrainingError, match="does not support bf16: add --set precision=fp32"):
        session.join_processes(replace(TINY, precision="bf16"), gpu)


def test_data_of_the_other_kind_is_refused_before_it_is_read(
    material: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"trains a face detector, and 'coco' reads face crops"):
        train(TINY, tmp_path / "run")
    with pytest.raises(ConfigError, match=r"trains a classifier, and 'auto' reads whole pict"):
        train(tiny.config(), tmp_path / "run", data=Few(material))
    assert not (tmp_path / "run").exists()
