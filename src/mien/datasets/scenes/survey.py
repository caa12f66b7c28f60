"""What figures show of whole pictures: some with their boxes, sizes of faces, faces per picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import SceneDataset, check_split
from mien.datasets.scene import Scene
from mien.datasets.scenes.info import face_sizes
from mien.errors import DatasetError

LONGEST = 900
"""Longer side of the pictures shown, pixels, where theirs is longer."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One picture and its N faces."""

    key: str
    image: NDArray[np.uint8]
    """(h, w, 3) RGB, may be shrunk."""
    boxes: NDArray[np.float32]
    """(N, 4) x1, y1, x2, y2 in pixels of ``image``."""
    ignored: NDArray[np.bool_]
    """(N,)"""


@dataclass(frozen=True, slots=True, eq=False)
class SceneSurvey:
    """A data set of whole pictures, with pictures of one of its splits."""

    dataset: str
    sizes: dict[str, NDArray[np.float64]]
    """Split → (N,) size of each counted face: square root of its box's area, pixels."""
    faces: dict[str, NDArray[np.int64]]
    """Split → (P,) counted faces in each picture."""
    split: str
    """The split of the pictures below."""
    pictures: tuple[Shown, ...]
    """The picture with the most faces, then others drawn at random."""
    unreadable: int
    """Drawn pictures that cannot be read."""


def survey_scenes(
    dataset: SceneDataset, split: str, *, pictures: int = 9, seed: int = 0
) -> SceneSurvey:
    """Measure the boxes of every split and draw pictures of one; ``seed`` decides which.

    Only drawn pictures are decoded; unreadable ones are replaced by the next. Raises
    ``DatasetError`` for an unknown split and if no picture can be read.
    """
    check_split(dataset, split)
    sizes: dict[str, NDArray[np.float64]] = {}
    faces: dict[str, NDArray[np.int64]] = {}
    chosen: list[Scene] = []
    for name in dataset.splits():
        scenes = list(dataset.scenes(name))
        counted = [scene.boxes[~scene.ignored] for scene in scenes]
        sizes[name] = face_sizes(np.concatenate([np.zeros((0, 4), np.float32), *counted]))
        faces[name] = np.array([len(boxes) for boxes in counted], np.int64)
        if name == split:
            chosen = scenes
    shown: list[Shown] = []
    unreadable = 0
    for index in _order(faces[split], seed):
        if len(shown) == pictures:
            break
        try:
            shown.append(_shown(chosen[index]))
        except DatasetError:
            unreadable += 1
    if not shown:
        raise DatasetError(f"no picture of split {split!r} can be read")
    return SceneSurvey(dataset.facts.name, sizes, faces, split, tuple(shown), unreadable)


def _order(faces: NDArray[np.int64], seed: int) -> Sequence[int]:
    """Indices of all pictures: the one with the most faces, then at random."""
    if not len(faces):
        return []
    first = int(faces.argmax())
    others = np.random.default_rng(seed).permutation(len(faces)).tolist()
    return [first, *(index for index in others if index != first)]


def _shown(scene: Scene) -> Shown:
    image = scene.image
    height, width = image.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    factors = np.array([image.shape[1] / width, image.shape[0] / height] * 2, np.float32)
    return Shown(scene.key, image, scene.boxes * factors, scene.ignored)
