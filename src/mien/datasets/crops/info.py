"""What a copy of labelled crops really holds: counts, repeats, and whether it was altered.

FER2013 repeats itself, and copies in circulation are histogram-equalised or contain augmented
pictures. Accuracies measured on such copies cannot be compared, so look before you measure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import DatasetFacts, Official
from mien.datasets.info import Look, Overlap, Skipped, SplitInfo, pixels_and_size, shared_info
from mien.datasets.samples import Sample, identity, pixel_fingerprint, pixel_keys, strips
from mien.errors import DatasetError, NoFaceError
from mien.labels import FERPLUS

EQUALISED_STD = 68.0
"""Mean standard deviation within a picture, grey levels, from which a copy is taken for
histogram-equalised: equal shares of 0 to 255 have 74, photos of faces 50 to 60."""
_SMALL_CROP = 64  # pixels a side; other pictures, such as whole photos, may have any contrast
_ODD_STD = 3.0  # grey levels away from the official one
_POOR_AGREEMENT = 0.4  # FER+ as published has 0.62, votes of other pictures about 0.2
_MANY_MIRRORED = 0.001  # share of a split; FER2013's own training and public splits have none


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSplitInfo(SplitInfo):
    """One split; ``fingerprint`` is that of ``mien evaluate``, over labels and pixels in order."""

    n: int
    """Readable pictures; all figures are about them."""
    classes: dict[str, int]
    """Pictures of each label, in the data set's order."""
    label_conflicts: int
    """Groups of pictures with equal pixels whose labels differ."""
    blank: int
    """Pictures of a single grey level."""
    mean: float
    """Mean over the pictures of the mean within one, 0 to 255."""
    std: float
    """Mean over the pictures of the standard deviation within one, 0 to 127.5."""
    mirrored: int
    """Pictures whose exact mirror image is another picture of the same split."""
    ferplus_agreement: float | None
    """Share of the labels that FER+'s most frequent vote confirms; ``None`` without votes."""


@dataclass(frozen=True, slots=True)
class CropOverlap(Overlap):
    """Crops of ``split`` that are also in ``other``, an earlier split."""

    label_conflicts: int
    """Identical ones whose label none of their copies in ``other`` has."""
    mirrored: int
    """Whose exact mirror image is in ``other`` while they are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropLook(Look):
    """What is kept of one crop."""

    label: int
    vote: str | None = None
    """The expression with the most FER+ votes; ``None`` without votes."""
    identity: bytes = b""
    """For the fingerprint (``mien.datasets.samples.identity``)."""
    mirrored: bytes = b""
    """``pixels`` of its mirror image."""
    mean: float = 0.0
    std: float = 0.0


def look(sample: Sample) -> CropLook:
    """What is kept of ``sample``."""
    try:
        image = sample.image
    except DatasetError as error:
        no_face = isinstance(error, NoFaceError)
        return CropLook(error=str(error), no_face=no_face, label=sample.label)
    votes = sample.votes and sample.votes[: len(FERPLUS)]
    mean, std = _mean_and_std(image)
    return CropLook(
        **pixels_and_size(image),
        label=sample.label,
        vote=FERPLUS[votes.index(max(votes))] if votes else None,
        identity=identity(sample, image),
        mirrored=pixel_keys([image[:, ::-1]])[0],
        mean=mean,
        std=std,
    )


def _mean_and_std(image: NDArray[np.uint8]) -> tuple[float, float]:
    """Of all grey levels; NumPy's ``std`` would need eight bytes for each of them."""
    counts = np.zeros(256)
    for strip in strips(image):
        counts += np.bincount(strip.ravel(), minlength=256)
    levels = np.arange(256)
    mean = float(counts @ levels / image.size)
    return mean, float(np.sqrt(counts @ (levels - mean) ** 2 / image.size))


