"""Pictures of a split for figures: whole ones scaled down, or cutouts around a face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
CUTOUT = 150  # pixels a side
CONTEXT = 1.8  # side of a cutout, in longer sides of its box

Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of a picture, or all of it, resized."""

    image: NDArray[np.uint8]
    """(h, w, 3) RGB."""
    left: float
    """Left edge in pixels of the picture."""
    top: float
    scale: float
    """Pixels of ``image`` per pixel of the picture."""

    def boxes_inside(self, boxes: Boxes) -> Boxes:
        """Those of the (N, 4) boxes of the picture that overlap it, in pixels of ``image``."""
        corner = np.array([self.left, self.top] * 2, np.float32)
        moved = np.asarray((boxes.reshape(-1, 4) - corner) * self.scale, np.float32)
        overlaps = (moved[:, 2:] > 0) & (moved[:, :2] < self.image.shape[1::-1])
        return moved[overlaps.all(axis=1)]


def read_pictures(dataset: SceneDataset, split: str, keys: Sequence[str]) -> dict[str, Region]:
    """The whole pictures of ``keys``, in this order, at most ``LONGEST`` pixels long; without
    unreadable ones.
    """
    regions = {scene.key: _whole(image) for scene, image in _read(dataset, split, set(keys))}
    return {key: regions[key] for key in keys if key in regions}


def read_cutouts(
    dataset: SceneDataset, split: str, places: Sequence[tuple[str, Boxes]]
) -> list[Region | None]:
    """A square around each (key, box (4,)) of ``places``, ``CUTOUT`` pixels a side and grey beyond
    the picture's edge; ``None`` for an unreadable picture.
    """
    regions: list[Region | None] = [None] * len(places)
    for scene, image in _read(dataset, split, {key for key, _ in places}):
        for index, (key, box) in enumerate(places):
            if key == scene.key:
                regions[index] = _cutout(image, box)
    return regions


def _read(
    dataset: SceneDataset, split: str, keys: set[str]
) -> Iterator[tuple[Scene, NDArray[np.uint8]]]:
    """The readable pictures of ``keys``, with one in memory at a time."""
    for scene in dataset.scenes(split):
        if scene.key in keys:
            with suppress(DatasetError):
                yield scene, scene.image


def _whole(image: NDArray[np.uint8]) -> Region:
    scale = min(1.0, LONGEST / max(image.shape[:2]))
    if scale < 1:
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Region(image, 0.0, 0.0, scale)


def _cutout(image: NDArray[np.uint8], box: Boxes) -> Region:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    side = max(1, round(CONTEXT * max(x2 - x1, y2 - y1)))
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    # Padded after cutting, not before: a box may reach far beyond the picture.
    inside = image[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
    canvas = np.full((side, side, 3), PADDING, np.uint8)
    if inside.size:
        y, x = max(-top, 0), max(-left, 0)
        canvas[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    interpolation = cv2.INTER_AREA if side > CUTOUT else cv2.INTER_CUBIC
    resized = cv2.resize(canvas, (CUTOUT, CUTOUT), interpolation=interpolation)
    return Region(np.asarray(resized, np.uint8), left, top, CUTOUT / side)
