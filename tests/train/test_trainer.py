from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.fingerprint import split_fingerprint
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Sample
from mien.datasets.splits import at_random
from mien.errors import ConfigError, DatasetError, ModelFileError, OutputError, TrainingError
from tests.support import tiny
from tests.support.runs import CPU, equal, state, train

torch = pytest.importorskip("torch")

from mien.train import checkpoint  # noqa: E402
from mien.train import trainer as training  # noqa: E402
from mien.train.classification import objective  # noqa: E402
from mien.train.classification import task as classification  # noqa: E402
from mien.train.classification.classifier import load_classifier_run  # noqa: E402
from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.metrics_file import METRICS, read_metrics  # noqa: E402


def test_loss_falls_on_real_faces(shared: Path, tmp_path: Path) -> None:
    config = tiny.config(limit=256, epochs=4, label_smoothing=0.0, rotation=0.0, erasing=0.0)
    data = open_dataset(shared / "data" / "fer2013.zip")
    rows = train(config, tmp_path, data=data)
    losses = [row["train_loss"] for row in rows]
    assert losses[-1] < 0.95 * losses[0]
    assert [json.loads(line) for line in (tmp_path / "metrics.jsonl").open()] == rows


def test_what_is_reported_is_what_the_stored_weights_do(run: Path) -> None:
    from mien.preprocess.network_input import network_input
    from mien.train.classification.spec import input_spec

    net, config, _ = load_classifier_run(run)
    samples = list(tiny.Faces().samples("public"))
    samples = [samples[i] for i in at_random([s.label for s in samples], config.limit, config.seed)]
    x = network_input([s.image for s in samples], input_spec(config, tiny.Faces.facts.labels))
    with torch.inference_mode():
        answers = net(torch.from_numpy(x)).argmax(1).tolist()
    right = np.mean([a == s.label for a, s in zip(answers, samples, strict=True)])
    rows = read_metrics(run / METRICS)
    assert rows[-1]["valid_accuracy"] == pytest.approx(right, abs=1e-4)


KILLED = """
import json, os, signal, sys, torch
from tests.support import tiny
from pathlib import Path
from mien.train.classification.config import ClassifierConfig
from mien.train.trainer import train
torch.set_num_threads(1)
config = ClassifierConfig.from_dict(json.loads(sys.argv[2]))
kill = lambda epoch, batch, *_: epoch == 2 and os.kill(os.getpid(), signal.SIGKILL)
train(config, tiny.Faces(), Path(sys.argv[1]), device=torch.device("cpu"), on_batch=kill,
      checkpoint_every=0)
"""


@pytest.mark.parametrize("keys", [
    {"ferplus_weight": 1.0, "mixup": 0.2, "cutmix": 1.0},
    {"optimizer": "adamw", "lr": 0.02, "schedule": "plateau", "plateau_patience": 1, "patience": 2,
     "sampling": "balanced"},
])  # fmt: skip
def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    config = tiny.config(epochs=3, weak_epochs=1, **keys)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    expected = train(config, whole)
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(killed), json.dumps(config.to_dict())],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert child.returncode == -9
    assert state(killed)["epochs_done"] == 1
    got = train(config, killed, resume=True)
    assert equal(state(whole), state(killed))
    timing = ("seconds", "images_per_second")
    for a, b in zip(got, expected, strict=True):
        assert {k: a[k] for k in a if k not in timing} == {k: b[k] for k in b if k not in timing}


@pytest.mark.parametrize("keys", [{}, {"architecture": "knn", "epochs": 1}])
def test_a_run_killed_between_metrics_and_checkpoint_can_be_resumed(
    keys: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.config(**keys)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(config, whole)
    real, calls = checkpoint.save, []

    def save(state: dict[str, Any], path: Path) -> None:
        calls.append(path)
        if len(calls) == config.epochs:
            raise KeyboardInterrupt
        real(state, path)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint, "save", save)
        train(config, cut)
    assert len((cut / METRICS).read_text().splitlines()) == config.epochs
    assert checkpoint.exists(cut) == (config.epochs > 1)
    assert len(train(config, cut, resume=True)) == config.epochs
    assert equal(state(whole), state(cut))


@pytest.mark.parametrize(
    "changed",
    [{"model": {}}, {"ema": {"w": 3}}, {"optimizer": {}}, {"watch": {"unknown": 1}}],
)
def test_a_checkpoint_that_fits_no_recipe_is_not_resumed(
    changed: dict[str, Any], run: Path, tmp_path: Path
) -> None:
    before = state(run)
    checkpoint.save({**before, **changed}, tmp_path / checkpoint.CHECKPOINT)
    with pytest.raises(
        ModelFileError, match=r"does not fit its own recipe|is not a checkpoint of"
    ) as caught:
        train(ClassifierConfig.from_dict(before["config"]), tmp_path, resume=True)
    assert "\n" not in str(caught.value)


