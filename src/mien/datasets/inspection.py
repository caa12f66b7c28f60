"""Reads every picture of a data set once and reports what the copy really holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any, overload

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.crops import info as crops
from mien.datasets.crops.info import CropOverlap, CropSplitInfo
from mien.datasets.files.decoding import in_threads
from mien.datasets.info import DataInfo, Overlap
from mien.datasets.scenes import info as scenes
from mien.datasets.scenes.info import SceneSplitInfo
from mien.errors import DatasetError

OnProgress = Callable[[int, int | None], None]
"""Called with the number of pictures read and of all, ``None`` where unknown."""
_AHEAD = 64  # results that wait, a few bytes each


@overload
def inspect(
    dataset: Dataset, on_progress: OnProgress | None = None
) -> DataInfo[CropSplitInfo, CropOverlap]: ...


@overload
def inspect(
    dataset: SceneDataset, on_progress: OnProgress | None = None
) -> DataInfo[SceneSplitInfo, Overlap]: ...


def inspect(
    dataset: Dataset | SceneDataset, on_progress: OnProgress | None = None
) -> DataInfo[Any, Any]:
    """Counts, sizes, repeats and warnings of ``dataset``; every picture is decoded, in threads.

    Pictures that cannot be read are counted, and the first few are listed. Raises ``DatasetError``
    where there are no pictures, where no crop of a split can be read, or the reader itself fails.
    """
    kind: Any = scenes if isinstance(dataset, SceneDataset) else crops
    items: Any = dataset.scenes if isinstance(dataset, SceneDataset) else dataset.samples
    total = count_pictures(dataset) if on_progress else None
    done = 0
    looks: dict[str, list[Any]] = {}
    for split in dataset.splits():
        looks[split] = []
        for _, look in in_threads(kind.look, items(split), ahead=_AHEAD):
            looks[split].append(look)
            done += 1
            if on_progress:
                on_progress(done, total)
    if not done:
        raise DatasetError(f"the {dataset.facts.name} data set holds no pictures at all")
    splits = {
        split: kind.split_info(split, seen, dataset.skipped(split), dataset.facts)
        for split, seen in looks.items()
    }
    overlaps = tuple(
        kind.overlap(later, other, looks[later], looks[other])
        for other, later in combinations(looks, 2)
    )
    warnings = tuple(kind.warnings(splits, overlaps, dataset.facts))
    return DataInfo(dataset.facts.name, splits, overlaps, warnings)


def count_pictures(dataset: Dataset | SceneDataset) -> int | None:
    """Pictures of all splits; ``None`` where counting them would mean decoding them."""
    items: Any = dataset.scenes if isinstance(dataset, SceneDataset) else dataset.samples
    splits = dataset.splits()
    first = next((item for split in splits for item in items(split)), None)
    if first is not None and not callable(first.pixels):
        return None
    return sum(1 for split in splits for _ in items(split))
