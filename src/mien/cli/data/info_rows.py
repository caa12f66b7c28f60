"""The rows of ``mien data info``, in blocks: title → a cell for each split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mien.datasets.crops.info import CropOverlap, CropSplitInfo
    from mien.datasets.scenes.info import SceneSplitInfo

S = TypeVar("S")
Blocks = list[dict[str, list[str]]]


def crop_rows(splits: Sequence[CropSplitInfo]) -> Blocks:
    """Pictures of each label, then everything else."""
    rows: dict[str, Callable[[CropSplitInfo], str]] = {
        "pictures": lambda split: f"{split.n:,}",
        "that cannot be read": lambda split: f"{split.unreadable:,}",
        "distinct": lambda split: f"{split.distinct:,}",
        "repeated under another label": lambda split: f"{split.label_conflicts:,}",
        "mirror images of another": lambda split: f"{split.mirrored:,}",
        "blank": lambda split: f"{split.blank:,}",
        "smallest, pixels": lambda split: _size(split.smallest),
        "largest, pixels": lambda split: _size(split.largest),
        "mean grey level": lambda split: f"{split.mean:.1f}",
        "mean std within a picture": lambda split: f"{split.std:.1f}",
        "fingerprint": lambda split: split.fingerprint,
    }
    if any(split.ferplus_agreement is not None for split in splits):
        rows["FER+ agrees with label"] = lambda split: (
            "" if split.ferplus_agreement is None else f"{split.ferplus_agreement:.1%}"
        )
    labels = {label: [f"{s.classes[label]:,}" for s in splits] for label in splits[0].classes}
    return [labels, _cells(rows, splits)]


def scene_rows(splits: Sequence[SceneSplitInfo]) -> Blocks:
    """Pictures, faces, faces per picture and sizes of faces."""
    from mien.datasets.scenes.info import LARGE, MEDIUM, QUANTILES

    pictures: dict[str, Callable[[SceneSplitInfo], str]] = {
        "pictures": lambda split: f"{split.pictures:,}",
        "that cannot be read": lambda split: f"{split.unreadable:,}",
        "distinct": lambda split: f"{split.distinct:,}",
        "without a face": lambda split: f"{split.empty:,}",
        "smallest, pixels": lambda split: _size(split.smallest),
        "median": lambda split: _size(split.median),
        "largest": lambda split: _size(split.largest),
        "fingerprint": lambda split: split.fingerprint,
    }
    subsets = dict.fromkeys(name for split in splits for name in split.subsets)
    faces: dict[str, Callable[[SceneSplitInfo], str]] = {
        "faces": lambda split: f"{split.faces:,}",
        f"small, below {MEDIUM} pixels": lambda split: _share(split, "small"),
        f"medium, {MEDIUM} to {LARGE}": lambda split: _share(split, "medium"),
        f"large, above {LARGE}": lambda split: _share(split, "large"),
        "ignored, not counted above": lambda split: f"{split.ignored:,}",
    }
    return [
        _cells(pictures, splits),
        {
            **_cells(faces, splits),
            **{
                f"in subset {name}": [f"{split.subsets.get(name, 0):,}" for split in splits]
                for name in subsets
            },
        },
        {
            f"faces per picture, {name}": [f"{s.faces_per_picture[name]:,.0f}" for s in splits]
            for name in ("median", "95 %", "most")
        },
        {
            f"face size in pixels, {name}": [
                f"{split.face_size[name]:,.1f}" if split.face_size else "" for split in splits
            ]
            for name in QUANTILES
        },
    ]


def overlap_line(overlap: CropOverlap) -> str:
    """How many crops of a split are in another one."""
    conflicts = f", {overlap.label_conflicts:,} of them under another label"
    return (
        f"{overlap.identical:,} pictures of {overlap.split} are pixel-identical to one in "
        f"{overlap.other}{conflicts if overlap.identical else ''}"
    )


def _cells(rows: dict[str, Callable[[S], str]], splits: Sequence[S]) -> dict[str, list[str]]:
    return {title: [cell(split) for split in splits] for title, cell in rows.items()}


def _size(size: tuple[int, int]) -> str:
    return "×".join(map(str, size))


def _share(split: SceneSplitInfo, name: str) -> str:
    count = split.by_size[name]
    return f"{count / max(split.faces, 1):.1%}  {count:>6,}"
