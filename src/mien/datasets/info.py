"""What a copy of a data set really holds: counts, repeats, and whether someone altered it.

FER2013 repeats itself, and copies in circulation are histogram-equalised or carry augmented
pictures. Accuracies measured on such copies cannot be compared, so look before you measure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset, Official, Split, pixel_keys, stack
from mien.errors import DatasetError
from mien.labels import FERPLUS

EQUALISED_STD = 68.0
"""Mean standard deviation within a picture, grey levels, beyond which a copy is taken for
histogram-equalised: equal shares of 0 to 255 have 74, photos of faces 50 to 60."""
_ODD_STD = 3.0  # grey levels away from the official one
_POOR_AGREEMENT = 0.4  # FER+ as published has 0.62, votes of other pictures about 0.2
_MANY_MIRRORED = 0.001  # share of a split; FER2013's own training and public splits have none


@dataclass(frozen=True, slots=True)
class SplitInfo:
    """One split."""

    n: int
    classes: dict[str, int]
    """Pictures a label, in the data set's order."""
    distinct: int
    """Pictures left when of every group with equal pixels one is kept."""
    label_conflicts: int
    """Such groups in which the labels differ."""
    blank: int
    """Pictures of one single grey level."""
    mean: float
    """Mean of all pixels, 0 to 255."""
    std: float
    """Mean over the pictures of the standard deviation within one, 0 to 127.5."""
    mirrored: int
    """Pictures whose exact mirror image is another picture of the same split."""
    ferplus_agreement: float | None
    """Share of the labels that are FER+'s most frequent vote too; ``None`` without votes."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pictures of ``split`` that are also in ``other``, an earlier split."""

    split: str
    other: str
    identical: int
    """With equal pixels."""
    label_conflicts: int
    """Of those, the ones whose label none of their copies in ``other`` has."""
    mirrored: int
    """Whose exact mirror image is in ``other`` while they are not."""


@dataclass(frozen=True, slots=True)
class DataInfo:
    """What ``inspect`` found; splits in the data set's order."""

    dataset: str
    splits: dict[str, SplitInfo]
    overlaps: tuple[Overlap, ...]
    warnings: tuple[str, ...]
    """One sentence each, empty for a true copy."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(slots=True)
class _Keys:
    """What is kept of a split to compare it with the others."""

    own: list[bytes]
    mirrored: list[bytes]
    labels: dict[bytes, Counter[int]]


def inspect(dataset: Dataset, on_split: Callable[[str], None] | None = None) -> DataInfo:
    """Read every picture of every split once and say what they are.

    ``on_split`` is called with each split's name before it is read. Raises ``DatasetError`` where
    a picture cannot be read or there is none.
    """
    splits: dict[str, SplitInfo] = {}
    keys: dict[str, _Keys] = {}
    for name in dataset.splits():
        if on_split:
            on_split(name)
        split = stack(dataset.samples(name), f"split {name!r}")
        keys[name] = _keys(split)
        splits[name] = _split_info(split, keys[name], dataset.labels)
    if not splits:
        raise DatasetError(f"the {dataset.name} data set holds no pictures at all")
    overlaps = tuple(
        _overlap(later, other, keys[later], keys[other]) for other, later in combinations(splits, 2)
    )
    official: Official | None = getattr(dataset, "official", None)
    warnings = _warnings(splits, overlaps, official)
    return DataInfo(dataset.name, splits, overlaps, tuple(warnings))


def _keys(split: Split) -> _Keys:
    own = pixel_keys(split.images)
    labels: dict[bytes, Counter[int]] = defaultdict(Counter)
    for key, label in zip(own, split.labels.tolist(), strict=True):
        labels[key][label] += 1
    return _Keys(own, pixel_keys(image[:, ::-1] for image in split.images), labels)


def _split_info(split: Split, keys: _Keys, labels: Sequence[str]) -> SplitInfo:
    counts = np.bincount(split.labels, minlength=len(labels)).tolist()
    means, stds = _moments(split.images)
    return SplitInfo(
        n=len(split),
        classes=dict(zip(labels, counts, strict=True)),
        distinct=len(keys.labels),
        label_conflicts=sum(len(group) > 1 for group in keys.labels.values()),
        blank=int((stds == 0).sum()),
        mean=round(float(means.mean()), 2),
        std=round(float(stds.mean()), 2),
        mirrored=sum(
            mirror != own and mirror in keys.labels  # a symmetric picture is its own mirror image
            for own, mirror in zip(keys.own, keys.mirrored, strict=True)
        ),
        ferplus_agreement=_agreement(split, labels),
    )


def _agreement(split: Split, labels: Sequence[str]) -> float | None:
    if split.votes is None:
        return None
    voted = split.votes[:, : len(FERPLUS)].argmax(axis=1)  # (N,) indices into FERPLUS
    # A label that FER+ does not know is never agreed upon.
    index = np.array([FERPLUS.index(label) if label in FERPLUS else -1 for label in labels])
    return round(float((voted == index[split.labels]).mean()), 4)


def _moments(images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) means and standard deviations within each of N pictures."""
    means, stds = np.empty(len(images)), np.empty(len(images))
    for start in range(0, len(images), 1024):  # the whole split as floats would take 8 × its memory
        part = images[start : start + 1024].reshape(len(images[start : start + 1024]), -1)
        means[start : start + 1024] = part.mean(axis=1)
        stds[start : start + 1024] = part.std(axis=1)
    return means, stds


