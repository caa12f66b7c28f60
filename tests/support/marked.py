"""A small data set of whole pictures: pieces of the astronaut with boxes, some of them damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from mien.datasets.base import DatasetFacts
from mien.datasets.scene import Scene
from mien.errors import DatasetError
from mien.samples import ASTRONAUT


@lru_cache
def photo() -> Any:
    return np.array(Image.open(ASTRONAUT))


def piece(width: int, height: int, left: int = 0) -> Callable[[], Any]:
    return lambda: photo()[:height, left : left + width]


def damaged() -> Any:
    raise DatasetError("bad.jpg cannot be decoded")


def scene(
    key: str, pixels: Any, *boxes: tuple[float, ...], ignored: tuple[int, ...] = (), **facts: Any
) -> Scene:
    flags = np.array([i in ignored for i in range(len(boxes))], np.bool_)
    return Scene(pixels, key, np.array(boxes, np.float32).reshape(-1, 4), flags, **facts)


def square(side: float, at: float = 0) -> tuple[float, ...]:
    return at, at, at + side, at + side


class Marked:
    """``scenes``: split → pictures."""

    facts = DatasetFacts(name="marked")

    def __init__(self, **scenes: list[Scene]) -> None:
        self._scenes = scenes

    def splits(self) -> tuple[str, ...]:
        return tuple(self._scenes)

    def scenes(self, split: str) -> Iterator[Scene]:
        return iter(self._scenes[split])

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {"box has no area": ["a#1", "b#2"]} if split == "train" else {}
