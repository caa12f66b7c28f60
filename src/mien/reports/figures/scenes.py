"""Pictures of a split as figures need them: scaled down whole, or cut out around a face."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import SceneDataset
from mien.datasets.scene import Scene
from mien.errors import DatasetError
from mien.preprocess.letterbox import PADDING

LONGEST = 1100  # pixels: more than a figure's grid can show
CROP = 150  # pixels a side
CONTEXT = 1.8  # a crop is so many times as wide as its box

Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A part of a picture, resized."""

    image: NDArray[np.uint8]
    """(h, w, 3) RGB."""
    left: float
    """In pixels of the picture, where the part begins …"""
    top: float
    scale: float
    """… and how many pixels of ``image`` one of them became."""

    def place(self, boxes: Boxes) -> Boxes:
        """Those of (N, 4) boxes of the picture that reach into it, in pixels of ``image``."""
        corner = np.array([self.left, self.top] * 2, np.float32)
        placed = np.asarray((boxes.reshape(-1, 4) - corner) * self.scale, np.float32)
        seen = (placed[:, 2:] > 0) & (placed[:, :2] < self.image.shape[1::-1])
        return placed[seen.all(axis=1)]


def read_views(dataset: SceneDataset, split: str, keys: Collection[str]) -> dict[str, View]:
    """The whole pictures called ``keys``, none longer than ``LONGEST``; without those that cannot
    be read.
    """
    return {scene.key: _whole(image) for scene, image in _read(dataset, split, set(keys))}


def read_crops(
    dataset: SceneDataset, split: str, places: Sequence[tuple[str, Boxes]]
) -> list[View | None]:
    """A square cut out around each (key, box (4,)) of ``places``, ``CROP`` pixels a side and grey
    beyond the picture's edge; ``None`` where the picture cannot be read.
    """
    found: list[View | None] = [None] * len(places)
    for scene, image in _read(dataset, split, {key for key, _ in places}):
        for index, (key, box) in enumerate(places):
            if key == scene.key:
                found[index] = _crop(image, box)
    return found


def _read(
    dataset: SceneDataset, split: str, wanted: set[str]
) -> Iterator[tuple[Scene, NDArray[np.uint8]]]:
    """One picture in memory at a time."""
    for scene in dataset.scenes(split):
        if scene.key in wanted:
            with suppress(DatasetError):
                yield scene, scene.image


def _whole(image: NDArray[np.uint8]) -> View:
    scale = min(1.0, LONGEST / max(image.shape[:2]))
    if scale < 1:
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return View(image, 0.0, 0.0, scale)


def _crop(image: NDArray[np.uint8], box: Boxes) -> View:
    x1, y1, x2, y2 = (float(side) for side in box)
    side = max(1, round(CONTEXT * max(x2 - x1, y2 - y1)))
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    # What lies beyond the picture is filled in after the cut: a box may reach far out.
    inside = image[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
    canvas = np.full((side, side, 3), PADDING, np.uint8)
    if inside.size:
        y, x = max(-top, 0), max(-left, 0)
        canvas[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    how = cv2.INTER_AREA if side > CROP else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(canvas, (CROP, CROP), interpolation=how), np.uint8)
    return View(resized, left, top, CROP / side)