def split_info(
    name: str, looks: Sequence[CropLook], skipped: Skipped, facts: DatasetFacts
) -> CropSplitInfo:
    """The split ``name``. Raises ``DatasetError`` where none of its crops can be read."""
    read = [crop for crop in looks if not crop.error]
    if not read:
        first = f" that can be read ({looks[0].error})" if looks else ""
        raise DatasetError(f"split {name!r} holds no pictures{first}")
    counts = Counter(crop.label for crop in read)
    labels_of = _labels_of_pixels(read)
    voted = all(crop.vote for crop in read)
    agreement = float(np.mean([crop.vote == facts.labels[crop.label] for crop in read]))
    return CropSplitInfo(
        **shared_info(looks, skipped),
        fingerprint=pixel_fingerprint([c.label for c in read], [c.identity for c in read]),
        n=len(read),
        classes={label: counts[index] for index, label in enumerate(facts.labels)},
        label_conflicts=sum(len(labels) > 1 for labels in labels_of.values()),
        blank=sum(crop.std == 0 for crop in read),
        mean=round(float(np.mean([crop.mean for crop in read])), 2),
        std=round(float(np.mean([crop.std for crop in read])), 2),
        mirrored=sum(  # a symmetric picture is its own mirror image
            crop.mirrored != crop.pixels and crop.mirrored in labels_of for crop in read
        ),
        ferplus_agreement=round(agreement, 4) if voted else None,
    )


def overlap(
    split: str, other: str, looks: Sequence[CropLook], others: Sequence[CropLook]
) -> CropOverlap:
    """What ``split`` shares with ``other``."""
    known = _labels_of_pixels(others)
    same = [crop for crop in looks if crop.pixels in known]
    return CropOverlap(
        split,
        other,
        identical=len(same),
        label_conflicts=sum(crop.label not in known[crop.pixels] for crop in same),
        mirrored=sum(crop.mirrored in known and crop.pixels not in known for crop in looks),
    )


def _labels_of_pixels(looks: Sequence[CropLook]) -> dict[bytes, set[int]]:
    """Pixels → the labels under which they occur."""
    labels: dict[bytes, set[int]] = defaultdict(set)
    for crop in looks:
        if not crop.error:
            labels[crop.pixels].add(crop.label)
    return labels


def warnings(
    splits: Mapping[str, CropSplitInfo], overlaps: Sequence[CropOverlap], facts: DatasetFacts
) -> Iterator[str]:
    """Signs of an altered or incomplete copy, a sentence each."""
    official = facts.official
    for name, split in splits.items():
        yield from split.unreadable_warning(name)
        yield from _contrast_warning(name, split, official)
        yield from _count_warning(name, split, official)
        agreement = split.ferplus_agreement
        if agreement is not None and agreement < _POOR_AGREEMENT:
            yield (
                f"{name}: FER+'s votes agree with {agreement:.0%} of the labels, not about "
                "62%: they are not in the order of these pictures"
            )
        if split.mirrored > _MANY_MIRRORED * split.n:
            yield f"{name}: {split.mirrored:,} pictures are mirror images of others: augmented"
    for shared in overlaps:
        if shared.mirrored > _MANY_MIRRORED * splits[shared.split].n:
            yield (
                f"{shared.split}: {shared.mirrored:,} pictures are mirror images of pictures "
                f"in {shared.other}: augmented"
            )
    if official and "test" in splits and "test" not in official.counts:
        yield (
            "test: mixes the official test splits, so results cannot be compared with published "
            "ones"
        )


def _contrast_warning(name: str, split: CropSplitInfo, official: Official | None) -> Iterator[str]:
    contrast = f"{name}: mean standard deviation within a picture is {split.std:.0f}"
    if split.std >= EQUALISED_STD and (official or max(split.largest) <= _SMALL_CROP):
        usual = f", not {official.std:.0f}" if official else ""
        yield f"{contrast}{usual}: the pictures look histogram-equalised"
    elif official and abs(split.std - official.std) > _ODD_STD:
        yield f"{contrast}, not {official.std:.0f}: the pictures were altered"


def _count_warning(name: str, split: CropSplitInfo, official: Official | None) -> Iterator[str]:
    expected = official.counts.get(name) if official else None
    if expected is not None and split.n > expected:
        extra = f"{split.n - expected:,} more than the official {expected:,}"
        yield f"{name}: {split.n:,} pictures, {extra}: contains augmented or foreign ones"
    elif expected is not None and split.n < expected:
        yield f"{name}: {split.n:,} pictures of the official {expected:,}: incomplete"
