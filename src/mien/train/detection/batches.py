"""A split of pictures with marked faces as batches of views, drawn anew for every epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mien.datasets.base import SceneDataset
from mien.datasets.files.decoding import decoded
from mien.datasets.scene import Scene, box_fingerprint
from mien.errors import DatasetError, TrainingError
from mien.runtime import usable_cores
from mien.train.detection.augment import View, view
from mien.train.detection.config import DetectorConfig
from mien.train.detection.ignored_faces import Target

Batch = tuple[Tensor, list[Target]]


class Scenes:
    """The pictures of one split that can be read; ``unreadable`` has key and reason of the rest."""

    def __init__(self, dataset: SceneDataset, split: str, limit: int | None) -> None:
        scenes = list(dataset.scenes(split))[:limit]
        self.kept: list[Scene] = []
        self.unreadable: list[tuple[str, str]] = []
        for scene, image in decoded(scenes):
            if isinstance(image, DatasetError):
                self.unreadable.append((scene.key, str(image)))
            else:
                self.kept.append(scene)
        if not self.kept:
            reason = f": {self.unreadable[0][1]}" if self.unreadable else ""
            raise DatasetError(f"no picture of split {split!r} can be read{reason}")
        self.fingerprint = box_fingerprint(scenes)
        """Of all that are listed, readable or not: tells this data from other data."""
        self.faces = sum(int((~scene.ignored).sum()) for scene in self.kept)

    def __len__(self) -> int:
        return len(self.kept)


def batches(
    scenes: Scenes, config: DetectorConfig, epoch: int, rank: int = 0, size: int = 1
) -> Iterator[Batch]:
    """The batches of one epoch: pixels (n, 3, S, S) uint8 and n targets.

    Every picture comes once, in an order of the epoch's own; the odd rest is left out. Of several
    processes each takes its share of every batch. What a view is follows from the recipe's seed,
    the epoch and the picture alone.
    """
    order = np.random.default_rng((config.seed, epoch)).permutation(len(scenes))
    steps = len(order) // config.batch_size
    rows = [
        order[step * config.batch_size : (step + 1) * config.batch_size][rank::size].tolist()
        for step in range(steps)
    ]
    loader: DataLoader[Any] = DataLoader(
        _Views(scenes.kept, config, epoch),
        batch_sampler=rows,
        num_workers=min(config.workers, usable_cores()),  # more would wait for each other
        collate_fn=_collated,
    )
    try:
        for batch in loader:
            if isinstance(batch, DatasetError):
                raise batch
            yield batch
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise TrainingError(
            "a process that decodes pictures was ended from outside, most often for want of "
            "memory: add --set workers=0, or a lower number than now"
        ) from None


class _Views(Dataset[Any]):
    """Picture by number → its view of this epoch, or why it can be read no longer.

    PyTorch would bring an error from another process back as a page of text.
    """

    def __init__(self, scenes: Sequence[Scene], config: DetectorConfig, epoch: int) -> None:
        self.scenes, self.config, self.epoch = scenes, config, epoch

    def __getitem__(self, index: int) -> View | DatasetError:
        scene = self.scenes[index]
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        try:
            image = scene.image
        except DatasetError as error:
            return error
        return view(image, scene.boxes, scene.ignored, self.config, rng)


def _collated(views: Sequence[View | DatasetError]) -> Batch | DatasetError:
    for found in views:
        if isinstance(found, DatasetError):
            return found
    return collate([found for found in views if not isinstance(found, DatasetError)])


def collate(views: Sequence[View]) -> Batch:
    """Views as tensors."""
    pixels = np.stack([v.image.transpose(2, 0, 1) for v in views])  # (n, S, S, 3) -> (n, 3, S, S)
    targets: list[Target] = [
        {
            "boxes": torch.from_numpy(v.boxes),
            "labels": torch.ones(len(v.boxes), dtype=torch.int64),
            "ignored": torch.from_numpy(v.ignored),
        }
        for v in views
    ]
    return torch.from_numpy(pixels), targets


def on_device(target: Target, device: torch.device) -> Target:
    """The same target where the network is."""
    return {
        "boxes": target["boxes"].to(device),
        "labels": target["labels"].to(device),
        "ignored": target["ignored"].to(device),
    }
