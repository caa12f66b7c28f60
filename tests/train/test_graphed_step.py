from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import tiny
from tests.support.runs import CPU

torch = pytest.importorskip("torch")

from mien.train import trainer as training  # noqa: E402
from mien.train.averaging import AveragedWeights  # noqa: E402
from mien.train.checkpoint import CHECKPOINT, load  # noqa: E402
from mien.train.classification.batches import Draw  # noqa: E402
from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.classification.task import ClassifierTask  # noqa: E402
from mien.train.classification.teachers import Teachers  # noqa: E402
from mien.train.distributed import World  # noqa: E402
from mien.train.graphed_step import WARM_UP, GraphedStep  # noqa: E402
from mien.train.optim import set_rate  # noqa: E402
from mien.train.trainer import Trainer  # noqa: E402

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU with CUDA")

MIXED = {"mixup": 0.2, "cutmix": 1.0, "mix_probability": 0.7, "ferplus_weight": 1.0}
EVERYTHING = {
    **MIXED, "brightness": 0.2, "contrast": 0.3, "shear": 5.0, "crop": 0.2, "noise": 0.05,
    "blur": 0.5, "squeeze_excitation": True, "l1": 1e-6, "class_weights": True, "dropblock": 0.1,
    "stochastic_depth": 0.1, "loss": "focal", "sam": 0.05, "blur_pool": True,
}  # fmt: skip


class Valueless(torch.Generator):
    """A generator whose draws, like everything on the device ``meta``, have no values."""

    device = torch.device("meta")


@pytest.mark.parametrize("keys", [
    EVERYTHING, {**MIXED, "optimizer": "adam"}, {"architecture": "cnn", "norm": "group"},
])  # fmt: skip
@pytest.mark.parametrize("mixing", ["", "mixup", "cutmix"])
def test_no_step_looks_at_a_value(keys: dict[str, Any], mixing: str, tmp_path: Path) -> None:
    """A graph repeats kernels: a branch or a shape that follows a value would be repeated too."""
    task = ClassifierTask(tiny.config(**keys), tiny.Faces(), CPU, World())
    assert task.graph_obstacle is None
    task.net.to("meta")
    task.mean, task.std, task.generator = task.mean.to("meta"), task.std.to("meta"), Valueless()
    data = task.data
    data.crops, data.labels = data.crops.to("meta"), data.labels.to("meta")
    data.votes = data.votes.to("meta") if data.votes is not None else None
    weights = task.objective._class_weights
    task.objective._class_weights = weights.to("meta") if weights is not None else None
    nets = [deepcopy(task.net).eval().requires_grad_(False) for _ in range(2)]
    task.objective.teachers = Teachers(nets, torch.device("meta"), flip=True)
    trainer = Trainer(task, tmp_path, CPU, World())
    if "optimizer" in keys:  # only CUDA's fused optimiser can do without values
        trainer.step.optimizer = torch.optim.SGD(task.net.parameters(), lr=0.1)
    rows, numbers = torch.arange(32, device="meta"), torch.zeros(5, device="meta")
    trainer.step.ema = AveragedWeights(task.net, 0.9, torch.device("meta"))
    trainer.step.ema.begin(1)  # the first average is a copy, and never captured
    loss, measures = trainer.step(Draw(rows, numbers, 44, False, mixing))
    assert loss.device.type == "meta" and loss.shape == ()
    assert measures["correct"].shape == ()


@pytest.mark.parametrize("keys", [{"affect_weight": 1.0}, {"precision": "fp16"}])
def test_what_cannot_be_captured_says_why(keys: dict[str, Any]) -> None:
    task = ClassifierTask(tiny.config(**keys), tiny.Affect(), CPU, World())
    cuda = torch.device("cuda")
    assert training.why_eager(task, cuda, World())
    assert not training.why_eager(task, CPU, World())
    task.config = replace(task.config, cuda_graphs=False)
    assert not training.why_eager(task, cuda, World())  # as asked for
    plain = ClassifierTask(tiny.config(), tiny.Faces(), CPU, World())
    assert not training.why_eager(plain, cuda, World())
    assert "processes" in training.why_eager(plain, cuda, World(0, 2))