def test_resuming_a_finished_run_changes_nothing(run: Path) -> None:
    before = state(run)
    config = ClassifierConfig.from_dict(before["config"])
    assert train(config, run, resume=True) == read_metrics(run / METRICS)
    assert equal(state(run), before)


def test_a_run_is_resumed_only_with_its_own_data(run: Path) -> None:
    config = ClassifierConfig.from_dict(state(run)["config"])
    with pytest.raises(ConfigError, match=r"trained with FER\+ votes"):
        train(config, run, resume=True, data=tiny.Faces(votes=False))
    with pytest.raises(ConfigError, match="was trained on 96 pictures"):
        train(config, run, resume=True, data=tiny.Faces(count=64))


class Other(tiny.Faces):
    """As many pictures of the same labels, of which one pixel or one label differs in ``split``."""

    def __init__(self, split: str, label: bool = False) -> None:
        super().__init__()
        self.split, self.label = split, label

    def samples(self, split: str) -> Iterator[Sample]:
        for index, sample in enumerate(super().samples(split)):
            if split != self.split or index not in (3, 4):
                yield sample
            elif self.label:
                yield replace(sample, label=7 - sample.label)  # 3 and 4 change places
            else:
                yield replace(sample, pixels=sample.image ^ 1)


@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize(("split", "what"), [("train", "training"), ("public", "validation")])
def test_a_run_is_not_resumed_with_as_many_other_pictures(
    tmp_path: Path, split: str, what: str, label: bool
) -> None:
    config = tiny.config(architecture="mlp", epochs=1, limit=None)
    train(config, tmp_path)
    with pytest.raises(ConfigError, match=f"other data: the fingerprint of its {what} pictures"):
        train(config, tmp_path, data=Other(split, label), resume=True)
    facts = checkpoint.load(tmp_path / "last.pt")["facts"]
    assert facts["fingerprint"] == split_fingerprint(tiny.Faces(), "train")
    assert facts["valid_fingerprint"] == split_fingerprint(tiny.Faces(), "public")


def test_a_run_of_before_fingerprints_is_resumed_by_its_counts(tmp_path: Path) -> None:
    config = tiny.config(architecture="mlp", epochs=1, limit=None)
    train(config, tmp_path)
    state = checkpoint.load(tmp_path / "last.pt")
    for key in ("fingerprint", "valid_fingerprint"):
        del state["facts"][key]
    checkpoint.save(state, tmp_path / "last.pt")
    train(config, tmp_path, data=Other("train"), resume=True)
    with pytest.raises(ConfigError, match="was trained on 128 pictures"):
        train(config, tmp_path, data=tiny.Faces(127), resume=True)
    state["config"]["limit"] = state["facts"]["pictures"] = 96  # the first ones, then
    checkpoint.save(state, tmp_path / "last.pt")
    with pytest.raises(ConfigError, match=r"whose limit took the first pictures"):
        train(
            tiny.config(architecture="mlp", epochs=1, limit=96), tmp_path, resume=True,
            data=tiny.Faces(128),
        )  # fmt: skip


