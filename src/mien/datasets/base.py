"""What every data set gives: labelled face crops, one at a time, split by split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.errors import DatasetError
from mien.registry import datasets


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled face crop."""

    image: NDArray[np.uint8]
    """(H, W) grey or (H, W, 3) RGB."""
    label: int
    """Index into the data set's ``labels``."""
    key: str
    """Names the picture within its data set: a path or a row."""
    votes: tuple[int, ...] | None = None
    """FER+ votes in the order of ``mien.labels.FERPLUS``, then unknown and not-a-face."""


@dataclass(frozen=True, slots=True)
class Official:
    """What is known of the published data set, for telling an altered copy from a true one."""

    counts: Mapping[str, int]
    """Pictures in each split."""
    std: float
    """Mean over the pictures of the standard deviation within one, grey levels of 0 to 255."""


class Dataset(Protocol):
    """Labelled face crops under one door. ``labels`` is the order that ``Sample.label`` indexes.

    A reader may also have ``official``, an ``Official``; ``mien data info`` compares with it.
    """

    name: str
    labels: tuple[str, ...]

    def splits(self) -> tuple[str, ...]:
        """Names of the splits that hold pictures, in the data set's own order."""
        ...

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of one split, in a fixed order. Raises ``DatasetError``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split in memory: N pictures of one size."""

    images: NDArray[np.uint8]
    """(N, H, W) grey or (N, H, W, 3) RGB."""
    labels: NDArray[np.int64]
    """(N,)"""
    keys: tuple[str, ...]
    votes: NDArray[np.float32] | None
    """(N, 10) FER+ votes, or ``None`` where the data set has none."""

    def __len__(self) -> int:
        return len(self.labels)


def stack(samples: Iterable[Sample], what: str = "split") -> Split:
    """Collect samples of one picture size into arrays; an empty split is a ``DatasetError``."""
    rows = list(samples)
    if not rows:
        raise DatasetError(f"{what} holds no pictures")
    sizes = {row.image.shape for row in rows}
    if len(sizes) > 1:
        raise DatasetError(f"{what} mixes picture sizes: {sorted(sizes)[:4]}")
    voted = all(row.votes is not None for row in rows)
    return Split(
        images=np.stack([row.image for row in rows]),
        labels=np.array([row.label for row in rows], np.int64),
        keys=tuple(row.key for row in rows),
        votes=np.array([row.votes for row in rows], np.float32) if voted else None,
    )


def pixel_keys(images: Iterable[NDArray[np.uint8]]) -> list[bytes]:
    """16 bytes a picture, equal where shape and every pixel are."""
    return [
        hashlib.blake2b(str(image.shape).encode() + image.tobytes(), digest_size=16).digest()
        for image in images
    ]


def open_dataset(path: str | Path, name: str = "fer2013") -> Dataset:
    """Open the data set at ``path`` with the reader called ``name``.

    Raises ``UnknownNameError`` for an unknown reader and ``DatasetError`` where the reader cannot
    make sense of what lies there.
    """
    dataset: Dataset = datasets.get(name)(path)
    return dataset
