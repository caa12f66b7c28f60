"""``ClassifierTask``: what the trainer needs to train an expression classifier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from mien.datasets.base import Dataset
from mien.errors import ConfigError
from mien.labels import FERPLUS
from mien.preprocess.network_input import normalise
from mien.registry import architectures
from mien.train.classification.augment import augment
from mien.train.classification.batches import Draw, draws
from mien.train.classification.compiled import compiled
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.from_onnx import fit_norms
from mien.train.classification.loss_history import LossHistory, watched
from mien.train.classification.losses import concordance
from mien.train.classification.mixing import mix
from mien.train.classification.models.base import Network
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.network_checks import check_network
from mien.train.classification.notes import notes_about
from mien.train.classification.objective import Objective
from mien.train.classification.sampling import epoch_length
from mien.train.classification.spec import input_side, input_spec
from mien.train.classification.start import Start, is_foreign, load_start, open_start
from mien.train.classification.teachers import Teachers, load_teachers
from mien.train.classification.tensors import TensorSplit, load_split
from mien.train.distributed import World
from mien.train.metrics_file import Row
from mien.train.model_card import START
from mien.train.optim import l1_norm
from mien.train.task import check_same_data, epoch_seed, steps_per_epoch

VALIDATION_BATCH = 256
WHITENING_PICTURES = 10_000
"""ZCA whitening is fitted on at most this many pictures."""
STATISTICS_BATCHES = 64
"""Batches that the batch statistics of the weights of ``swa`` are computed from."""
NORM_PICTURES = 2_000
"""Statistics of norms that an exported file has folded are of at most this many pictures."""


class Batch(NamedTuple):
    """What the network and its teachers see in one step, and what it learns."""

    x: Tensor
    """(N, C, S, S) network inputs."""
    targets: list[Tensor]
    """Those of ``Objective.targets``."""
    taught: Tensor
    """(N, C, S, S) inputs of the teachers: ``x``, or with ``distill_sharp`` its sharp views."""


class ClassifierTask:
    """A classifier and the crops it learns from; ``mien.train.task.Task`` explains the members."""

    def __init__(
        self, config: ClassifierConfig, dataset: Dataset, device: torch.device, world: World
    ) -> None:
        self.config, self.device, self.world = config, device, world
        self.spec = spec = input_spec(config, dataset.facts.labels)
        classes = len(spec.labels)
        nets = load_teachers(config, spec)
        check_network(config, classes, world.size)
        self.data = load_split(dataset, config.train_split, config, spec, device)
        self.valid: TensorSplit | None = None
        if config.valid_split is not None:
            self.valid = load_split(dataset, config.valid_split, config, spec, device)
        self.pictures = len(self.data)
        self.unreadable = (*self.data.unreadable, *(self.valid.unreadable if self.valid else ()))
        self.notes = notes_about(config, spec.labels, self.data, self.valid)
        bf16 = config.precision == "bf16"
        teachers = Teachers(nets, device, config.distill_flip, bf16) if nets else None
        self.objective = Objective(config, classes, self.data, teachers)
        auxiliary = len(FERPLUS) if self.objective.ferplus else 0
        torch.manual_seed(config.seed)
        make = architectures.get(config.architecture)
        net: Network = make(config, classes, auxiliary, bool(config.affect_weight))
        self.net = net.to(device).to(memory_format=torch.channels_last)
        fitted = isinstance(net, Fitted)
        self._body = compiled(net.features, device) if config.compile else net.features
        length = epoch_length(self.data.labels, config)
        self.steps = 0 if fitted else steps_per_epoch(length, config)
        self.epochs = 1 if fitted else config.epochs
        self.history = LossHistory()
        self.generator = torch.Generator(device)
        """Draws the order and the augmentation; seeded anew for every epoch."""
        self._started_from: Mapping[str, str] = {}
        """Facts of the initial weights, for the model's card."""
        self._valid_inputs: list[Tensor] | None = None
        shape = (1, spec.channels, 1, 1)
        self.mean = torch.tensor(spec.mean, device=device).view(shape)
        self.std = torch.tensor(spec.std, device=device).view(shape)

    @property
    def rate_factor(self) -> float:
        """What ``schedule = "plateau"`` has lowered the rate to."""
        return self.history.rate

    @property
    def rate_factors(self) -> dict[nn.Parameter, float]:
        """``layer_decay`` to the power of the layers from each weight to the heads."""
        layers = list(self.net.body_layers())
        decay = self.config.layer_decay
        return {
            weight: decay ** (len(layers) - depth)
            for depth, layer in enumerate(layers)
            for weight in layer
        }

    @property
    def generators(self) -> tuple[torch.Generator, ...]:
        """The one of the augmentation."""
        return (self.generator,)

    @property
    def graph_obstacle(self) -> str | None:
        """Work that waits for the host: few losses, pictures in memory, weights that thaw."""
        if self.config.affect_weight:
            return "affect_weight counts the pictures with known values"
        if self.data.crops.device != self.data.labels.device:
            return "the pictures do not fit on the GPU"
        if self.config.freeze_epochs:
            return "freeze_epochs changes which weights train"
        return None

    @property
    def stopped(self) -> bool:
        """Whether the recipe's patience is used up."""
        return self.history.out_of_patience(self.config)

    def start(self) -> None:
        """Load the initial weights, or fit the whitening on training pictures."""
        config = self.config
        if config.weights is not None and is_foreign(config):
            self.net.load_pretrained(config.weights)
        elif config.weights is not None:
            self._load_start(open_start(config.weights))
        elif config.whitening:
            self.net.fit_input(self._normalised(self.data, self._some(WHITENING_PICTURES)))

    def _load_start(self, start: Start) -> None:
        """Take over the weights of a classifier of Mien."""
        self._started_from = start.facts
        self.notes = (*self.notes, load_start(self.net, start, self.spec.labels))
        if start.folded:
            parts = torch.split(self._some(NORM_PICTURES), VALIDATION_BATCH)
            fit_norms(self.net, start.folded, (self._normalised(self.data, p) for p in parts))

    def _some(self, most: int) -> Tensor:
        """Rows of at most so many training pictures, drawn with the recipe's seed."""
        order = np.random.default_rng(self.config.seed).permutation(len(self.data))
        return torch.from_numpy(np.sort(order[:most]))

    def begin_epoch(self, epoch: int) -> None:
        """Freeze or release the backbone; fit a network that remembers its pictures."""
        if isinstance(self.net, Fitted):
            every = torch.arange(len(self.data))
            self.net.fit(self._normalised(self.data, every), self.data.labels)
            return
        frozen = epoch < self.config.freeze_epochs
        for parameter in self.net.backbone_parameters():
            parameter.requires_grad_(not frozen)
        self.net.train(not frozen)  # a frozen backbone keeps its batch statistics
        if self.config.freeze_statistics:
            for module in self.net.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def batches(self, epoch: int) -> Iterator[Draw]:
        """Which pictures come in each step, and how they are mixed."""
        seed = epoch_seed(self.config, epoch)
        self.generator.manual_seed(seed)
        drawn = draws(self.data.labels, self.config, epoch, self.steps, self.generator)
        if self.world.size > 1:  # the same order in all processes, other augmentation in each
            self.generator.manual_seed(seed + 7 * self.world.rank)
        for draw in drawn:
            yield replace(draw, rows=self.world.share(draw.rows))

    def prepare(self, draw: Draw) -> Batch:
        """Augmented, mixed and normalised pictures with their targets."""
        pictures = self.data.pictures(draw.rows)
        sharp = self.config.distill_sharp and self.objective.teachers is not None
        x = augment(pictures, draw.side, self.config, self.generator, draw.weak, sharp)
        targets = self.objective.targets(draw.rows)
        x, targets = mix(x, targets, draw.mixing, draw.numbers, self.generator)
        views = [
            ((view - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
            for view in torch.split(x, self.spec.channels, 1)  # one, or with ``sharp`` two
        ]
        return Batch(views[0], targets, taught=views[-1])

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The objective and the L1 penalty; ``correct`` counts the right answers."""
        loss, logits = self.objective.loss(
            self.net, batch.x, batch.targets, batch.taught, self._body
        )
        if self.config.l1:
            loss = loss + self.config.l1 * l1_norm(self.net)
        correct = (logits.detach().argmax(1) == batch.targets[0].argmax(1)).sum()
        return loss, {"correct": correct}

    def metrics(self, epoch: int, sums: Mapping[str, float]) -> Row:
        """``input_size``, and ``train_accuracy`` of networks that are trained by batches."""
        row: Row = {"input_size": input_side(self.config, epoch)}
        if self.steps:
            seen = self.steps * (self.config.batch_size // self.world.size)
            row["train_accuracy"] = round(sums["correct"] / seen, 5)
        return row

    def update_statistics(self, averaged: Network, epoch: int) -> None:
        """With ``swa``, from some training pictures; ``ema`` averages the statistics, too."""
        frozen = self.config.freeze_statistics or epoch < self.config.freeze_epochs
        if self.config.swa and not frozen:
            some = islice(self.batches(epoch), STATISTICS_BATCHES)
            update_bn((self.prepare(draw).x for draw in some), averaged)

    def validate(self, averaged: Network, epoch: int) -> Row:
        """Accuracy and negative log likelihood, without mirroring; CCC of valence and arousal."""
        split = self.valid
        if split is None:
            return {}
        averaged.eval()
        right, nll, affect = [], [], []
        with torch.inference_mode():
            parts = torch.split(split.labels, VALIDATION_BATCH)
            for x, labels in zip(self._validation_inputs(split), parts, strict=True):
                features = averaged.features(x)
                logits = averaged.head(features).float()
                right.append((logits.argmax(1) == labels).sum())
                nll.append(nn.functional.cross_entropy(logits, labels, reduction="sum"))
                if averaged.affect is not None:
                    affect.append(averaged.affect(features).float())
        # One wait for the GPU for each of the two, not one for each batch.
        measured = {
            "valid_accuracy": round(sum(torch.stack(right).tolist()) / len(split), 5),
            "valid_nll": round(sum(torch.stack(nll).tolist()) / len(split), 5),
        }
        if affect and split.affect is not None:
            known = split.affect.isfinite().all(1)
            for i, name in enumerate(("valence", "arousal")):
                ccc = concordance(torch.cat(affect)[known, i], split.affect[known, i])
                measured[f"valid_{name}_ccc"] = round(float(ccc), 5)
        return measured

    def is_best(self, epoch: int, metrics: Row) -> bool:
        """Whether ``patience`` keeps these weights: the validation loss is the lowest so far."""
        lowest = self.history.add(epoch, watched(metrics, self.config), self.config)
        return lowest and self.config.patience > 0

    def facts(self) -> dict[str, Any]:
        """Pictures, data and initial weights; the split that chose the epoch, if one did."""
        facts = {
            "pictures": len(self.data),
            "data": self.data.origin,
            **({"framing": dict(self.data.framing)} if self.data.framing else {}),
            "fingerprint": self.data.fingerprint,
            **({"valid_fingerprint": self.valid.fingerprint} if self.valid else {}),
            "weights_from": self.config.weights or "scratch",
            **({START: dict(self._started_from)} if self._started_from else {}),
        }
        if self.config.patience:
            facts["selected_on"] = str(self.config.valid_split)
        return facts

    @property
    def _uses_votes(self) -> bool:
        return self.config.uses_votes and self.data.votes is not None

    def state(self) -> dict[str, Any]:
        """Labels, use of FER+ votes, and the history of the validation loss."""
        return {
            "labels": list(self.spec.labels),
            "ferplus": self._uses_votes,
            "watch": self.history.to_dict(),
        }

    def restore(self, state: Mapping[str, Any], folder: Path) -> None:
        """Take over the validation losses; other labels, data or votes are a ``ConfigError``."""
        facts = state.get("facts", {})
        before = facts.get("pictures", len(self.data))
        if before != len(self.data) or state["labels"] != list(self.spec.labels):
            raise ConfigError(
                f"{folder} was trained on {before} pictures of {', '.join(state['labels'])}, "
                f"not on these {len(self.data)}: resume with the same data"
            )
        check_same_data(facts, self.facts(), folder)
        if self.config.limit is not None and "fingerprint" not in facts:
            raise ConfigError(
                f"{folder} was trained by an earlier version, whose limit took the first pictures "
                "instead of random ones: start again in another folder"
            )
        if state["ferplus"] != self._uses_votes:
            had, has = ("with", "without") if state["ferplus"] else ("without", "with")
            raise ConfigError(
                f"{folder} was trained {had} FER+ votes, and this copy of the data comes {has} "
                "them: resume with the same data"
            )
        self._started_from = facts.get(START, {})
        self.history = LossHistory(**state.get("watch", {}))

    def _validation_inputs(self, split: TensorSplit) -> Iterable[Tensor]:
        """The batches of the validation split; on a GPU they are made once and stay there."""
        rows = torch.split(torch.arange(len(split)), VALIDATION_BATCH)
        made = (
            self._normalised(split, part).contiguous(memory_format=torch.channels_last)
            for part in rows
        )
        if self.device.type == "cpu":
            return made
        if self._valid_inputs is None:
            self._valid_inputs = list(made)
        return self._valid_inputs

    def _normalised(self, split: TensorSplit, rows: Tensor) -> Tensor:
        """(n, C, S, S) inputs of the pictures ``rows``, made as in inference."""
        pictures = split.crops[rows.to(split.crops.device)].cpu().numpy()
        return torch.from_numpy(normalise(pictures, self.spec)).to(self.device)
