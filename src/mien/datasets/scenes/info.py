"""What a copy of whole pictures really holds: faces, their sizes, repeats and mistakes.

The size of a face is the square root of its box's area, in pixels of the original picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import DatasetFacts
from mien.datasets.info import (
    Look,
    Overlap,
    Skipped,
    SplitInfo,
    pixels_and_size,
    shared_info,
    sizes_in_order,
)
from mien.datasets.scene import Scene, box_fingerprint
from mien.errors import DatasetError

MEDIUM, LARGE = 32, 96
"""COCO's bounds: medium faces have 32 to 96 pixels."""
QUANTILES = {"least": 0, "5 %": 5, "25 %": 25, "median": 50, "75 %": 75, "95 %": 95, "most": 100}
_LISTED = 5  # pictures of another size that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSplitInfo(SplitInfo):
    """One split; ``fingerprint`` covers names and boxes, see ``box_fingerprint``.

    Ignored faces are counted in ``ignored`` and ``subsets`` only.
    """

    pictures: int
    """Unreadable ones included."""
    faces: int
    ignored: int
    empty: int
    """Pictures without a face that counts."""
    faces_per_picture: dict[str, float]
    """``median``, ``95 %`` and ``most``, over all pictures."""
    face_size: dict[str, float]
    """Quantiles, see ``QUANTILES``, in pixels; empty without faces."""
    by_size: dict[str, int]
    """Faces that are ``small``, ``medium`` and ``large``; see ``size_classes``."""
    subsets: dict[str, int]
    """Faces of each, ignored ones included."""
    median: tuple[int, int]
    """(width, height) of the readable picture with the middle number of pixels."""
    other_size: int
    """Pictures whose size differs from the annotated one, which misplaces their boxes."""
    first_other_size: tuple[str, ...]
    """The keys of the first few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneLook(Look):
    """What is kept of one picture."""

    scene: Scene

    @property
    def is_other_size(self) -> bool:
        """Whether the picture has another size than the annotated one."""
        annotated = (self.scene.width, self.scene.height)
        return bool(self.pixels and all(annotated) and self.size != annotated)


def look(scene: Scene) -> SceneLook:
    """What is kept of ``scene``."""
    try:
        return SceneLook(**pixels_and_size(scene.image), scene=scene)
    except DatasetError as error:
        return SceneLook(error=str(error), scene=scene)


def split_info(
    name: str, looks: Sequence[SceneLook], skipped: Skipped, facts: DatasetFacts
) -> SceneSplitInfo:
    """The split ``name``; faces of unreadable pictures count too."""
    scenes = [seen.scene for seen in looks]
    counted = np.array([int((~scene.ignored).sum()) for scene in scenes])
    none = np.zeros((0, 4), np.float32)
    sizes = face_sizes(np.concatenate([none, *(s.boxes[~s.ignored] for s in scenes)]))
    subsets: Counter[str] = Counter()
    for scene in scenes:
        subsets.update({name: int(member.sum()) for name, member in scene.subsets.items()})
    shares = (50, 95, 100)
    per_picture = np.percentile(counted, shares).tolist() if len(counted) else [0.0] * 3
    quantiles = np.percentile(sizes, [*QUANTILES.values()]).tolist() if len(sizes) else []
    in_order = sizes_in_order(looks)
    elsewhere = [seen.scene.key for seen in looks if seen.is_other_size]
    return SceneSplitInfo(
        **shared_info(looks, skipped),
        fingerprint=box_fingerprint(scenes),
        pictures=len(scenes),
        faces=int(counted.sum()),
        ignored=sum(int(scene.ignored.sum()) for scene in scenes),
        empty=int((counted == 0).sum()),
        faces_per_picture=dict(zip(("median", "95 %", "most"), per_picture, strict=True)),
        face_size={name: round(size, 2) for name, size in zip(QUANTILES, quantiles, strict=False)},
        by_size=size_classes(sizes),
        subsets=dict(subsets),
        median=in_order[len(in_order) // 2],
        other_size=len(elsewhere),
        first_other_size=tuple(elsewhere[:_LISTED]),
    )


def overlap(
    split: str, other: str, looks: Sequence[SceneLook], others: Sequence[SceneLook]
) -> Overlap:
    """What ``split`` shares with ``other``."""
    known = {seen.pixels for seen in others if not seen.error}
    return Overlap(split, other, sum(seen.pixels in known for seen in looks))


def warnings(
    splits: Mapping[str, SceneSplitInfo], overlaps: Sequence[Overlap], facts: DatasetFacts
) -> Iterator[str]:
    """Pictures that are unreadable, repeated or of another size; splits without faces."""
    for name, split in splits.items():
        yield from split.unreadable_warning(name)
        if split.other_size:
            yield (
                f"{name}: {split.other_size:,} pictures have another size than the annotated "
                f"one, so their boxes are misplaced: {', '.join(split.first_other_size)}"
            )
        if not split.faces:
            yield f"{name}: no face is marked"
        repeated = split.pictures - split.unreadable - split.distinct
        if repeated:
            yield f"{name}: {repeated:,} pictures are pixel-identical to another one"
    for shared in overlaps:
        if shared.identical:
            yield (
                f"{shared.identical:,} pictures of {shared.split} are pixel-identical to one in "
                f"{shared.other}"
            )


def face_sizes(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) square root of the area of (N, 4) boxes, pixels."""
    sides = boxes[:, 2:].astype(np.float64) - boxes[:, :2]
    sizes: NDArray[np.float64] = np.sqrt(sides.prod(axis=1))
    return sizes


def size_classes(sizes: NDArray[np.float64]) -> dict[str, int]:
    """How many of (N,) face sizes are ``small``, ``medium`` and ``large`` by COCO's bounds."""
    small, large = int((sizes < MEDIUM).sum()), int((sizes > LARGE).sum())
    return {"small": small, "medium": len(sizes) - small - large, "large": large}
