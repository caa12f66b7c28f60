"""Batches of random views of pictures with marked faces, drawn anew for every epoch."""

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
from mien.train.detection.augment import TrainingView, random_view
from mien.train.detection.config import DetectorConfig
from mien.train.detection.ignored_faces import Target

Batch = tuple[Tensor, list[Target]]


class Scenes:
    """The pictures of one split: ``readable`` ones, and key and reason of ``unreadable`` ones."""

    def __init__(self, dataset: SceneDataset, split: str, limit: int | None) -> None:
        scenes = list(dataset.scenes(split))[:limit]
        self.readable: list[Scene] = []
        self.unreadable: list[tuple[str, str]] = []
        for scene, image in decoded(scenes):
            if isinstance(image, DatasetError):
                self.unreadable.append((scene.key, str(image)))
            else:
                self.readable.append(scene)
        if not self.readable:
            reason = f": {self.unreadable[0][1]}" if self.unreadable else ""
            raise DatasetError(f"no picture of split {split!r} can be read{reason}")
        self.fingerprint = box_fingerprint(scenes)
        """Identifies the data: a hash of all listed pictures, readable or not."""
        self.faces = sum(int((~scene.ignored).sum()) for scene in self.readable)

    def __len__(self) -> int:
        return len(self.readable)


def batches(
    scenes: Scenes, config: DetectorConfig, epoch: int, rank: int = 0, size: int = 1
) -> Iterator[Batch]:
    """The batches of one epoch: pixels (n, 3, S, S) uint8 and n targets.

    Every picture comes once, in random order; an incomplete last batch is dropped. Process ``rank``
    of ``size`` gets its share of every batch. A view depends only on the recipe's seed, the epoch
    and the picture. Raises ``DatasetError`` for a picture that can no longer be read, and
    ``TrainingError`` if a worker process was killed.
    """
    order = np.random.default_rng((config.seed, epoch)).permutation(len(scenes))
    steps = len(order) // config.batch_size
    rows = [
        order[step * config.batch_size : (step + 1) * config.batch_size][rank::size].tolist()
        for step in range(steps)
    ]
    loader: DataLoader[Any] = DataLoader(
        _Views(scenes.readable, config, epoch),
        batch_sampler=rows,
        num_workers=min(config.workers, usable_cores()),  # more would only compete for them
        collate_fn=_collate_or_error,
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
            "a process that decodes pictures was killed, most likely for lack of memory: "
            "add --set workers=0, or a lower number than now"
        ) from None


class _Views(Dataset[Any]):
    """Index of a picture → its view in this epoch, or the error if it can no longer be read.

    The error is returned, not raised: PyTorch would wrap it in a page of text from the worker.
    """

    def __init__(self, scenes: Sequence[Scene], config: DetectorConfig, epoch: int) -> None:
        self.scenes, self.config, self.epoch = scenes, config, epoch

    def __getitem__(self, index: int) -> TrainingView | DatasetError:
        scene = self.scenes[index]
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        try:
            image = scene.image
        except DatasetError as error:
            return error
        return random_view(image, scene.boxes, scene.ignored, self.config, rng)


def _collate_or_error(views: Sequence[TrainingView | DatasetError]) -> Batch | DatasetError:
    read = [view for view in views if not isinstance(view, DatasetError)]
    errors = [error for error in views if isinstance(error, DatasetError)]
    return errors[0] if errors else collate(read)


def collate(views: Sequence[TrainingView]) -> Batch:
    """Views as tensors: (n, 3, S, S) uint8, and n targets."""
    pixels = np.stack([view.image.transpose(2, 0, 1) for view in views])  # (n, 3, S, S)
    targets: list[Target] = [
        {
            "boxes": torch.from_numpy(view.boxes),
            "labels": torch.ones(len(view.boxes), dtype=torch.int64),
            "ignored": torch.from_numpy(view.ignored),
        }
        for view in views
    ]
    return torch.from_numpy(pixels), targets


def on_device(target: Target, device: torch.device) -> Target:
    """``target`` on ``device``."""
    return {
        "boxes": target["boxes"].to(device),
        "labels": target["labels"].to(device),
        "ignored": target["ignored"].to(device),
    }
