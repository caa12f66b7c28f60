"""What figures show of labelled crops: counts of labels, samples, mean faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset, check_split
from mien.datasets.samples import Pixels
from mien.errors import DatasetError, MienError, NoFaceError
from mien.preprocess.network_input import resize_crops
from mien.specs.classifier import ModelSpec

MOST_A_CLASS = 500
"""Pictures in a mean face, drawn at random where a class has more."""
LARGEST = 96
"""Side of the pictures shown, pixels, where theirs are larger."""


@dataclass(frozen=True, slots=True, eq=False)
class CropSurvey:
    """A data set of K labels, with pictures of one of its splits. S is the side shown."""

    dataset: str
    labels: tuple[str, ...]
    counts: dict[str, NDArray[np.int64]]
    """Split → (K,) pictures of each label."""
    split: str
    """The split of the pictures below."""
    pictures: tuple[tuple[NDArray[np.uint8], ...], ...]
    """For each label up to the requested number of (S, S, 3) RGB pictures, drawn at random."""
    examples: tuple[NDArray[np.uint8] | None, ...]
    """For each label the first of those in its original size: (H, W) or (H, W, 3)."""
    means: NDArray[np.float64]
    """(K, S, S, 3) mean picture of each label, 0 to 255; NaN without pictures."""
    averaged: NDArray[np.int64]
    """(K,) pictures in each mean."""
    unreadable: int
    """Drawn pictures that cannot be read."""
    no_face: int = 0
    """Drawn photos in which no face was found."""


def survey_crops(
    dataset: Dataset,
    split: str,
    *,
    pictures: int = 10,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> CropSurvey:
    """Count the labels of every split and draw pictures of one; ``seed`` decides which.

    Only drawn pictures are decoded, if the reader allows that. All become squares of one size,
    as for a network. Raises ``DatasetError`` for an unknown split and if no picture can be read.
    """
    check_split(dataset, split)
    k = len(dataset.facts.labels)
    labels = {name: [s.label for s in dataset.samples(name)] for name in dataset.splits()}
    ranks = _draw(np.array(labels[split], np.int64), k, seed)
    shown: list[list[tuple[int, Pixels]]] = [[] for _ in range(k)]  # (rank, picture)
    examples: list[Pixels | None] = [None] * k
    spec: ModelSpec | None = None
    sums: Any = None
    averaged = np.zeros(k, np.int64)
    unreadable = no_face = done = 0
    for place, sample in enumerate(dataset.samples(split)):
        if place not in ranks:
            continue
        done += 1
        if on_progress:
            on_progress(done, len(ranks))
        rank, label = ranks[place], sample.label
        try:
            image = sample.image if rank == 0 else sample.reduced(LARGEST)
        except NoFaceError:
            no_face += 1
            continue
        except MienError:
            unreadable += 1
            continue
        if spec is None:
            side = min(LARGEST, *image.shape[:2])
            spec = ModelSpec("shown", ("any",), side, 3, mean=(0.0,) * 3, std=(1.0,) * 3)
            sums = np.zeros((k, side, side, 3))
        if rank == 0:
            examples[label] = image
        picture = resize_crops([image], spec)[0]  # (S, S, 3)
        sums[label] += picture
        averaged[label] += 1
        shown[label] = _lowest([*shown[label], (rank, picture)], pictures)
    if sums is None:
        if no_face:
            raise DatasetError(f"split {split!r}: no face was found in any of {no_face} photos")
        raise DatasetError(f"no picture of split {split!r} can be read")
    with np.errstate(invalid="ignore"):  # 0 / 0 without pictures
        means = sums / averaged[:, None, None, None]
    return CropSurvey(
        dataset=dataset.facts.name,
        labels=dataset.facts.labels,
        counts={name: np.bincount(of_split, minlength=k) for name, of_split in labels.items()},
        split=split,
        pictures=tuple(tuple(picture for _, picture in ranked) for ranked in shown),
        examples=tuple(examples),
        means=means,
        averaged=averaged,
        unreadable=unreadable,
        no_face=no_face,
    )


def _draw(labels: NDArray[np.int64], classes: int, seed: int) -> dict[int, int]:
    """Place in the split → rank within its class, of at most ``MOST_A_CLASS`` of each class."""
    rng = np.random.default_rng(seed)
    ranks = {}
    for label in range(classes):
        places = rng.permutation(np.flatnonzero(labels == label))[:MOST_A_CLASS]
        ranks.update({place: rank for rank, place in enumerate(places.tolist())})
    return ranks


def _lowest(ranked: Sequence[tuple[int, Pixels]], most: int) -> list[tuple[int, Pixels]]:
    """The lowest ranks, so that the pictures shown do not depend on the order of reading."""
    return sorted(ranked, key=lambda entry: entry[0])[:most]
