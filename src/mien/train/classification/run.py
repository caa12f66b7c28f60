"""The state of one training run, epoch by epoch."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mien.errors import ConfigError, ModelFileError, TrainingError
from mien.labels import FERPLUS
from mien.preprocess.network_input import normalise
from mien.registry import architectures
from mien.specs.classifier import ModelSpec
from mien.train import checkpoint
from mien.train.classification import augment
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.losses import concordance
from mien.train.classification.models.base import Network
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.objective import Objective
from mien.train.classification.sampling import epoch_length, epoch_order
from mien.train.classification.tensors import TensorSplit
from mien.train.classification.watch import Watch
from mien.train.distributed import World
from mien.train.divergence import check_losses, check_weights
from mien.train.optim import l1_norm, make_optimizer
from mien.train.schedule import input_side, learning_rate
from mien.version import __version__

OnBatch = Callable[[int, int, int, float], None]
"""Called now and then with (epoch, batches done, batches an epoch, mean loss of the epoch)."""

Row = dict[str, Any]
LOOK = 20  # batches between two looks at the loss: a GPU must be waited for
VALIDATED = 256  # pictures at a time
WHITENED = 10_000  # pictures that ZCA is fitted on


class Run:
    """One recipe on one data set: ``begin`` or ``restore`` it, then ``go``."""

    def __init__(
        self,
        config: ClassifierConfig,
        spec: ModelSpec,
        data: TensorSplit,
        valid: TensorSplit | None,
        teacher: Network | None,
        folder: Path,
        device: torch.device,
        world: World,
    ) -> None:
        self.config, self.spec, self.folder = config, spec, folder
        self.device, self.world = device, world
        self.data, self.valid = data, valid
        self.epoch_pictures = epoch_length(data.labels, config)
        self.steps = self.epoch_pictures // config.batch_size  # an epoch; the odd rest is dropped
        torch.manual_seed(config.seed)
        classes = len(spec.labels)
        if teacher is not None:
            teacher = teacher.to(device).to(memory_format=torch.channels_last)
        self.objective = Objective(config, classes, data, teacher)
        auxiliary = len(FERPLUS) if self.objective.ferplus else 0
        make = architectures.get(config.architecture)
        net: Network = make(config, classes, auxiliary, bool(config.affect_weight))
        self.net = net.to(device).to(memory_format=torch.channels_last)
        if not self.steps and not isinstance(net, Fitted):
            raise TrainingError(
                f"{self.epoch_pictures} pictures make no batch of {config.batch_size}: "
                "lower batch_size"
            )
        average = get_ema_multi_avg_fn(config.ema)  # type: ignore[no-untyped-call]
        self.ema = AveragedModel(self.net, multi_avg_fn=average, use_buffers=True)
        self.averaged: Network = self.ema.module  # type: ignore[assignment]
        self.optimizer = make_optimizer(self.net, config)
        self.scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")
        self.done = 0  # epochs
        self.watch = Watch()
        self.best: dict[str, Tensor] | None = None
        shape = (1, spec.channels, 1, 1)
        self.mean = torch.tensor(spec.mean, device=device).view(shape)
        self.std = torch.tensor(spec.std, device=device).view(shape)

    def begin(self) -> list[Row]:
        """What happens once, before the first epoch: weights from elsewhere, whitening."""
        if self.config.weights is not None:
            self.net.load_pretrained(self.config.weights)
        if self.config.whitening:
            chosen = np.random.default_rng(self.config.seed).permutation(len(self.data))[:WHITENED]
            self.net.fit_input(self._normalised(self.data, torch.from_numpy(np.sort(chosen))))
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
        fitted = isinstance(self.net, Fitted)
        for epoch in range(self.done, 1 if fitted else self.config.epochs):
            if self.watch.should_stop(self.config):
                break
            began = time.perf_counter()
            row = {"epoch": epoch, **(self._fit() if fitted else self._epoch(epoch, on_batch))}
            seconds = time.perf_counter() - began
            pictures = len(self.data) if fitted else self.steps * self.config.batch_size
            row["images_per_second"] = round(pictures / seconds, 1)
            row["seconds"] = round(seconds, 2)
            check_weights(self.net, epoch, self.config.lr, self.folder)
            if self.valid is not None:
                measured = self._validate(self.valid) if self.world.is_main else None
                row.update(self.world.agree(measured))
                if self.watch.see(epoch, row["valid_nll"], self.config) and self.config.patience:
                    self.best = {k: v.clone() for k, v in self.averaged.state_dict().items()}
            rows.append(row)
            if self.world.is_main:
                checkpoint.keep(self.folder, rows, self._state(epoch + 1))
                if on_epoch:
                    on_epoch(row)
        return rows

    def _fit(self) -> Row:
        """The one pass of a network that remembers instead of descending a gradient."""
        assert isinstance(self.net, Fitted)
        everything = torch.arange(len(self.data))
        self.net.fit(self._normalised(self.data, everything), self.data.labels)
        self.averaged.load_state_dict(self.net.state_dict())
        return {"input_size": self.config.input_size, "lr": 0.0, "train_loss": 0.0}

    def _epoch(self, epoch: int, on_batch: OnBatch | None) -> Row:
        config = self.config
        seed = config.seed * 100_003 + epoch + 1
        torch.manual_seed(seed + 7 * self.world.rank)  # dropout
        generator = torch.Generator(self.device).manual_seed(seed)
        rng = np.random.default_rng((config.seed, epoch))
        side = input_side(config, epoch)
        weak = epoch >= config.epochs - config.weak_epochs
        order = epoch_order(self.data.labels, config, generator)
        if self.world.size > 1:  # one order for all, but views of one's own
            generator.manual_seed(seed + 7 * self.world.rank)
        frozen = epoch < config.freeze_epochs
        for parameter in self.net.backbone_parameters():
            parameter.requires_grad_(not frozen)
        self.net.train(not frozen)  # frozen batch normalisation keeps what it has learned
        losses = torch.zeros(self.steps, device=self.device)
        right = torch.zeros((), device=self.device)
        for step in range(self.steps):
            rate = self.watch.rate * learning_rate(config, epoch * self.steps + step, self.steps)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            batch = self.world.share(
                order[step * config.batch_size : (step + 1) * config.batch_size]
            )
            losses[step], correct = self._step(batch, side, weak, generator, rng)
            right += correct
            if step % LOOK == LOOK - 1 or step + 1 == self.steps:
                check_losses(losses[: step + 1], epoch, config.lr, self.folder)
                if on_batch:
                    on_batch(epoch, step + 1, self.steps, float(losses[: step + 1].mean()))
        self.world.from_main(*self.net.buffers())
        seen = self.steps * (config.batch_size // self.world.size)
        return {
            "input_size": side,
            "lr": float(f"{rate:.4g}"),
            "train_loss": round(float(losses.mean()), 5),
            "train_accuracy": round(float(right) / seen, 5),
        }

    def _step(
        self,
        rows: Tensor,
        side: int,
        weak: bool,
        generator: torch.Generator,
        rng: np.random.Generator,
    ) -> tuple[Tensor, Tensor]:
        """One optimiser step; returns the detached loss and how many answers were right."""
        config = self.config
        x = augment.views(self.data.pictures(rows), side, config, generator, weak)
        targets = self.objective.targets(rows)
        if not weak:
            x, targets = augment.mix(x, targets, config, generator, rng)
        x = (x - self.mean) / self.std
        x = x.contiguous(memory_format=torch.channels_last)  # (N, C, side, side)
        kind = torch.float16 if config.precision == "fp16" else torch.bfloat16
        with torch.autocast(self.device.type, kind, enabled=config.precision != "fp32"):
            loss, logits = self.objective.loss(self.net, x, targets)
        if config.l1:
            loss = loss + config.l1 * l1_norm(self.net)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.world.average_gradients(self.net.parameters())
        if config.grad_clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.net.parameters(), config.grad_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.ema.update_parameters(self.net)
        return loss.detach(), (logits.detach().argmax(1) == targets[0].argmax(1)).sum()

    def _normalised(self, split: TensorSplit, rows: Tensor) -> Tensor:
        """(n, C, S, S) network inputs of pictures ``rows``, as inference makes them."""
        pictures = split.crops[rows.to(split.crops.device)].cpu().numpy()
        return torch.from_numpy(normalise(pictures, self.spec)).to(self.device)

    def _validate(self, split: TensorSplit) -> dict[str, float]:
        """Accuracy and negative log likelihood of the averaged weights, single view, no mirror."""
        self.averaged.eval()
        right, nll = 0.0, 0.0
        affect = []
        with torch.inference_mode():
            for start in range(0, len(split), VALIDATED):
                labels = split.labels[start : start + VALIDATED]
                rows = torch.arange(start, start + len(labels))
                x = self._normalised(split, rows).contiguous(memory_format=torch.channels_last)
                features = self.averaged.features(x)
                logits = self.averaged.head(features).float()
                right += float((logits.argmax(1) == labels).sum())
                nll += float(nn.functional.cross_entropy(logits, labels, reduction="sum"))
                if self.averaged.affect is not None:
                    affect.append(self.averaged.affect(features).float())
        measured = {
            "valid_accuracy": round(right / len(split), 5),
            "valid_nll": round(nll / len(split), 5),
        }
        if affect and split.affect is not None:
            known = split.affect.isfinite().all(1)
            for i, name in enumerate(("valence", "arousal")):
                ccc = concordance(torch.cat(affect)[known, i], split.affect[known, i])
                measured[f"valid_{name}_ccc"] = round(float(ccc), 5)
        return measured

    def _state(self, epochs_done: int) -> dict[str, Any]:
        facts = {
            "pictures": len(self.data),
            "data": self.data.origin,
            "weights_from": self.config.weights or "scratch",
        }
        if self.config.patience:
            facts["selected_on"] = str(self.config.valid_split)
        return {
            "epochs_done": epochs_done,
            "config": self.config.to_dict(),
            "labels": list(self.spec.labels),
            "ferplus": bool(self.objective.ferplus),
            "model": self.net.state_dict(),
            "ema": self.averaged.state_dict(),
            "ema_updates": int(self.ema.n_averaged),
            "best": self.best,
            "watch": self.watch.to_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "facts": {**facts, **environment(self.device, self.world)},
        }

    def restore(self) -> list[Row]:
        """Go back to the last whole epoch; returns the metrics until then."""
        path = self.folder / checkpoint.CHECKPOINT
        state = checkpoint.load(path, self.device)
        before = state.get("facts", {}).get("pictures", len(self.data))
        if before != len(self.data) or state["labels"] != list(self.spec.labels):
            raise ConfigError(
                f"{self.folder} was trained on {before} pictures of {', '.join(state['labels'])}, "
                f"not on these {len(self.data)}: resume with the same data"
            )
        ferplus = bool(self.objective.ferplus)
        if state["ferplus"] != ferplus:
            had, has = ("with", "without") if state["ferplus"] else ("without", "with")
            raise ConfigError(
                f"{self.folder} was trained {had} FER+ votes and this copy of the data comes {has} "
                "them: resume with the same data"
            )
        try:
            self.net.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["ema"])
            self.ema.n_averaged.fill_(state["ema_updates"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.scaler.load_state_dict(state.get("scaler", {}))
            self.watch = Watch(**state.get("watch", {}))
            self.best = state.get("best")
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelFileError(f"{path} does not fit its own recipe: {reason}") from None
        self.done = int(state["epochs_done"])
        return checkpoint.read_metrics(self.folder, self.done)


def environment(device: torch.device, world: World) -> dict[str, str]:
    """What a run was made with, for its model's card."""
    if device.type == "cuda":
        hardware = torch.cuda.get_device_name(device)
    else:
        threads = torch.get_num_threads()
        hardware = f"{platform.machine()} CPU, {threads} thread{'s' if threads > 1 else ''}"
    if world.size > 1:
        hardware = f"{world.size} × {hardware}"
    return {"hardware": hardware, "torch": str(torch.__version__), "mien": __version__}
