"""The training loop: from a recipe and a data set to a run folder, for every kind of model.

Every epoch draws from its own seed, made of the recipe's seed and the epoch's number. So a run that
is killed and resumed after its last whole epoch gives the weights of an uninterrupted run, and no
random state needs saving: to the last bit on one CPU with one number of threads, and on a GPU as
far as its kernels are deterministic.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic

import torch
from torch import Tensor

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError
from mien.train import checkpoint
from mien.train.averaging import AveragedWeights, EpochAverage
from mien.train.checkpoint_writer import CHECKPOINT_EVERY, CheckpointWriter
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.resolve import resolve
from mien.train.classification.task import ClassifierTask
from mien.train.config import BaseConfig
from mien.train.detection.config import DetectorConfig
from mien.train.distributed import World
from mien.train.divergence import check_losses, check_weights
from mien.train.gpu import fast_kernels
from mien.train.graphed_step import GraphedStep, StepResult
from mien.train.metrics_file import METRICS, Row, read_metrics
from mien.train.optim import (
    load_optimizer_state,
    make_optimizer,
    optimizer_state,
    set_rate,
)
from mien.train.out_of_memory import explain_out_of_memory
from mien.train.precision import AUTO, faster_precision, kept_precision
from mien.train.schedule import learning_rate
from mien.train.session import (
    check_dataset,
    check_splits,
    environment,
    join_processes,
    pick_device,
    with_reader,
)
from mien.train.step import Step
from mien.train.task import Net, Task, epoch_seed

OnBatch = Callable[[int, int, int, float], None]
"""Called now and then with (epoch, batches done, batches per epoch, mean loss of the epoch)."""
OnEpoch = Callable[[Row], None]
"""Called with an epoch's metrics, which no exception that it raises will lose."""
OnNote = Callable[[str], None]
"""Called with what the user should know, a sentence, before the first epoch."""

LOSS_INTERVAL = 20
"""Batches between two checks of the loss, each of which waits for the GPU."""


