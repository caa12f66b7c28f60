"""What there is to see of a data set: how its labels are spread, some pictures, the mean faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset, check_split
from mien.errors import DatasetError, MienError
from mien.preprocess.network_input import resize_crops
from mien.specs.classifier import ModelSpec

MOST_A_CLASS = 500
"""Pictures that a mean face is made of, drawn at random where a class has more."""
LARGEST = 96
"""Side of the pictures shown, pixels, where theirs are larger."""


@dataclass(frozen=True, slots=True, eq=False)
class CropSurvey:
    """A data set of K labels, one of its splits looked at more closely. S is the side shown."""

    dataset: str
    labels: tuple[str, ...]
    counts: dict[str, NDArray[np.int64]]
    """(K,) pictures a label, of every split."""
    split: str
    """The one that the pictures below are from."""
    pictures: tuple[tuple[NDArray[np.uint8], ...], ...]
    """For each label up to so many as were asked for, (S, S, 3) RGB, drawn at random."""
    examples: tuple[NDArray[np.uint8] | None, ...]
    """For each label the first of those as it is: (H, W) or (H, W, 3), of any size."""
    means: NDArray[np.float64]
    """(K, S, S, 3) mean picture a label, 0 to 255; NaN where there is none."""
    averaged: NDArray[np.int64]
    """(K,) pictures in each mean."""
    unreadable: int
    """Of the pictures drawn, those that could not be read."""


def survey_crops(
    dataset: Dataset,
    split: str,
    *,
    pictures: int = 10,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> CropSurvey:
    """Count the labels of every split and draw pictures of one; the same ``seed`` draws the same.

    Only the drawn pictures are decoded, where the reader leaves that open. Pictures of any size are
    stretched to one square, as for a network. Raises ``DatasetError`` for a split that is not there
    and where no picture can be read.
    """
    check_split(dataset, split)
    k = len(dataset.facts.labels)
    labels = {name: [sample.label for sample in dataset.samples(name)] for name in dataset.splits()}
    rng = np.random.default_rng(seed)
    drawn: dict[int, int] = {}  # place in the split → rank within its class
    for label in range(k):
        places = np.flatnonzero(np.array(labels[split]) == label)
        for rank, place in enumerate(rng.permutation(places)[:MOST_A_CLASS].tolist()):
            drawn[place] = rank
    spec: ModelSpec | None = None
    shown: list[list[tuple[int, NDArray[np.uint8]]]] = [[] for _ in range(k)]
    examples: list[NDArray[np.uint8] | None] = [None] * k
    sums: Any = None
    averaged = np.zeros(k, np.int64)
    unreadable = done = 0
    for place, sample in enumerate(dataset.samples(split)):
        if place not in drawn:
            continue
        done += 1
        if on_progress:
            on_progress(done, len(drawn))
        first = drawn[place] == 0
        try:
            image = sample.image if first else sample.reduced(LARGEST)
        except MienError:
            unreadable += 1
            continue
        if spec is None:
            side = min(LARGEST, *image.shape[:2])
            spec = ModelSpec("shown", ("any",), side, 3, mean=(0.0,) * 3, std=(1.0,) * 3)
            sums = np.zeros((k, side, side, 3))
        if first:
            examples[sample.label] = image
        picture = resize_crops([image], spec)[0]  # (S, S, 3)
        sums[sample.label] += picture
        averaged[sample.label] += 1
        # The lowest ranks are shown: which they are does not hang on the order of reading.
        best = shown[sample.label]
        best.append((drawn[place], picture))
        best.sort(key=lambda ranked: ranked[0])
        del best[pictures:]
    if sums is None:
        raise DatasetError(f"no picture of split {split!r} can be read")
    with np.errstate(invalid="ignore"):  # 0 / 0: no picture, no mean
        means = sums / averaged[:, None, None, None]
    return CropSurvey(
        dataset=dataset.facts.name,
        labels=dataset.facts.labels,
        counts={name: np.bincount(found, minlength=k) for name, found in labels.items()},
        split=split,
        pictures=tuple(tuple(picture for _, picture in best) for best in shown),
        examples=tuple(examples),
        means=means,
        averaged=averaged,
        unreadable=unreadable,
    )
