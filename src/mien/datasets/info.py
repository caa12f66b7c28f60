"""What a copy of a data set really holds; what crops and whole pictures have in common.

``mien.datasets.inspection.inspect`` finds it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from mien.datasets.samples import Pixels, pixel_keys
from mien.errors import NO_FACE

Skipped = Mapping[str, Sequence[str]]
"""Reason → keys of what a reader left out or repaired."""
_LISTED = 5  # unreadable pictures that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitInfo:
    """One split."""

    fingerprint: str
    """16 hexadecimal digits, equal for equal data."""
    distinct: int
    """Pictures left when one of every group with equal pixels is kept."""
    smallest: tuple[int, int]
    """(width, height) of the readable picture with the fewest pixels."""
    largest: tuple[int, int]
    """(width, height) of the readable picture with the most pixels."""
    unreadable: int
    """Pictures that cannot be read."""
    first_unreadable: tuple[str, ...]
    """Why, for the first few of them."""
    skipped: dict[str, int]
    """What the reader left out or repaired: reason → number."""

    def unreadable_warning(self, name: str) -> Iterator[str]:
        """A sentence if pictures cannot be read; ``name`` is the split's."""
        if self.unreadable:
            first = "; ".join(self.first_unreadable)
            yield f"{name}: {self.unreadable:,} pictures cannot be read: {first}"


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pictures of ``split`` that are also in ``other``, an earlier split."""

    split: str
    other: str
    identical: int
    """With equal pixels."""


SplitT = TypeVar("SplitT", bound=SplitInfo)
OverlapT = TypeVar("OverlapT", bound=Overlap)


@dataclass(frozen=True, slots=True)
class DataInfo(Generic[SplitT, OverlapT]):
    """A data set; splits in its own order."""

    dataset: str
    splits: dict[str, SplitT]
    overlaps: tuple[OverlapT, ...]
    warnings: tuple[str, ...]
    """One sentence each."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is kept of one picture once it was decoded."""

    pixels: bytes = b""
    """Equal for equal pixels; empty where the picture cannot be read."""
    size: tuple[int, int] = (0, 0)
    """(width, height)"""
    error: str = ""
    """Why the picture cannot be read."""
    no_face: bool = False
    """Whether it can be read, and no face was found in it; then ``error`` says so too."""


def pixels_and_size(image: Pixels) -> dict[str, Any]:
    """The fields of ``Look`` for (H, W) or (H, W, 3) pixels."""
    return {"pixels": pixel_keys([image])[0], "size": (image.shape[1], image.shape[0])}


def sizes_in_order(looks: Sequence[Look]) -> list[tuple[int, int]]:
    """Size of every readable picture, by its number of pixels; one of 0×0 if there is none."""
    sizes = (look.size for look in looks if not look.error)
    return sorted(sizes, key=lambda size: (size[0] * size[1], size)) or [(0, 0)]


def shared_info(looks: Sequence[Look], skipped: Skipped) -> dict[str, Any]:
    """The fields of ``SplitInfo``, except for the fingerprint."""
    errors = [look.error for look in looks if look.error and not look.no_face]
    skipped_by_reason = {reason: len(keys) for reason, keys in skipped.items()}
    if no_face := sum(look.no_face for look in looks):
        skipped_by_reason[NO_FACE] = no_face
    sizes = sizes_in_order(looks)
    return {
        "distinct": len({look.pixels for look in looks if not look.error}),
        "smallest": sizes[0],
        "largest": sizes[-1],
        "unreadable": len(errors),
        "first_unreadable": tuple(errors[:_LISTED]),
        "skipped": skipped_by_reason,
    }