def test_on_a_cpu_the_key_changes_nothing(tmp_path: Path) -> None:
    found = []
    for graphs in (True, False):
        config = tiny.config(**MIXED, epochs=1, cuda_graphs=graphs)
        training.train(config, tiny.Faces(), tmp_path / str(graphs), device=CPU)
        found.append(load(tmp_path / str(graphs) / CHECKPOINT))
    for part in ("model", "ema"):
        assert found[0][part].keys() == found[1][part].keys()
        for name, value in found[0][part].items():
            assert torch.equal(value, found[1][part][name]), name


def learned(
    config: ClassifierConfig, folder: Path, epochs: int
) -> tuple[list[float], dict[str, Any]]:
    """The loss of every step on a GPU, and the averaged weights."""
    device = torch.device("cuda")
    with training.fast_kernels(device, few_shapes=False):
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        task = ClassifierTask(config, tiny.Faces(), device, World())
        trainer = Trainer(task, folder, device, World())
        assert isinstance(trainer.learn, GraphedStep) == config.cuda_graphs
        trainer.start()
        found = []
        for epoch in range(epochs):
            torch.manual_seed(epoch)
            task.begin_epoch(epoch)
            for step, batch in enumerate(task.batches(epoch)):
                trainer.begin_step(epoch * task.steps + step)
                set_rate(trainer.optimizer, config.lr * (1 + step % 3) / 3)
                loss, _ = trainer.learn(batch)
                found.append(float(loss))
    return found, trainer.averaged.state_dict()


@needs_cuda
@pytest.mark.parametrize("keys", [
    {**MIXED, "squeeze_excitation": True, "lr": 0.02},
    {"optimizer": "adamw", "lr": 1e-3, "cutmix": 1.0},
    {**EVERYTHING, "lr": 0.02},
])  # fmt: skip
def test_graphed_steps_are_eager_steps(keys: dict[str, Any], tmp_path: Path) -> None:
    config = tiny.config(**keys, epochs=12, size_schedule=[[0.5, 32]], limit=None, seed=1)
    graphed, its_average = learned(config, tmp_path, 12)
    eager, average = learned(replace(config, cuda_graphs=False), tmp_path, 12)
    assert len(set(graphed)) == len(graphed) > 6 * WARM_UP  # every step draws anew
    # Rounding differs, and grows. Of the first 12 steps, of three kinds, some are replays.
    assert graphed[:12] == pytest.approx(eager[:12], rel=5e-3)
    assert graphed == pytest.approx(eager, rel=0.1)
    both = [torch.cat([v.float().flatten() for v in s.values()]) for s in (its_average, average)]
    assert float((both[0] - both[1]).norm() / both[1].norm()) < 0.05


@needs_cuda
def test_a_graphed_run_resumes_and_loads_without_a_gpu(tmp_path: Path) -> None:
    config = tiny.config(**MIXED, epochs=3, weak_epochs=1, limit=None, batch_size=8)
    gpu, noted = torch.device("cuda"), list[str]()

    def stop(row: dict[str, Any]) -> None:
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(
            config, tiny.Faces(), tmp_path, device=gpu, on_epoch=stop, on_note=noted.append
        )
    rows = training.train(config, tiny.Faces(), tmp_path, device=gpu, resume=True)
    whole = training.train(config, tiny.Faces(), tmp_path / "whole", device=gpu)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["train_loss"] == pytest.approx(whole[-1]["train_loss"], rel=0.05)
    assert not any("CUDA graphs" in note for note in noted)
    state = load(tmp_path / CHECKPOINT)
    assert state["ema_updates"] == 3 * 16
    assert isinstance(state["optimizer"]["param_groups"][0]["lr"], float)


@needs_cuda
def test_falling_back_is_said_once(tmp_path: Path) -> None:
    noted = list[str]()
    training.train(
        tiny.config(precision="fp16"), tiny.Faces(), tmp_path, device=torch.device("cuda"),
        on_note=noted.append,
    )  # fmt: skip
    (note,) = (note for note in noted if "CUDA graphs" in note)
    assert "fp16" in note
