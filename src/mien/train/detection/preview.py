"""Samples of the views that a detector's recipe draws, to look at."""

from __future__ import annotations

import numpy as np

from mien.datasets.base import SceneDataset
from mien.datasets.scenes.survey import Shown
from mien.errors import DatasetError
from mien.train.detection.augment import random_view
from mien.train.detection.config import DetectorConfig


def sample_views(
    dataset: SceneDataset, split: str, config: DetectorConfig, *, most: int = 24, seed: int = 0
) -> list[Shown]:
    """One view each of up to ``most`` pictures of ``split``, drawn at random.

    Unreadable pictures are skipped. Raises ``DatasetError``.
    """
    scenes = list(dataset.scenes(split))
    shown: list[Shown] = []
    for index in np.random.default_rng(seed).permutation(len(scenes)).tolist():
        if len(shown) == most:
            break
        scene = scenes[index]
        try:
            image = scene.image
        except DatasetError:
            continue
        drawn = random_view(
            image, scene.boxes, scene.ignored, config, np.random.default_rng((seed, index))
        )
        boxes = np.concatenate([drawn.boxes, drawn.ignored])
        ignored = np.arange(len(boxes)) >= len(drawn.boxes)
        shown.append(Shown(scene.key, drawn.image, boxes, ignored))
    return shown
