"""The training loop of a face detector: one function from a recipe and a data set to a run folder.

As in ``mien.train.classification.run``, every epoch draws from its own seed, so a run that was
killed and resumed at its last whole epoch is the run that would have been.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from mien.datasets.base import SceneDataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, ModelFileError, TrainingError
from mien.train import checkpoint
from mien.train.classification.loop import check_splits, join_processes, pick_device
from mien.train.classification.run import LOOK, OnBatch, environment
from mien.train.detection.batches import Scenes, batches, on_device
from mien.train.detection.config import DetectorConfig
from mien.train.detection.network import FasterRCNN, build, freeze
from mien.train.detection.validate import validate
from mien.train.detection.weights import load_weights
from mien.train.distributed import World
from mien.train.divergence import check_losses, check_weights
from mien.train.optim import make_optimizer
from mien.train.out_of_memory import explain_out_of_memory
from mien.train.schedule import learning_rate

Row = dict[str, Any]
SETTLING = 32
"""Batches that the statistics of the averaged weights are taken from."""


def train_detector(
    config: DetectorConfig,
    dataset: SceneDataset,
    run: Path,
    *,
    device: torch.device | None = None,
    resume: bool = False,
    on_batch: OnBatch | None = None,
    on_epoch: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Train as ``config`` says and leave checkpoint, recipe and metrics in ``run``.

    Returns the metrics, one dict an epoch: ``epoch`` (from 0), ``lr``, ``train_loss`` and its four
    parts, ``images_per_second``, ``seconds`` and, in epochs that look at the ``valid_split``,
    ``valid_ap50`` and ``valid_recall``. ``resume`` goes on after the last whole epoch.

    Raises ``TrainingError`` where the loss is no number or memory runs out, ``ConfigError``,
    ``DatasetError``, ``OutputError``; none of them loses an epoch that is done.
    """
    device = device or pick_device()
    world = join_processes(config, device)
    divided = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
    check_splits(config, divided)
    checkpoint.check(run, config, resume)
    lower = f"--set batch_size={max(1, config.batch_size // 2)}, or lower view or proposals"
    with explain_out_of_memory(device, f"this network and batches of {config.batch_size}", lower):
        scenes = Scenes(divided, config.train_split, config.limit)
        valid = None
        if config.valid_split is not None:
            valid = Scenes(divided, config.valid_split, config.limit)
        training = _Run(config, scenes, valid, run, device, world)
        if world.is_main:
            unreadable = [*scenes.unreadable, *(valid.unreadable if valid else ())]
            checkpoint.prepare(run, config, unreadable)
        going_on = world.agree(resume and checkpoint.exists(run))
        rows = training.restore() if going_on else training.begin()
        return training.go(rows, on_batch, on_epoch)