def test_the_average_of_a_run_of_before_goes_on_without_a_ramp(tmp_path: Path) -> None:
    config, once = tiny.config(epochs=2, ema=0.9), list[int]()

    def stop(row: dict[str, Any]) -> None:
        once.append(row["epoch"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(config, tiny.Faces(), tmp_path, device=CPU, on_epoch=stop)
    ramped = state(tmp_path)
    assert once == [1] and ramped["ema_ramp"]
    old = {key: value for key, value in ramped.items() if key != "ema_ramp"}
    checkpoint.save(old, tmp_path / "last.pt")
    train(config, tmp_path, resume=True)
    whole = state(tmp_path)
    assert not whole["ema_ramp"] and whole["ema_updates"] == 6
    name = next(name for name, value in whole["model"].items() if value.is_floating_point())
    started, ended = ramped["ema"][name], whole["ema"][name]
    # Three steps keep .9³ of the average; a ramp would keep 4/13 · 5/14 · 6/15 of it.
    moved = (ended - started).norm() / (whole["model"][name] - started).norm()
    assert float(moved) < 0.5


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    config = tiny.config(architecture="mlp", epochs=1)
    run = tmp_path / "new" / "run"
    with pytest.raises(ConfigError, match=r"process \d+ is training into .*run: wait"):
        train(config, run, on_epoch=lambda row: train(config, run, resume=True))
    assert [row["epoch"] for row in read_metrics(run / METRICS)] == [1]
    assert sorted(p.name for p in run.iterdir()) == ["last.pt", "metrics.jsonl", "recipe.json"]
    with pytest.raises(DatasetError):  # nothing remains of a folder that gets no run
        train(config, tmp_path / "no", data=tiny.Faces(0))
    assert not (tmp_path / "no").exists()


def test_classes_without_a_picture_are_named(tmp_path: Path) -> None:
    notes: list[str] = []
    config = tiny.config(architecture="mlp", epochs=1, batch_size=4, limit=4)
    train(config, tmp_path, on_note=notes.append)
    assert len(notes) == 3 and "split 'train' has no picture of " in notes[0]
    assert notes[0].endswith("the model cannot learn them") and "'public'" in notes[1]
    assert "split 'train' has few pictures of" in notes[2] and "--folds 5" in notes[2]
    notes.clear()
    enough = tiny.config(architecture="mlp", epochs=1, limit=None)
    train(enough, tmp_path / "all", data=tiny.Faces(140), on_note=notes.append)
    assert not notes


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    config = tiny.config(epochs=1)
    train(config, tmp_path / "a")
    train(config, tmp_path / "b")
    train(replace(config, seed=1), tmp_path / "c")
    a, b, c = (state(tmp_path / name)["model"] for name in "abc")
    assert equal(a, b) and not equal(a, c)


def test_training_stops_if_the_loss_is_not_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.config()
    real, calls = objective.soft_cross_entropy, []

    def spoilt(*args: Any) -> torch.Tensor:
        calls.append(args)
        return real(*args) * (float("nan") if len(calls) == 5 else 1)  # batch 2 of epoch 2

    monkeypatch.setattr(objective, "soft_cross_entropy", spoilt)
    with pytest.raises(
        TrainingError, match=r"not finite in epoch 2, batch 2: lower lr .* keeps epoch 1$"
    ):
        train(config, tmp_path)
    assert state(tmp_path)["epochs_done"] == 1
    assert all(bool(v.isfinite().all()) for v in state(tmp_path)["model"].values())


def test_weights_that_are_not_finite_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(parameters: Any, _: float) -> None:
        for parameter in parameters:
            parameter.grad.fill_(float("inf"))

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", explode)
    with pytest.raises(
        TrainingError,
        match=r"weights are not finite after epoch 1: .* no epoch was finished, nothing was kept$",
    ):
        train(tiny.config(batch_size=96), tmp_path)  # one batch an epoch: no loss sees them
    assert not (tmp_path / checkpoint.CHECKPOINT).exists()


@pytest.mark.parametrize("keys", [
    {"precision": "bf16"},
    {"precision": "bf16", "squeeze_excitation": True, "stem_stride": 1, "ferplus_weight": 1.0},
    {"size_schedule": [[0.5, 16]], "momentum": 0.0, "ema": 0.0, "grad_clip": 0.0},
    {"schedule": "cosine", "warmup": 0.0, "brightness": 0.2, "contrast": 0.3},
    {"valid_split": None, "limit": None},
    {"optimizer": "adam", "lr": 1e-3, "loss": "focal", "class_weights": True, "l1": 1e-6},
    {"optimizer": "adamw", "lr": 1e-3, "loss": "svm", "label_smoothing": 0.0, "ferplus_weight": 1},
    {"schedule": "constant", "sampling": "balanced", "epoch_per_class": 10, "channels": 3},
    {"shear": 5.0, "crop": 0.2, "noise": 0.05, "blur": 0.5, "whitening": True},
    {"norm": "group", "activation": "gated_tanh", "dropblock": 0.1, "stochastic_depth": 0.1},
])  # fmt: skip
def test_every_kind_of_recipe_trains(tmp_path: Path, keys: dict[str, Any]) -> None:
    rows = train(tiny.config(**keys), tmp_path)
    assert all(np.isfinite(row["train_loss"]) for row in rows)
    assert ("valid_accuracy" in rows[-1]) == ("valid_split" not in keys)
    assert all(0 <= row["train_accuracy"] <= 1 for row in rows)
    dtypes = {v.dtype for v in state(tmp_path)["model"].values()}
    assert torch.float32 in dtypes
    assert dtypes <= {torch.float32, torch.int64}  # autocast never touches the weights


def test_a_run_that_cannot_be_kept_is_refused_before_the_data_is_read(tmp_path: Path) -> None:
    class Unread(tiny.Faces):
        def samples(self, split: str) -> Iterator[Sample]:
            raise AssertionError

    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot make the folder .*file is a file"):
        train(tiny.config(), tmp_path / "file" / "run", data=Unread())


def test_a_full_gpu_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried …\nmore")

    monkeypatch.setattr(classification, "load_split", full)
    with pytest.raises(TrainingError, match="--set batch_size=16"):
        train(tiny.config(), tmp_path)


def test_a_network_too_large_for_the_cpu_is_one_line(tmp_path: Path) -> None:
    expected = r"out of memory on cpu .*batch_size=16, or lower widths"
    with pytest.raises(TrainingError, match=expected) as caught:
        train(tiny.config(widths=[65536, 65536, 8, 8]), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_pictures_that_cannot_be_read_are_listed_in_the_run(tmp_path: Path) -> None:
    def damaged() -> Any:
        raise DatasetError("row 3 is damaged")

    class Damaged(tiny.Faces):
        def samples(self, split: str) -> Iterator[Sample]:
            for row, sample in enumerate(super().samples(split)):
                yield replace(sample, pixels=damaged) if row == 3 else sample

    train(tiny.config(epochs=1), tmp_path, data=Damaged())
    lines = [json.loads(line) for line in (tmp_path / "unreadable.jsonl").open()]
    assert lines == [{"key": "row 3", "reason": "row 3 is damaged"}] * 2  # train and public


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path, full_disk: Any) -> None:
    config = tiny.config(epochs=3)
    with pytest.raises(OutputError, match="File too large"), ExitStack() as stack:

        def fill(row: dict[str, Any]) -> None:
            if row["epoch"] == 1:
                stack.enter_context(full_disk(2000))  # metrics fit, a checkpoint does not

        train(config, tmp_path, on_epoch=fill, checkpoint_every=0)
    assert state(tmp_path)["epochs_done"] == 1
    assert len(train(config, tmp_path, resume=True)) == 3


def test_a_disk_that_is_full_from_the_start_stops_a_run_that_writes_in_a_thread(
    tmp_path: Path, full_disk: Any
) -> None:
    """Whenever the thread is waited for, which may be at the end."""

    def fill(*_: Any) -> None:
        if not filled:
            filled.append(stack.enter_context(full_disk(2000)))

    filled = list[Any]()
    with pytest.raises(OutputError, match="File too large"), ExitStack() as stack:
        train(tiny.config(epochs=3), tmp_path, on_batch=fill)
    assert filled and not checkpoint.exists(tmp_path)
    assert not list(tmp_path.glob("*.tmp")) and not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("keys", [
    {"architecture": "mlp"},
    {"ema": 0.0, "swa": 0.8, "mixup": 0.2, "dropblock": 0.1},
    {"sam": 0.05, "dropout": 0.5, "ferplus_weight": 1.0},
])  # fmt: skip
def test_a_run_stopped_between_two_checkpoints_goes_on_as_if_it_were_not(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    config = tiny.config(epochs=4, **keys)

    def stop(row: dict[str, Any]) -> None:
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", on_epoch=stop, checkpoint_every=3600)
    assert state(tmp_path / "run")["epochs_done"] == 3
    train(config, tmp_path / "run", resume=True)
    train(config, tmp_path / "whole", checkpoint_every=0)
    assert equal(state(tmp_path / "run"), state(tmp_path / "whole"))


def test_the_weights_of_swa_are_the_mean_of_the_epochs_with_statistics_of_their_own(
    tmp_path: Path,
) -> None:
    config = tiny.config(epochs=4, ema=0.0, swa=0.5, swa_rate=0.5, limit=None)
    ends: list[dict[str, Any]] = []
    train(
        config, tmp_path, checkpoint_every=0,
        on_epoch=lambda row: ends.append(state(tmp_path)),
    )  # fmt: skip
    names = {name for name, _ in load_classifier_run(tmp_path)[0].named_parameters()}
    for epoch, its in enumerate(ends):
        for name in names:
            used = [end["model"][name] for end in ends[2 : epoch + 1]] or [its["model"][name]]
            torch.testing.assert_close(its["ema"][name], torch.stack(used).mean(0))
    means = [name for name in ends[0]["ema"] if name.endswith("running_mean")]
    for before in ends[:3]:  # of one epoch's weights: its own statistics
        assert all(torch.equal(before["ema"][name], before["model"][name]) for name in means)
    last = ends[-1]
    assert not any(torch.equal(last["ema"][name], last["model"][name]) for name in means)
    task = classification.ClassifierTask(config, tiny.Faces(), CPU, training.World())
    task.net.load_state_dict(last["ema"])
    net = task.net.train()
    with torch.no_grad():  # what the first normalisation sees of an epoch's pictures
        x = torch.cat([task.prepare(draw)[0] for draw in task.batches(3)])
        seen = net.stem[0](net.prepare(x)).mean((0, 2, 3))
    torch.testing.assert_close(last["ema"]["stem.1.running_mean"], seen, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_trains_too(tmp_path: Path) -> None:
    config = tiny.config(precision="bf16", ferplus_weight=1.0, mixup=0.2, cutmix=1.0)
    gpu = torch.device("cuda")
    training.train(replace(config), tiny.Faces(), tmp_path, device=gpu)
    assert training.train(config, tiny.Faces(), tmp_path, device=gpu, resume=True)
    load_classifier_run(tmp_path)  # and can be read without one