def train(
    config: BaseConfig,
    dataset: Dataset | SceneDataset,
    run: Path,
    *,
    device: torch.device | None = None,
    resume: bool = False,
    checkpoint_every: float = CHECKPOINT_EVERY,
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
    on_note: OnNote | None = None,
) -> list[Row]:
    """Train as ``config`` says and write checkpoint, recipe and metrics to ``run``.

    Returns the metrics, one dict per epoch: ``epoch`` (from 1), ``lr``, ``train_loss``,
    ``images_per_second`` and ``seconds``. A classifier adds ``input_size``, ``train_accuracy`` (on
    augmented pictures, of the weights before each step) and, with a ``valid_split``,
    ``valid_accuracy`` and ``valid_nll``; a detector the four parts of its loss and, in epochs with
    a validation, ``valid_ap50`` and ``valid_recall``. Validation measures the averaged weights.

    Metrics and checkpoint are written in a thread, at most once in ``checkpoint_every`` seconds,
    and always at the end; see ``mien.train.checkpoint_writer``. ``resume`` continues after the last
    whole epoch that was written, on the same data. The folder is locked: a
    second process that trains into it gets a ``ConfigError``. Started by PyTorch's launcher,
    several processes train together (``mien.train.distributed``).

    Raises ``TrainingError`` if the loss is not finite or memory runs out, ``ConfigError``,
    ``DatasetError``, ``OutputError``; only the last can lose a finished epoch.
    """
    device = device or pick_device()
    check_dataset(config, dataset)
    config, dataset = settle(config, dataset, run, resume)
    world = join_processes(config, device)
    checkpoint.check(run, config, resume)
    half = max(1, config.batch_size // 2)
    out_of_memory = explain_out_of_memory(
        device,
        f"this network and batches of {config.batch_size}",
        f"--set batch_size={half}, or lower {config.memory_keys}",
    )
    fast = fast_kernels(device, few_shapes=isinstance(config, ClassifierConfig))
    with checkpoint.locked(run, config, resume, world), out_of_memory, fast:
        trainer = Trainer(open_task(config, dataset, device, world), run, device, world)
        if world.is_main:
            checkpoint.prepare(run, trainer.config, trainer.task.unreadable)
        resumed = world.agree(resume and checkpoint.exists(run))
        rows = trainer.restore() if resumed else trainer.start()
        if on_note and world.is_main:
            for note in (*trainer.task.notes, *trainer.notes):
                on_note(note)
        with CheckpointWriter(run, checkpoint_every) as writer:
            return trainer.run(rows, writer, on_batch, on_epoch)


def settle(
    config: BaseConfig, dataset: Dataset | SceneDataset, run: Path, resume: bool
) -> tuple[BaseConfig, Dataset | SceneDataset]:
    """The recipe with all that depends on data and weights settled, and the divided data.

    ``train`` does the same; a settled recipe stays as it is. See
    ``mien.train.classification.resolve`` and, for ``precision = "auto"``, which a new run settles
    when it begins, ``mien.train.precision``.
    """
    config = kept_precision(with_reader(config, dataset), run, resume)
    if isinstance(config, ClassifierConfig) and not isinstance(dataset, SceneDataset):
        return resolve(config, dataset, run, resume)
    dataset = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
    check_splits(config, dataset)
    return config, dataset


def open_task(config: BaseConfig, dataset: Any, device: torch.device, world: World) -> Task[Any]:
    """The task of a recipe: its network, and its data, which is read here."""
    if isinstance(config, DetectorConfig):
        from mien.train.detection.task import DetectorTask  # torchvision, for detectors only

        return DetectorTask(config, dataset, device, world)
    assert isinstance(config, ClassifierConfig)
    return ClassifierTask(config, dataset, device, world)


class Trainer(Generic[Net]):
    """One recipe on one data set: ``start`` or ``restore`` it, then ``run``."""

    def __init__(self, task: Task[Net], folder: Path, device: torch.device, world: World) -> None:
        self.task, self.config, self.folder = task, task.config, folder
        self.device, self.world = device, world
        self.net = task.net
        eager = why_eager(task, device, world)
        self.notes = [f"steps run one kernel at a time, not as CUDA graphs: {eager}"] * bool(eager)
        """What the user should know, a sentence each."""
        graphed = device.type == "cuda" and self.config.cuda_graphs and not eager
        if self.config.precision == AUTO:
            precision, why = faster_precision(task, device, world, graphed)
            self.config = replace(self.config, precision=precision)
            self.notes.append(why)
        graph_device = device if graphed else None
        self.optimizer = make_optimizer(self.net, self.config, graph_device, task.rate_factors)
        self.averaged = self.net
        """The weights that are validated and exported."""
        self.ema: AveragedWeights[Net] | None = None
        self.swa: EpochAverage[Net] | None = None
        if self.config.ema and task.steps:
            self.ema = AveragedWeights(self.net, self.config.ema, graph_device)
            self.averaged = self.ema.net
        elif self.config.swa and task.steps:
            self.swa = EpochAverage(self.net, task.epochs - self.config.swa_epochs)
            self.averaged = self.swa.net
        self.step = Step(task, self.config.precision, self.optimizer, self.ema, device, world)
        self.learn: Callable[[Any], StepResult] = self.step
        if graphed:
            self.learn = GraphedStep(self.step, task.generators)
        self.best: dict[str, Tensor] | None = None
        self.done = 0
        """Finished epochs."""

    def start(self) -> list[Row]:
        """Prepare a new run; returns its metrics so far, which are none."""
        self.task.start()
        self.world.from_main(*self.net.state_dict().values())
        self.averaged.load_state_dict(self.net.state_dict())
        return []

    def run(
        self,
        rows: list[Row],
        writer: CheckpointWriter,
        on_batch: OnBatch | None,
        on_epoch: OnEpoch | None,
    ) -> list[Row]:
        """Run the remaining epochs; ``rows`` are the metrics of the finished ones."""
        task = self.task
        for epoch in range(self.done, task.epochs):
            if task.stopped:
                break
            began = time.perf_counter()
            row = {"epoch": epoch + 1, **self._epoch(epoch, on_batch)}
            seconds = time.perf_counter() - began
            pictures = task.steps * self.config.batch_size or task.pictures
            row["images_per_second"] = round(pictures / seconds, 1)
            row["seconds"] = round(seconds, 2)
            self._end_average(epoch)
            check_weights(self.net, epoch, self.config.lr, self.folder)
            measured = task.validate(self.averaged, epoch) if self.world.is_main else {}
            measured = self.world.agree(measured)
            row.update(measured)
            if measured and task.is_best(epoch, measured):
                self.best = {k: v.clone() for k, v in self.averaged.state_dict().items()}
            rows.append(row)
            if self.world.is_main:
                writer.add(rows, self._state(epoch + 1))
                if on_epoch:
                    on_epoch(row)
        return rows

    def _epoch(self, epoch: int, on_batch: OnBatch | None) -> Row:
        """Learn from every batch of an epoch once; returns loss, rate and the task's metrics."""
        config, task, steps = self.config, self.task, self.task.steps
        # Dropout and the like differ between processes, the order of the pictures does not.
        torch.manual_seed(epoch_seed(config, epoch) + 7 * self.world.rank)
        task.begin_epoch(epoch)
        losses = torch.zeros(steps, device=self.device)
        sums: dict[str, Tensor] = {}
        rate = 0.0
        for step, batch in enumerate(task.batches(epoch)):
            rate = self.begin_step(epoch * steps + step)
            losses[step], measures = self.learn(batch)
            for name, value in measures.items():
                sums[name] = sums.get(name, 0) + value
            if step % LOSS_INTERVAL == LOSS_INTERVAL - 1 or step + 1 == steps:
                check_losses(losses[: step + 1], epoch, config.lr, self.folder)
                if on_batch:
                    on_batch(epoch + 1, step + 1, steps, float(losses[: step + 1].mean()))
        self.world.from_main(*self.net.buffers())
        return {
            "lr": float(f"{rate:.4g}"),
            "train_loss": round(float(losses.mean()), 5) if steps else 0.0,
            **task.metrics(epoch, {name: float(value) for name, value in sums.items()}),
        }

    def begin_step(self, done: int) -> float:
        """Set what changes from step to step, after ``done`` steps; returns the learning rate."""
        steps = self.task.steps
        rate = self.task.rate_factor * learning_rate(self.config, done, steps)
        set_rate(self.optimizer, rate)
        if self.ema is not None:
            self.ema.begin(done)
        return rate

    def _end_average(self, epoch: int) -> None:
        """Bring the averaged weights to the end of an epoch."""
        if self.swa is not None:
            self.swa.update(self.net, epoch)
        if self.ema is not None or (self.swa is not None and self.swa.mixes(epoch)):
            self.task.update_statistics(self.averaged, epoch)

    def _state(self, epochs_done: int) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            "epochs_done": epochs_done,
            "config": self.config.to_dict(),
            "model": self.net.state_dict(),
            "ema": self.averaged.state_dict(),
            "ema_updates": epochs_done * self.task.steps if self.ema is not None else 0,
            "ema_ramp": self.ema is not None and self.ema.ramp,
            "best": self.best,
            "optimizer": optimizer_state(self.optimizer),
            "scaler": self.step.scaler.state_dict(),
            "facts": {**self.task.facts(), **environment(self.device, self.world)},
            **self.task.state(),
        }

    def restore(self) -> list[Row]:
        """Continue from the checkpoint; returns the metrics of the finished epochs."""
        path = self.folder / checkpoint.CHECKPOINT
        state = checkpoint.load(path, self.device)
        if checkpoint.MADE & state.get("facts", {}).keys():
            raise ConfigError(
                f"{self.folder} was not trained but made, by 'mien average' or 'mien compress': "
                "give it to a new run with --weights"
            )
        with checkpoint.must_fit(path):
            self.task.restore(state, self.folder)
            self.net.load_state_dict(state["model"])
            if self.averaged is not self.net:
                self.averaged.load_state_dict(state["ema"])
            if self.ema is not None:
                self.ema.ramp = state.get("ema_ramp", False)  # as the run began
            load_optimizer_state(self.optimizer, state["optimizer"])
            self.step.scaler.load_state_dict(state.get("scaler", {}))
            self.best = state.get("best")
        self.done = int(state["epochs_done"])
        return read_metrics(self.folder / METRICS, self.done)


def why_eager(task: Task[Any], device: torch.device, world: World) -> str:
    """Why steps on this GPU cannot be captured as CUDA graphs; empty if they can, or on a CPU."""
    config = task.config
    if device.type != "cuda" or not config.cuda_graphs or not task.steps:
        return ""
    if config.precision == "fp16":
        return "fp16 decides after each step whether it counts"
    if world.size > 1:
        return "several processes average their gradients"
    return task.graph_obstacle or ""