def _overlap(split: str, other: str, keys: _Keys, others: _Keys) -> Overlap:
    identical = {key: labels for key, labels in keys.labels.items() if key in others.labels}
    return Overlap(
        split,
        other,
        identical=sum(labels.total() for labels in identical.values()),
        label_conflicts=sum(
            count
            for key, labels in identical.items()
            for label, count in labels.items()
            if label not in others.labels[key]
        ),
        mirrored=sum(
            mirror in others.labels and own not in others.labels
            for own, mirror in zip(keys.own, keys.mirrored, strict=True)
        ),
    )


def _warnings(
    splits: dict[str, SplitInfo], overlaps: Sequence[Overlap], official: Official | None
) -> list[str]:
    found = []
    for name, split in splits.items():
        contrast = f"{name}: mean standard deviation within a picture is {split.std:.0f}"
        if split.std >= EQUALISED_STD:
            usual = f", not {official.std:.0f}" if official else ""
            found.append(f"{contrast}{usual}: the pictures look histogram-equalised")
        elif official and abs(split.std - official.std) > _ODD_STD:
            found.append(f"{contrast}, not {official.std:.0f}: the pictures were altered")
        expected = official.counts.get(name) if official else None
        if expected is not None and split.n > expected:
            extra = f"{split.n - expected:,} more than the official {expected:,}"
            found.append(f"{name}: {split.n:,} pictures, {extra}: augmented or foreign ones are in")
        elif expected is not None and split.n < expected:
            found.append(f"{name}: {split.n:,} pictures of the official {expected:,}: not all")
        agreement = split.ferplus_agreement
        if agreement is not None and agreement < _POOR_AGREEMENT:
            found.append(
                f"{name}: FER+'s votes agree with {agreement:.0%} of the labels, not about 62%: "
                "they are not in the order of these pictures"
            )
        if split.mirrored > _MANY_MIRRORED * split.n:
            found.append(
                f"{name}: {split.mirrored:,} pictures are mirror images of others: augmented"
            )
    for overlap in overlaps:
        if overlap.mirrored > _MANY_MIRRORED * splits[overlap.split].n:
            found.append(
                f"{overlap.split}: {overlap.mirrored:,} pictures are mirror images of pictures in "
                f"{overlap.other}: augmented"
            )
    if official and "test" in splits and "test" not in official.counts:
        found.append("test: the official test splits are mixed, so no published figure compares")
    return found
