"""The training loop: one function from a config and a data set to a run folder.

Every epoch draws from its own seed, made of the recipe's seed and the epoch's number. So a run that
was killed and resumed at its last whole epoch is the run that would have been, and no random state
needs saving: to the last bit on one CPU with one number of threads, and on a GPU as far as its
kernels repeat themselves.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mien.datasets.base import Dataset
from mien.errors import ConfigError, ModelFileError, TrainingError
from mien.labels import FERPLUS
from mien.preprocess import normalise
from mien.registry import architectures
from mien.spec import ModelSpec
from mien.train import augment, checkpoint
from mien.train.config import TrainConfig
from mien.train.data import TensorSplit, input_spec, load_split
from mien.train.losses import distillation, smooth, soft_cross_entropy, vote_distribution
from mien.train.models.base import Network
from mien.train.schedule import input_side, learning_rate
from mien.version import __version__

OnBatch = Callable[[int, int, int, float], None]
"""Called now and then with (epoch, batches done, batches an epoch, mean loss of the epoch)."""

OnEpoch = Callable[[dict[str, Any]], None]
"""Called with an epoch's metrics, once its checkpoint is safe."""


def pick_device(name: str = "auto") -> torch.device:
    """``auto``: the first GPU where PyTorch sees one, else the CPU; else what PyTorch calls it.

    Raises ``TrainingError`` where there is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"device {name!r} cannot be used here ({reason}): try auto or cpu"
        ) from None
    return device


def train(
    config: TrainConfig,
    dataset: Dataset,
    run: Path,
    *,
    device: torch.device | None = None,
    resume: bool = False,
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
) -> list[dict[str, Any]]:
    """Train as ``config`` says and leave checkpoint, recipe and metrics in ``run``.

    Returns the metrics, one dict an epoch: ``epoch`` (from 0), ``input_size``, ``lr``,
    ``train_loss``, ``images_per_second``, ``seconds`` and, with a ``valid_split``,
    ``valid_accuracy`` and ``valid_nll`` of the averaged weights. ``resume`` goes on after the last
    whole epoch. Raises ``TrainingError`` where the loss is no number or memory runs out,
    ``ConfigError``, ``DatasetError``, ``OutputError``; none of them loses an epoch that is done.
    """
    device = device or pick_device()
    if config.precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise TrainingError("this GPU has no bf16: add --set precision=fp32")
    spec = input_spec(config, tuple(dataset.labels))
    teacher = _load_teacher(config, spec)
    architectures.get(config.architecture)  # a wrong name is told before the data is read
    checkpoint.check(run, config, resume)
    try:
        data = load_split(dataset, config.train_split, config, spec, device)
        valid = None
        if config.valid_split is not None:
            valid = load_split(dataset, config.valid_split, config, spec, device)
        training = _Run(config, spec, data, valid, teacher, run, device)
        checkpoint.prepare(run, config)
        return training.go(resume, on_batch, on_epoch)
    except (MemoryError, RuntimeError) as error:  # the CPU's allocator has no error of its own
        if isinstance(error, RuntimeError) and not (
            isinstance(error, torch.cuda.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
        ):
            raise
        raise TrainingError(
            f"the memory of {device} does not hold this network and batches of "
            f"{config.batch_size}: lower batch_size, widths or limit"
        ) from None


def _load_teacher(config: TrainConfig, spec: ModelSpec) -> Network | None:
    config.check_teacher()
    if config.teacher is None:
        return None
    teacher, state = checkpoint.load_network(config.teacher)
    if tuple(state["labels"]) != spec.labels:
        raise ConfigError(
            f"the teacher {config.teacher} names {', '.join(state['labels'])}, the data set "
            f"{', '.join(spec.labels)}: both must have the same labels in the same order"
        )
    teacher.requires_grad_(False)
    return teacher


class _Run:
    """The state of one training run."""

    def __init__(
        self,
        config: TrainConfig,
        spec: ModelSpec,
        data: TensorSplit,
        valid: TensorSplit | None,
        teacher: Network | None,
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
        if teacher is not None:
            self.teacher = teacher.to(device).to(memory_format=torch.channels_last)
        self.ferplus = config.ferplus_weight if data.votes is not None else 0.0
        torch.manual_seed(config.seed)
        classes, auxiliary = len(spec.labels), len(FERPLUS) if self.ferplus else 0
        net: Network = architectures.get(config.architecture)(config, classes, auxiliary)
        self.net = net.to(device).to(memory_format=torch.channels_last)
        average = get_ema_multi_avg_fn(config.ema)  # type: ignore[no-untyped-call]
        self.ema = AveragedModel(self.net, multi_avg_fn=average, use_buffers=True)
        self.optimizer = torch.optim.SGD(
            _weight_decay_groups(self.net, config.weight_decay),
            lr=config.lr,
            momentum=config.momentum,
            nesterov=config.momentum > 0,
        )

    def go(
        self,
        resume: bool,
        on_batch: OnBatch | None,
        on_epoch: OnEpoch | None,
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
            self._check_weights(epoch)
            if self.valid is not None:
                row.update(self._validate(self.valid))
            rows.append(row)
            # Metrics first: a kill in between leaves one row too many, which resuming cuts off.
            checkpoint.write_metrics(self.folder, rows)
            checkpoint.save(self._state(epoch + 1), self.folder / checkpoint.CHECKPOINT)
            if on_epoch:
                on_epoch(row)
        return rows

    def _epoch(self, epoch: int, on_batch: OnBatch | None) -> dict[str, Any]:
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
                    raise self._diverged(f"the loss is no number at epoch {epoch}, batch {step}")
                if on_batch:
                    on_batch(epoch, step + 1, self.steps, mean)
        lr = self.optimizer.param_groups[0]["lr"]
        loss_mean = float(total) / self.steps
        return {"input_size": side, "lr": round(lr, 6), "train_loss": round(loss_mean, 5)}

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
        x = (x - self.spec.mean[0]) / self.spec.std[0]
        x = x.contiguous(memory_format=torch.channels_last)  # (N, C, side, side)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            features = self.net.features(x)
            logits = self.net.head(features)
            loss = soft_cross_entropy(logits, targets[0])
            if self.net.auxiliary is not None:
                votes = self.net.auxiliary(features)
                extra = soft_cross_entropy(votes, targets[1], targets[2])
                loss = (loss + self.ferplus * extra) / (1 + self.ferplus)
            if self.teacher is not None:
                with torch.no_grad():
                    taught = self.teacher(x)
                share = config.distill_weight
                soft = distillation(logits, taught, config.distill_temperature)
                loss = (1 - share) * loss + share * soft
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if config.grad_clip:
            nn.utils.clip_grad_norm_(self.net.parameters(), config.grad_clip)
        self.optimizer.step()
        self.ema.update_parameters(self.net)
        return loss.detach()

    def _check_weights(self, epoch: int) -> None:
        """Refuse to store weights that the epoch's last step has spoilt: no loss has seen them."""
        if not all(bool(value.isfinite().all()) for value in self.net.state_dict().values()):
            raise self._diverged(f"the weights are no numbers after epoch {epoch}")

    def _diverged(self, what: str) -> TrainingError:
        return TrainingError(
            f"{what}: lower lr ({self.config.lr}) and start anew in another folder; "
            f"{self.folder} keeps the last whole epoch"
        )

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
            "facts": {"pictures": len(self.data), **_environment(self.device)},
        }

    def _restore(self) -> int:
        path = self.folder / checkpoint.CHECKPOINT
        state = checkpoint.load(path, self.device)
        before = state.get("facts", {}).get("pictures", len(self.data))
        if before != len(self.data) or state["labels"] != list(self.spec.labels):
            raise ConfigError(
                f"{self.folder} was trained on {before} pictures of {', '.join(state['labels'])}, "
                f"not on these {len(self.data)}: resume with the same data"
            )
        if state["ferplus"] != bool(self.ferplus):
            had, has = ("with", "without") if state["ferplus"] else ("without", "with")
            raise ConfigError(
                f"{self.folder} was trained {had} FER+ votes and this copy of the data comes {has} "
                "them: resume with the same data"
            )
        try:
            self.net.load_state_dict(state["model"])
            self.ema.module.load_state_dict(state["ema"])
            self.ema.n_averaged.fill_(state["ema_updates"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelFileError(f"{path} does not fit its own recipe: {reason}") from None
        return int(state["epochs_done"])


def _environment(device: torch.device) -> dict[str, str]:
    """What a run was made with, for its model's card."""
    if device.type == "cuda":
        hardware = torch.cuda.get_device_name(device)
    else:
        threads = torch.get_num_threads()
        hardware = f"{platform.machine()} CPU, {threads} thread{'s' if threads > 1 else ''}"
    return {"hardware": hardware, "torch": str(torch.__version__), "mien": __version__}


def _weaken(config: TrainConfig) -> TrainConfig:
    """The recipe of the last epochs; ``augment.warp`` is told of them by its strength."""
    return replace(config, erasing=0.0, mixup=0.0, cutmix=0.0)


def _weight_decay_groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    convolutions = {id(m.weight) for m in net.modules() if isinstance(m, nn.Conv2d)}
    parameters = list(net.parameters())
    return [
        {"params": [p for p in parameters if id(p) in convolutions], "weight_decay": decay},
        {"params": [p for p in parameters if id(p) not in convolutions], "weight_decay": 0.0},
    ]
