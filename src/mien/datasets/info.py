"""What a copy of a data set really holds: counts, repeats, and whether someone altered it.

FER2013 repeats itself, and copies in circulation are histogram-equalised or carry augmented
pictures. Accuracies measured on such copies cannot be compared, so look before you measure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from mien.datasets.base import Dataset, Official
from mien.datasets.files.decoding import decoded
from mien.datasets.samples import Pixels, Sample, pixel_keys
from mien.errors import DatasetError
from mien.labels import FERPLUS

EQUALISED_STD = 68.0
"""Mean standard deviation within a picture, grey levels, beyond which a copy is taken for
histogram-equalised: equal shares of 0 to 255 have 74, photos of faces 50 to 60."""
_ODD_STD = 3.0  # grey levels away from the official one
_POOR_AGREEMENT = 0.4  # FER+ as published has 0.62, votes of other pictures about 0.2
_LISTED = 5  # pictures that cannot be read, told by name
_MANY_MIRRORED = 0.001  # share of a split; FER2013's own training and public splits have none


@dataclass(frozen=True, slots=True)
class SplitInfo:
    """One split."""

    n: int
    """Pictures that can be read; all else here is about them."""
    classes: dict[str, int]
    """Pictures a label, in the data set's order."""
    distinct: int
    """Pictures left when of every group with equal pixels one is kept."""
    label_conflicts: int
    """Such groups in which the labels differ."""
    blank: int
    """Pictures of one single grey level."""
    mean: float
    """Mean over the pictures of the mean within one, 0 to 255."""
    std: float
    """Mean over the pictures of the standard deviation within one, 0 to 127.5."""
    mirrored: int
    """Pictures whose exact mirror image is another picture of the same split."""
    ferplus_agreement: float | None
    """Share of the labels that are FER+'s most frequent vote too; ``None`` without votes."""
    smallest: tuple[int, int] = (0, 0)
    """(width, height) of the picture with the fewest pixels."""
    largest: tuple[int, int] = (0, 0)
    """(width, height) of the picture with the most pixels."""
    unreadable: int = 0
    """Pictures that cannot be read."""
    first_unreadable: tuple[str, ...] = ()
    """Why, for the first few of them."""
    skipped: dict[str, int] = field(default_factory=dict)
    """What the reader left out: reason → how many."""


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
class _Seen:
    """What is kept of each picture of a split; the pictures themselves go by."""

    own: list[bytes] = field(default_factory=list)
    mirrored: list[bytes] = field(default_factory=list)
    labels: dict[bytes, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    means: list[float] = field(default_factory=list)
    stds: list[float] = field(default_factory=list)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    agreed: list[bool] = field(default_factory=list)
    """Whether FER+'s votes and the label agree, of pictures with votes."""
    unreadable: list[str] = field(default_factory=list)

    def add(self, sample: Sample, image: Pixels, labels: Sequence[str]) -> None:
        own, mirrored = pixel_keys([image, image[:, ::-1]])
        self.own.append(own)
        self.mirrored.append(mirrored)
        self.labels[own][sample.label] += 1
        self.means.append(float(image.mean()))
        self.stds.append(float(image.std()))
        self.sizes.add((image.shape[1], image.shape[0]))
        if sample.votes is not None:
            votes = sample.votes[: len(FERPLUS)]
            self.agreed.append(FERPLUS[votes.index(max(votes))] == labels[sample.label])


def inspect(dataset: Dataset, on_split: Callable[[str], None] | None = None) -> DataInfo:
    """Read every picture of every split once, in threads, and say what they are.

    ``on_split`` is called with each split's name before it is read. A picture that cannot be read
    is counted, and the first few are listed. Raises ``DatasetError`` where a split has no picture
    that can be read, or the reader itself cannot go on.
    """
    splits: dict[str, SplitInfo] = {}
    seen: dict[str, _Seen] = {}
    for name in dataset.splits():
        if on_split:
            on_split(name)
        seen[name] = _look(dataset, name)
        splits[name] = _split_info(seen[name], dataset.facts.labels, _skipped(dataset, name))
    if not splits:
        raise DatasetError(f"the {dataset.facts.name} data set holds no pictures at all")
    overlaps = tuple(
        _overlap(later, other, seen[later], seen[other]) for other, later in combinations(splits, 2)
    )
    warnings = _warnings(splits, overlaps, dataset.facts.official)
    return DataInfo(dataset.facts.name, splits, overlaps, tuple(warnings))


def _skipped(dataset: Dataset, name: str) -> dict[str, int]:
    return {reason: len(keys) for reason, keys in dataset.skipped(name).items()}


def _look(dataset: Dataset, name: str) -> _Seen:
    seen = _Seen()
    for sample, image in decoded(dataset.samples(name)):
        if isinstance(image, DatasetError):
            seen.unreadable.append(str(image))
        else:
            seen.add(sample, image, dataset.facts.labels)
    if not seen.own:
        first = f" that can be read ({seen.unreadable[0]})" if seen.unreadable else ""
        raise DatasetError(f"split {name!r} holds no pictures{first}")
    return seen


def _split_info(seen: _Seen, labels: Sequence[str], skipped: dict[str, int]) -> SplitInfo:
    counts: Counter[int] = Counter()
    for group in seen.labels.values():
        counts.update(group)
    sizes = sorted(seen.sizes, key=lambda size: (size[0] * size[1], size))
    agreed = seen.agreed if len(seen.agreed) == len(seen.own) else []  # votes for all, or none
    return SplitInfo(
        n=len(seen.own),
        classes={label: counts[index] for index, label in enumerate(labels)},
        distinct=len(seen.labels),
        label_conflicts=sum(len(group) > 1 for group in seen.labels.values()),
        blank=seen.stds.count(0.0),
        mean=round(float(np.mean(seen.means)), 2),
        std=round(float(np.mean(seen.stds)), 2),
        mirrored=sum(
            mirror != own and mirror in seen.labels  # a symmetric picture is its own mirror image
            for own, mirror in zip(seen.own, seen.mirrored, strict=True)
        ),
        ferplus_agreement=round(float(np.mean(agreed)), 4) if agreed else None,
        smallest=sizes[0],
        largest=sizes[-1],
        unreadable=len(seen.unreadable),
        first_unreadable=tuple(seen.unreadable[:_LISTED]),
        skipped=skipped,
    )


def _overlap(split: str, other: str, keys: _Seen, others: _Seen) -> Overlap:
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
        if split.unreadable:
            first = "; ".join(split.first_unreadable)
            found.append(f"{name}: {split.unreadable:,} pictures cannot be read: {first}")
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
