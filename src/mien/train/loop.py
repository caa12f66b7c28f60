"""The training loop: one function from a config and a data set to a run folder.

Every epoch draws from its own seed, made of the recipe's seed and the epoch's number. So a run that
was killed and resumed at its last whole epoch is, to the last bit on one device, the run that would
have been, and no random state needs saving.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mien.datasets.base import Dataset, Split, stack
from mien.errors import MienError
from mien.labels import FERPLUS
from mien.preprocess import frames, normalise
from mien.registry import architectures
from mien.spec import ModelSpec
from mien.train import augment, checkpoint
from mien.train.config import TrainConfig
from mien.train.losses import distillation, smooth, soft_cross_entropy, vote_distribution

Progress = Callable[[int, int, float], None]
"""Called after every batch with (epoch, batch, running loss)."""


class TrainingError(MienError):
    """Training cannot go on; the last checkpoint is kept."""


@dataclass(slots=True)
class TensorSplit:
    """A split on the training device. ``frames``: (N, R, R, C) uint8, ``votes``: (N, 10) or None."""

    frames: Tensor
    labels: Tensor
    votes: Tensor | None

    def __len__(self) -> int:
        return len(self.labels)


def input_spec(config: TrainConfig, labels: tuple[str, ...]) -> ModelSpec:
    """The facts about the network's input that training and inference share."""
    return ModelSpec(
        name=config.name,
        labels=labels,
        input_size=config.input_size,
        resize=config.resize,
        mean=(0.5,),
        std=(0.25,),
    )


