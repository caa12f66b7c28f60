"""What a data set of whole pictures really holds: faces, their sizes, repeats, and what is wrong.

A face's size is the square root of its box's area, in pixels of the picture as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import SceneDataset
from mien.datasets.samples import pixel_keys
from mien.datasets.scene import Scene
from mien.errors import DatasetError

MEDIUM, LARGE = 32, 96
"""COCO's bounds: medium faces have from 32 to 96 pixels, small ones fewer, large ones more."""
QUANTILES = {"least": 0, "5 %": 5, "25 %": 25, "median": 50, "75 %": 75, "95 %": 95, "most": 100}
_AT_ONCE = 64  # pictures on their way through the threads; of each only a few bytes are kept
_LISTED = 5  # pictures told by name


@dataclass(frozen=True, slots=True)
class SceneSplitInfo:
    """One split; faces that are ignored are counted in ``ignored`` and ``empty`` alone."""

    pictures: int
    """With those that cannot be read."""
    faces: int
    """That count: ignored ones are apart."""
    ignored: int
    empty: int
    """Pictures without a face that counts."""
    faces_per_picture: dict[str, float]
    """``median``, ``95 %`` and ``most``, over all pictures."""
    face_size: dict[str, float]
    """Quantiles, see ``QUANTILES``, in pixels; empty where there is no face."""
    by_size: dict[str, int]
    """Faces that are ``small``, ``medium`` and ``large``; see ``size_classes``."""
    subsets: dict[str, int]
    """Faces of each, with ignored ones."""
    smallest: tuple[int, int]
    """(width, height) of the picture with the fewest pixels, of those that can be read."""
    median: tuple[int, int]
    """… with the middle number of pixels."""
    largest: tuple[int, int]
    """… and with the most."""
    distinct: int
    """Pictures left when of every group with equal pixels one is kept."""
    unreadable: int
    """Pictures that cannot be read."""
    first_unreadable: tuple[str, ...]
    """Why, for the first few of them."""
    other_size: int
    """Pictures whose size is not the annotated one, so that their boxes lie elsewhere."""
    first_other_size: tuple[str, ...]
    """The keys of the first few of them."""
    skipped: dict[str, int]
    """What the reader left out or put right: reason → how many."""


@dataclass(frozen=True, slots=True)
class SceneOverlap:
    """Pictures of ``split`` that are also in ``other``, an earlier split."""

    split: str
    other: str
    identical: int
    """With equal pixels."""


@dataclass(frozen=True, slots=True)
class SceneInfo:
    """What ``inspect_scenes`` found; splits in the data set's order."""

    dataset: str
    splits: dict[str, SceneSplitInfo]
    overlaps: tuple[SceneOverlap, ...]
    warnings: tuple[str, ...]
    """One sentence each."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def face_sizes(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) square root of the area of (N, 4) boxes, pixels."""
    sides = boxes[:, 2:].astype(np.float64) - boxes[:, :2]
    sizes: NDArray[np.float64] = np.sqrt(sides.prod(axis=1))
    return sizes


def size_classes(sizes: NDArray[np.float64]) -> dict[str, int]:
    """How many of (N,) face sizes are ``small``, ``medium`` and ``large`` by COCO's bounds."""
    small, large = int((sizes < MEDIUM).sum()), int((sizes > LARGE).sum())
    return {"small": small, "medium": len(sizes) - small - large, "large": large}


def inspect_scenes(
    dataset: SceneDataset, on_progress: Callable[[int, int | None], None] | None = None
) -> SceneInfo:
    """Decode every picture of every split once, in threads, and count its faces.

    ``on_progress`` gets (done, total) over all splits. A picture that cannot be read is counted,
    and the first few are told. Raises ``DatasetError`` where there are no pictures, or the reader
    itself cannot go on.
    """
    listed = {split: list(dataset.scenes(split)) for split in dataset.splits()}
    total = sum(map(len, listed.values()))
    if not total:
        raise DatasetError(f"the {dataset.facts.name} data set holds no pictures at all")
    done = 0
    splits: dict[str, SceneSplitInfo] = {}
    seen: dict[str, Counter[bytes]] = {}
    for split, scenes in listed.items():
        looks = []
        for look in _looks(scenes):
            looks.append(look)
            done += 1
            if on_progress:
                on_progress(done, total)
        seen[split] = Counter(look.pixels for look in looks if look.pixels)
        skipped = {reason: len(keys) for reason, keys in dataset.skipped(split).items()}
        splits[split] = _split_info(scenes, looks, skipped)
    overlaps = tuple(
        SceneOverlap(later, other, sum(n for key, n in seen[later].items() if key in seen[other]))
        for other, later in combinations(splits, 2)
    )
    return SceneInfo(dataset.facts.name, splits, overlaps, tuple(_warnings(splits, overlaps)))


