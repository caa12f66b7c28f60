"""``DetectorTask``: what the trainer needs to train a face detector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from mien.datasets.base import SceneDataset
from mien.errors import ConfigError
from mien.train.detection.batches import Batch, Scenes, batches, on_device
from mien.train.detection.config import DetectorConfig
from mien.train.detection.network import FasterRCNN, build, freeze
from mien.train.detection.validate import validate
from mien.train.detection.weights import load_weights
from mien.train.distributed import World
from mien.train.metrics_file import Row
from mien.train.task import check_same_data, steps_per_epoch

STATISTICS_BATCHES = 32
"""Batches that the batch statistics of the averaged weights are computed from."""


class DetectorTask:
    """A detector and the pictures it learns from; ``mien.train.task.Task`` explains the members."""

    rate_factor = 1.0
    notes: tuple[str, ...] = ()
    stopped = False
    rate_factors: Mapping[nn.Parameter, float] = {}
    graph_obstacle = "a detector's work depends on what it finds"
    generators = ()

    def __init__(
        self, config: DetectorConfig, dataset: SceneDataset, device: torch.device, world: World
    ) -> None:
        self.config, self.device, self.world = config, device, world
        self.scenes = Scenes(dataset, config.train_split, config.limit, config.seed)
        self.valid: Scenes | None = None
        if config.valid_split is not None:
            self.valid = Scenes(dataset, config.valid_split, config.limit, config.seed)
        self.pictures = len(self.scenes)
        self.unreadable = (*self.scenes.unreadable, *(self.valid.unreadable if self.valid else ()))
        self.steps = steps_per_epoch(len(self.scenes), config)
        self.epochs = config.epochs
        if config.norm == "batch" and config.view == 32 and config.batch_size == world.size:
            raise ConfigError(
                "batch normalisation of one view of 32 pixels has a single value to average: raise "
                "view or batch_size"
            )
        torch.manual_seed(config.seed)
        self.net = build(config).to(device).to(memory_format=torch.channels_last)
        freeze(self.net, config)
        self.weights_facts: dict[str, Any] = {"weights_from": "scratch"}

    def start(self) -> None:
        """Load the recipe's initial weights."""
        if self.config.weights is not None:
            self.weights_facts = load_weights(self.net, self.config)

    def begin_epoch(self, epoch: int) -> None:
        """Set training mode; the frozen stages stay frozen."""
        self.net.train()

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Views with their faces."""
        for pixels, targets in batches(
            self.scenes, self.config, epoch, self.world.rank, self.world.size
        ):
            yield (
                pixels.to(self.device),
                [on_device(target, self.device) for target in targets],
            )

    def prepare(self, batch: Batch) -> Batch:
        """The batch itself."""
        return batch

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of the losses of both stages, and its four parts."""
        parts: dict[str, Tensor] = self.net(*batch)
        loss = torch.stack(list(parts.values())).sum()
        return loss, {name: value.detach() for name, value in parts.items()}

    def metrics(self, epoch: int, sums: Mapping[str, float]) -> Row:
        """The mean of each part of the loss."""
        return {name: round(value / self.steps, 5) for name, value in sums.items()}

    def update_statistics(self, averaged: FasterRCNN, epoch: int) -> None:
        """Recompute the batch statistics with the averaged weights (Izmailov et al. 2018, 3.2).

        The average of the statistics belongs to weights that no longer exist: while the weights
        change fast, a network with averages of both finds nothing.
        """
        if self.config.norm == "frozen":
            return
        some = islice(batches(self.scenes, self.config, epoch), STATISTICS_BATCHES)
        update_bn(
            (averaged.normalised(pixels.to(self.device)) for pixels, _ in some), averaged.backbone
        )

    def validate(self, averaged: FasterRCNN, epoch: int) -> Row:
        """AP50 and recall, every ``validate_every`` epochs and after the last one."""
        due = (epoch + 1) % self.config.validate_every == 0 or epoch + 1 == self.epochs
        if self.valid is None or not due:
            return {}
        return validate(averaged, self.valid.readable, self.config)

    def is_best(self, epoch: int, metrics: Row) -> bool:
        """Never: the last epoch's weights are kept."""
        return False

    def facts(self) -> dict[str, Any]:
        """Pictures, faces, fingerprint of the data and initial weights."""
        return {
            "pictures": len(self.scenes),
            "faces": self.scenes.faces,
            "fingerprint": self.scenes.fingerprint,
            **({"valid_fingerprint": self.valid.fingerprint} if self.valid else {}),
            **self.weights_facts,
        }

    def state(self) -> dict[str, Any]:
        """The one label."""
        return {"labels": ["face"]}

    def restore(self, state: Mapping[str, Any], folder: Path) -> None:
        """Take over the facts about initial weights; other data is a ``ConfigError``."""
        facts = state.get("facts", {})
        pictures = facts.get("pictures", len(self.scenes))
        faces = facts.get("faces", self.scenes.faces)
        if (pictures, faces) != (len(self.scenes), self.scenes.faces):
            raise ConfigError(
                f"{folder} was trained on {pictures} pictures with {faces} faces, not on these "
                f"{len(self.scenes)} with {self.scenes.faces}: resume with the same data"
            )
        check_same_data(facts, self.facts(), folder)
        self.weights_facts = {k: v for k, v in facts.items() if k.startswith("weights")}