def pick_device(name: str = "auto") -> torch.device:
    """``auto``: the first GPU where PyTorch sees one, else the CPU; else what PyTorch calls it."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(f"device {name!r} cannot be used here ({reason}): try auto or cpu") from None
    return device


def train(
    config: TrainConfig,
    dataset: Dataset,
    run: Path,
    *,
    device: torch.device | None = None,
    resume: bool = False,
    on_batch: Progress | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> list[dict[str, Any]]:
    """Train as ``config`` says and leave checkpoint, recipe and metrics in ``run``.

    Returns the metrics, one dict an epoch. ``resume`` goes on after the last whole epoch. Raises
    ``TrainingError`` where the loss is no number, ``ConfigError``, ``DatasetError``,
    ``OutputError``; none of them loses an epoch that is done.
    """
    device = device or pick_device()
    checkpoint.prepare(run, config, resume)
    spec = input_spec(config, tuple(dataset.labels))
    data = load_split(dataset, config.train_split, config, spec, device)
    valid = None
    if config.valid_split is not None:
        valid = load_split(dataset, config.valid_split, config, spec, device)
    return _Run(config, spec, data, valid, run, device).go(resume, on_batch, on_epoch)


def load_split(
    dataset: Dataset, name: str, config: TrainConfig, spec: ModelSpec, device: torch.device
) -> TensorSplit:
    """One split, through the frames of ``mien.preprocess``, on ``device``."""
    split: Split = stack(dataset.samples(name), f"split {name!r}")
    pictures = torch.from_numpy(frames(split.images, spec))  # type: ignore[arg-type]
    votes = None if split.votes is None else torch.from_numpy(split.votes).to(device)
    tensors = TensorSplit(pictures.to(device), torch.from_numpy(split.labels).to(device), votes)
    if config.limit is not None:
        tensors = TensorSplit(
            tensors.frames[: config.limit],
            tensors.labels[: config.limit],
            None if votes is None else votes[: config.limit],
        )
    return tensors


class _Run:
    """The state of one training run."""

    def __init__(
        self,
        config: TrainConfig,
        spec: ModelSpec,
        data: TensorSplit,
        valid: TensorSplit | None,
        folder: Path,
        device: torch.device,
    ) -> None:
        self.config, self.spec, self.folder, self.device = config, spec, folder, device
        self.data, self.valid = data, valid
        self.steps = len(data) // config.batch_size  # an epoch; the odd rest is dropped
        if not self.steps:
            raise TrainingError(
                f"{len(data)} pictures make no batch of {config.batch_size}: lower batch_size"
            )
        self.teacher = None
        if config.teacher is not None:
            self.teacher = checkpoint.load_network(config.teacher)[0].to(device).requires_grad_(False)
        self.ferplus = config.ferplus_weight if data.votes is not None else 0.0
        torch.manual_seed(config.seed)
        classes, auxiliary = len(spec.labels), len(FERPLUS) if self.ferplus else 0
        net: nn.Module = architectures.get(config.architecture)(config, classes, auxiliary)
        self.net = net.to(device, memory_format=torch.channels_last)
        self.ema = AveragedModel(
            self.net, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True
        )
        self.optimizer = torch.optim.SGD(
            _weight_decay_groups(self.net, config.weight_decay),
            lr=config.lr,
            momentum=config.momentum,
            nesterov=config.momentum > 0,
        )

    def go(
        self,
        resume: bool,
        on_batch: Progress | None,
        on_epoch: Callable[[dict[str, Any]], None] | None,
    ) -> list[dict[str, Any]]:
        """Run every epoch that is not done yet."""
        start = self._restore() if resume and (self.folder / checkpoint.CHECKPOINT).exists() else 0
        rows = checkpoint.read_metrics(self.folder, start) if start else []
        for epoch in range(start, self.config.epochs):
            began = time.perf_counter()
            row = {"epoch": epoch, **self._epoch(epoch, on_batch)}
            seconds = time.perf_counter() - began
            row["images_per_second"] = round(self.steps * self.config.batch_size / seconds, 1)
            row["seconds"] = round(seconds, 2)
            if self.valid is not None:
                row.update(self._validate(self.valid))
            rows.append(row)
            # Metrics first: a kill in between leaves one row too many, which resuming cuts off.
            checkpoint.write_metrics(self.folder, rows)
            checkpoint.save(self._state(epoch + 1), self.folder / checkpoint.CHECKPOINT)
            if on_epoch:
                on_epoch(row)
        return rows

    def _epoch(self, epoch: int, on_batch: Progress | None) -> dict[str, Any]:
        config = self.config
        torch.manual_seed(config.seed * 100_003 + epoch + 1)  # dropout
        generator = torch.Generator(self.device).manual_seed(config.seed * 100_003 + epoch + 1)
        rng = np.random.default_rng((config.seed, epoch))
        side = input_side(config, epoch)
        weak = epoch >= config.epochs - config.weak_epochs
        view = _weaken(config) if weak else config
        order = torch.randperm(len(self.data), generator=generator, device=self.device)
        self.net.train()
        total = torch.zeros((), device=self.device)
        for step in range(self.steps):
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(config, epoch * self.steps + step, self.steps)
            rows = order[step * config.batch_size : (step + 1) * config.batch_size]
            loss = self._step(rows, side, view, weak, generator, rng)
            total += loss
            if step % 20 == 19 or step + 1 == self.steps:  # rarely: a GPU must be waited for
                mean = float(total) / (step + 1)
                if not math.isfinite(mean):
                    raise TrainingError(
                        f"the loss is no number any more at epoch {epoch}, batch {step}: "
                        f"lower lr ({config.lr}); {self.folder} keeps the last whole epoch"
                    )
                if on_batch:
                    on_batch(epoch, step + 1, mean)
        lr = self.optimizer.param_groups[0]["lr"]
        return {"input_size": side, "lr": round(lr, 6), "train_loss": round(float(total) / self.steps, 5)}

    def _step(
        self,
        rows: Tensor,
        side: int,
        config: TrainConfig,
        weak: bool,
        generator: torch.Generator,
        rng: np.random.Generator,
    ) -> Tensor:
        """One optimiser step; returns the detached loss."""
        x = self.data.frames[rows].permute(0, 3, 1, 2).float() / 255  # (N, C, R, R)
        x = augment.warp(x, side, config, generator, strength=0.5 if weak else 1.0)
        x = augment.erase(augment.intensity(x, config, generator), config, generator)
        targets = [smooth(self.data.labels[rows], len(self.spec.labels), config.label_smoothing)]
        if self.ferplus and self.data.votes is not None:
            targets += vote_distribution(self.data.votes[rows])
        x, targets = augment.mix(x, targets, config, generator, rng)
        x = ((x - self.spec.mean[0]) / self.spec.std[0]).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            features = self.net.features(x)  # type: ignore[operator]
            logits = self.net.head(features)  # type: ignore[operator]
            loss = soft_cross_entropy(logits, targets[0])
            if self.ferplus:
                votes = self.net.auxiliary(features)  # type: ignore[operator]
                extra = soft_cross_entropy(votes, targets[1], targets[2])
                loss = (loss + self.ferplus * extra) / (1 + self.ferplus)
            if self.teacher is not None:
                with torch.no_grad():
                    taught = self.teacher(x)
                share = config.distill_weight
                soft = distillation(logits, taught, config.distill_temperature)
                loss = (1 - share) * loss + share * soft
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if config.grad_clip:
            nn.utils.clip_grad_norm_(self.net.parameters(), config.grad_clip)
        self.optimizer.step()
        self.ema.update_parameters(self.net)
        return loss.detach()

    def _validate(self, split: TensorSplit) -> dict[str, float]:
        """Accuracy and negative log likelihood of the averaged weights, single view, no mirror."""
        self.ema.eval()
        right, nll = 0.0, 0.0
        with torch.inference_mode():
            for start in range(0, len(split), 256):
                pictures = split.frames[start : start + 256].cpu().numpy()
                x = torch.from_numpy(normalise(pictures, self.spec)).to(self.device)
                logits = self.ema(x.contiguous(memory_format=torch.channels_last)).float()
                labels = split.labels[start : start + 256]
                right += float((logits.argmax(1) == labels).sum())
                nll += float(nn.functional.cross_entropy(logits, labels, reduction="sum"))
        return {
            "valid_accuracy": round(right / len(split), 5),
            "valid_nll": round(nll / len(split), 5),
        }

    def _state(self, epochs_done: int) -> dict[str, Any]:
        return {
            "epochs_done": epochs_done,
            "config": self.config.to_dict(),
            "labels": list(self.spec.labels),
            "ferplus": bool(self.ferplus),
            "model": self.net.state_dict(),
            "ema": self.ema.module.state_dict(),
            "ema_updates": int(self.ema.n_averaged),
            "optimizer": self.optimizer.state_dict(),
        }

    def _restore(self) -> int:
        state = checkpoint.load(self.folder / checkpoint.CHECKPOINT, self.device)
        self.net.load_state_dict(state["model"])
        self.ema.module.load_state_dict(state["ema"])
        self.ema.n_averaged.fill_(state["ema_updates"])
        self.optimizer.load_state_dict(state["optimizer"])
        return int(state["epochs_done"])


def learning_rate(config: TrainConfig, step: int, steps_per_epoch: int) -> float:
    """Learning rate at global ``step``, from 0.

    ``onecycle``: cosine up from lr/25 over the ``warmup`` share, cosine down to nearly 0 (Smith and
    Topin 2018); ``cosine``: linear up from 0, cosine down to 0.
    """
    total = config.epochs * steps_per_epoch
    peak = config.warmup * total
    if step < peak:
        done = (step + 1) / max(peak, 1)
        if config.schedule == "cosine":
            return config.lr * min(done, 1.0)
        start = config.lr / 25
        return start + (config.lr - start) * (1 - math.cos(math.pi * min(done, 1.0))) / 2
    done = (step + 1 - peak) / max(total - peak, 1)
    return config.lr * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def input_side(config: TrainConfig, epoch: int) -> int:
    """Input side of one epoch by ``size_schedule``."""
    end = 0.0
    for share, side in config.size_schedule:
        end += share
        if epoch < round(end * config.epochs):
            return side
    return config.input_size


def _weaken(config: TrainConfig) -> TrainConfig:
    return replace(config, erasing=0.0, mixup=0.0, cutmix=0.0)


def _weight_decay_groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    convolutions = {
        id(p) for m in net.modules() if isinstance(m, nn.Conv2d) for p in [m.weight]
    }  # fmt: skip
    parameters = list(net.parameters())
    return [
        {"params": [p for p in parameters if id(p) in convolutions], "weight_decay": decay},
        {"params": [p for p in parameters if id(p) not in convolutions], "weight_decay": 0.0},
    ]