@dataclass(frozen=True, slots=True)
class _Look:
    """What is kept of a picture."""

    pixels: bytes = b""
    """Equal where all pixels are; nothing where it cannot be read."""
    size: tuple[int, int] = (0, 0)
    """(width, height)"""
    problem: str = ""


def _looks(scenes: Iterable[Scene]) -> Iterator[_Look]:
    waiting = iter(scenes)
    with ThreadPoolExecutor() as pool:
        while some := list(islice(waiting, _AT_ONCE)):
            yield from pool.map(_look, some)


def _look(scene: Scene) -> _Look:
    try:
        image = scene.image
    except DatasetError as error:
        return _Look(problem=str(error))
    return _Look(pixel_keys([image])[0], (image.shape[1], image.shape[0]))


def _split_info(scenes: list[Scene], looks: list[_Look], skipped: dict[str, int]) -> SceneSplitInfo:
    counted = np.array([int((~scene.ignored).sum()) for scene in scenes])
    none = np.zeros((0, 4), np.float32)
    sizes = face_sizes(np.concatenate([none, *(s.boxes[~s.ignored] for s in scenes)]))
    subsets: Counter[str] = Counter()
    for scene in scenes:
        subsets.update({name: int(member.sum()) for name, member in scene.subsets.items()})
    elsewhere = [s.key for s, look in zip(scenes, looks, strict=True) if _is_other_size(s, look)]
    unread = [look.problem for look in looks if look.problem]
    read = sorted((look.size for look in looks if look.pixels), key=lambda s: (s[0] * s[1], s))
    read = read or [(0, 0)]
    shares = (50, 95, 100)
    per_picture = np.percentile(counted, shares).tolist() if len(counted) else [0.0] * 3
    quantiles = np.percentile(sizes, [*QUANTILES.values()]).tolist() if len(sizes) else []
    return SceneSplitInfo(
        pictures=len(scenes),
        faces=int(counted.sum()),
        ignored=sum(int(scene.ignored.sum()) for scene in scenes),
        empty=int((counted == 0).sum()),
        faces_per_picture=dict(zip(("median", "95 %", "most"), per_picture, strict=True)),
        face_size={name: round(size, 2) for name, size in zip(QUANTILES, quantiles, strict=False)},
        by_size=size_classes(sizes),
        subsets=dict(subsets),
        smallest=read[0],
        median=read[len(read) // 2],
        largest=read[-1],
        distinct=len({look.pixels for look in looks if look.pixels}),
        unreadable=len(unread),
        first_unreadable=tuple(unread[:_LISTED]),
        other_size=len(elsewhere),
        first_other_size=tuple(elsewhere[:_LISTED]),
        skipped=skipped,
    )


def _is_other_size(scene: Scene, look: _Look) -> bool:
    known = bool(look.pixels and scene.width and scene.height)
    return known and look.size != (scene.width, scene.height)


def _warnings(
    splits: Mapping[str, SceneSplitInfo], overlaps: Iterable[SceneOverlap]
) -> Iterator[str]:
    for name, split in splits.items():
        if split.unreadable:
            first = "; ".join(split.first_unreadable)
            yield f"{name}: {split.unreadable:,} pictures cannot be read: {first}"
        if split.other_size:
            yield (
                f"{name}: {split.other_size:,} pictures have another size than the annotated one, "
                f"so their boxes lie elsewhere: {', '.join(split.first_other_size)}"
            )
        if not split.faces:
            yield f"{name}: not one face is marked"
        repeated = split.pictures - split.unreadable - split.distinct
        if repeated:
            yield f"{name}: {repeated:,} pictures are pixel-identical to another one"
    for overlap in overlaps:
        if overlap.identical:
            yield (
                f"{overlap.identical:,} pictures of {overlap.split} are pixel-identical to one in "
                f"{overlap.other}"
            )
