"""Batches of random views of pictures with marked faces, drawn anew for every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from mien.datasets.base import SceneDataset
from mien.datasets.files.decoding import decoded, in_threads
from mien.datasets.scene import Scene, box_fingerprint
from mien.datasets.splits import at_random
from mien.errors import DatasetError
from mien.runtime import usable_cores
from mien.train.detection.augment import TrainingView, random_view
from mien.train.detection.config import DetectorConfig
from mien.train.detection.ignored_faces import Target

Batch = tuple[Tensor, list[Target]]


class Scenes:
    """The pictures of one split: ``readable`` ones, and key and reason of ``unreadable`` ones.

    ``limit``: only so many, drawn at random with ``seed``.
    """

    def __init__(
        self, dataset: SceneDataset, split: str, limit: int | None = None, seed: int = 0
    ) -> None:
        scenes = list(dataset.scenes(split))
        scenes = [scenes[index] for index in at_random([0] * len(scenes), limit, seed)]
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
    and the picture. Raises ``DatasetError`` for a picture that can no longer be read.

    Views are made in threads, not in processes: these would need shared memory, of which a
    container has little, and would not survive the memory running out.
    """
    order = np.random.default_rng((config.seed, epoch)).permutation(len(scenes))
    rows = [
        index
        for step in range(len(order) // config.batch_size)
        for index in order[step * config.batch_size : (step + 1) * config.batch_size][rank::size]
    ]
    view = partial(_view, scenes.readable, config, epoch)
    share = config.batch_size // size
    workers = min(config.workers, usable_cores())  # more would only compete for them
    views: list[TrainingView] = []
    for made in _in_order(view, rows, workers, ahead=share + workers):
        views.append(made)
        if len(views) == share:
            yield collate(views)
            views = []


def _in_order(
    view: Callable[[int], TrainingView], rows: Sequence[int], workers: int, ahead: int
) -> Iterator[TrainingView]:
    if not workers:
        yield from map(view, rows)
        return
    for _, made in in_threads(view, rows, ahead=ahead, workers=workers):
        yield made


def _view(scenes: Sequence[Scene], config: DetectorConfig, epoch: int, index: int) -> TrainingView:
    """The view of one picture in this epoch."""
    scene = scenes[index]
    rng = np.random.default_rng((config.seed, epoch, index))
    return random_view(scene.image, scene.boxes, scene.ignored, config, rng)


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