class _Run:
    """One recipe on one data set: ``begin`` or ``restore`` it, then ``go``."""

    def __init__(
        self,
        config: DetectorConfig,
        scenes: Scenes,
        valid: Scenes | None,
        folder: Path,
        device: torch.device,
        world: World,
    ) -> None:
        self.config, self.scenes, self.valid = config, scenes, valid
        self.folder, self.device, self.world = folder, device, world
        self.steps = len(scenes) // config.batch_size
        if not self.steps:
            raise TrainingError(
                f"{len(scenes)} pictures make no batch of {config.batch_size}: lower batch_size"
            )
        if config.norm == "batch" and config.view == 32 and config.batch_size == world.size:
            raise ConfigError(
                "one view of 32 pixels at a time leaves batch normalisation a single value: raise "
                "view or batch_size"
            )
        torch.manual_seed(config.seed)
        self.net = build(config).to(device).to(memory_format=torch.channels_last)
        self.averaged: FasterRCNN = self.net
        self.ema = None
        if config.ema:
            average = get_ema_multi_avg_fn(config.ema)  # type: ignore[no-untyped-call]
            self.ema = AveragedModel(self.net, multi_avg_fn=average, use_buffers=True)
            self.averaged = self.ema.module  # type: ignore[assignment]
        self.optimizer = make_optimizer(self.net, config)
        self.done = 0  # epochs
        self.start: dict[str, Any] = {"weights_from": "scratch"}

    def begin(self) -> list[Row]:
        """What happens once, before the first epoch: weights from elsewhere."""
        if self.config.weights is not None:
            self.start = load_weights(self.net, self.config)
        self.world.from_main(*self.net.state_dict().values())
        self.averaged.load_state_dict(self.net.state_dict())
        return []

    def go(
        self,
        rows: list[Row],
        on_batch: OnBatch | None,
        on_epoch: Callable[[Row], None] | None,
    ) -> list[Row]:
        """Run every epoch that is not done yet; ``rows`` are the metrics of those that are."""
        freeze(self.net, self.config)
        for epoch in range(self.done, self.config.epochs):
            began = time.perf_counter()
            row = {"epoch": epoch, **self._epoch(epoch, on_batch)}
            seconds = time.perf_counter() - began
            row["images_per_second"] = round(self.steps * self.config.batch_size / seconds, 1)
            row["seconds"] = round(seconds, 2)
            self._settle(epoch)
            check_weights(self.net, epoch, self.config.lr, self.folder)
            if self.valid is not None and self._looks(epoch):
                measured = None
                if self.world.is_main:
                    measured = validate(self.averaged, self.valid.kept, self.config)
                row.update(self.world.agree(measured))
            rows.append(row)
            if self.world.is_main:
                checkpoint.keep(self.folder, rows, self._state(epoch + 1))
                if on_epoch:
                    on_epoch(row)
        return rows

    def _looks(self, epoch: int) -> bool:
        return (epoch + 1) % self.config.validate_every == 0 or epoch + 1 == self.config.epochs

    def _epoch(self, epoch: int, on_batch: OnBatch | None) -> Row:
        config, world = self.config, self.world
        # The samplers of both stages draw from PyTorch's own generator.
        torch.manual_seed(config.seed * 100_003 + epoch + 1 + 7 * world.rank)
        self.net.train()
        sums: dict[str, Tensor] = {}
        losses = torch.zeros(self.steps, device=self.device)
        drawn = batches(self.scenes, config, epoch, world.rank, world.size)
        for step, (pixels, targets) in enumerate(drawn):
            rate = learning_rate(config, epoch * self.steps + step, self.steps)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            there = [on_device(target, self.device) for target in targets]
            with torch.autocast(self.device.type, torch.bfloat16, config.precision == "bf16"):
                parts = self.net(pixels.to(self.device), there)
            loss = torch.stack(list(parts.values())).sum()
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            world.average_gradients(self.net.parameters())
            if config.grad_clip:
                nn.utils.clip_grad_norm_(self.net.parameters(), config.grad_clip)
            self.optimizer.step()
            if self.ema is not None:
                self.ema.update_parameters(self.net)
            losses[step] = loss.detach()
            for name, value in parts.items():
                sums[name] = sums.get(name, 0) + value.detach()
            if step % LOOK == LOOK - 1 or step + 1 == self.steps:
                check_losses(losses[: step + 1], epoch, config.lr, self.folder)
                if on_batch:
                    on_batch(epoch, step + 1, self.steps, float(losses[: step + 1].mean()))
        world.from_main(*self.net.buffers())
        return {
            "lr": float(f"{rate:.4g}"),
            "train_loss": round(float(losses.mean()), 5),
            **{name: round(float(value) / self.steps, 5) for name, value in sums.items()},
        }

    def _settle(self, epoch: int) -> None:
        """Give the averaged weights the statistics of normalisation that they themselves bring.

        The average of the statistics belongs to the weights on their way: while those move fast, a
        network of both averages finds nothing (Izmailov et al. 2018, section 3.2).
        """
        if self.ema is None or self.config.norm == "frozen":
            return
        some = islice(batches(self.scenes, self.config, epoch), SETTLING)
        update_bn(
            (self.averaged.normalised(pixels.to(self.device)) for pixels, _ in some),
            self.averaged.backbone,
        )

    def _state(self, epochs_done: int) -> dict[str, Any]:
        facts = {
            "pictures": len(self.scenes),
            "faces": self.scenes.faces,
            "fingerprint": self.scenes.fingerprint,
            **self.start,
            **environment(self.device, self.world),
        }
        return {
            "epochs_done": epochs_done,
            "config": self.config.to_dict(),
            "labels": ["face"],
            "model": self.net.state_dict(),
            "ema": self.averaged.state_dict(),
            "ema_updates": int(self.ema.n_averaged) if self.ema is not None else 0,
            "optimizer": self.optimizer.state_dict(),
            "facts": facts,
        }

    def restore(self) -> list[Row]:
        """Go back to the last whole epoch; returns the metrics until then."""
        path = self.folder / checkpoint.CHECKPOINT
        state = checkpoint.load(path, self.device)
        facts = state.get("facts", {})
        before = facts.get("pictures", len(self.scenes)), facts.get("faces", self.scenes.faces)
        if before != (len(self.scenes), self.scenes.faces):
            raise ConfigError(
                f"{self.folder} was trained on {before[0]} pictures with {before[1]} faces, not on "
                f"these {len(self.scenes)} with {self.scenes.faces}: resume with the same data"
            )
        try:
            self.net.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["ema"])
            if self.ema is not None:
                self.ema.n_averaged.fill_(state["ema_updates"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelFileError(f"{path} does not fit its own recipe: {reason}") from None
        self.start = {k: v for k, v in facts.items() if k.startswith("weights")}
        self.done = int(state["epochs_done"])
        return checkpoint.read_metrics(self.folder, self.done)
