"""The marked faces of one split, collected as an annotation file gives them and cleaned at once.

One place decides what becomes of a bad box; every reader of whole pictures comes through it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.samples import Pixels
from mien.datasets.scene import Scene

MANY = 1000
"""A picture of more marked faces than that is told; all of them are kept."""
NO_NUMBERS = "its box is not four numbers: left out"
SWAPPED = "its box had swapped corners: put right"
NO_AREA = "its box has no area: left out"
OUTSIDE = "its box lies outside the picture: left out"
CLIPPED = "its box reached beyond the picture: clipped to it"
CROWDED = f"more than {MANY:,} faces are marked in it: all kept"

Corners = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels; not a number where the annotation has none."""
_NOT_GIVEN: Corners = (math.nan,) * 4
_SLACK = 0.01  # pixels: rounding in an annotation file is no fault worth telling


def by_corners(values: Any) -> Corners:
    """Of x1, y1, x2, y2 as they are written."""
    if isinstance(values, str | Mapping):  # would give its letters, or its keys
        return _NOT_GIVEN
    try:
        x1, y1, x2, y2 = map(float, values)
    except (TypeError, ValueError, OverflowError):
        return _NOT_GIVEN
    return x1, y1, x2, y2


def by_size(values: Any) -> Corners:
    """Of x, y, width and height as they are written."""
    x, y, width, height = by_corners(values)
    return x, y, x + width, y + height


def clean(
    corners: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], dict[str, NDArray[np.bool_]]]:
    """(M, 4) boxes put right, (M,) those to keep, and problem → (M,) the boxes that have it.

    ``corners``: (M, 4) as x1, y1, x2, y2. ``sizes``: (M, 2) width and height of the picture of
    each, not a number where unknown. Swapped corners are put right; a box that reaches beyond a
    picture of known size is clipped to it; boxes that are no finite numbers, have no area or lie
    wholly outside are not to be kept.
    """
    with np.errstate(over="ignore"):  # beyond float32 is as good as infinite
        boxes = corners.astype(np.float32)
        limit = np.where(sizes > 0, sizes, np.inf).astype(np.float32)  # (M, 2)
    numbers = np.isfinite(boxes).all(axis=1)
    boxes[~numbers] = 0
    swapped = numbers & (boxes[:, :2] > boxes[:, 2:]).any(axis=1)
    boxes = np.hstack(
        [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])]
    )
    flat = numbers & (boxes[:, :2] == boxes[:, 2:]).any(axis=1)
    beyond = (boxes[:, 2:] <= 0).any(axis=1) | (boxes[:, :2] >= limit).any(axis=1)
    outside = numbers & ~flat & beyond
    kept = numbers & ~flat & ~outside
    known = np.isfinite(limit).all(axis=1)
    inside = np.clip(boxes, 0, np.tile(limit, 2))
    clipped = kept & known & (np.abs(inside - boxes) > _SLACK).any(axis=1)
    boxes[known] = inside[known]
    problems = {NO_NUMBERS: ~numbers, SWAPPED: swapped & kept, NO_AREA: flat, OUTSIDE: outside}
    return boxes, kept, {**problems, CLIPPED: clipped}


class Marks:
    """Collects the pictures of one split and the faces in them; ``freeze`` gives the result.

    ``skipped``: reason → keys of what is left out or put right. A picture's key is its path, a
    face's key that path and the face's number in it, from 1.
    """

    def __init__(self) -> None:
        self.skipped: dict[str, list[str]] = {}
        self.pictures: dict[str, int] = {}
        """Path → number."""
        self._sizes = array("d")  # width, height, width, height, …
        self._corners = array("d")  # x1, y1, x2, y2, x1, …
        self._of = array("q")  # number of the picture of each face
        self._ignored = bytearray()
        self._attributes: list[Mapping[str, Any]] = []
        self._subsets: dict[str, list[int]] = {}

    def add_picture(self, path: str, width: Any = None, height: Any = None) -> int | None:
        """Its number, for ``add_face``; ``None`` where the path is there already, which is told."""
        if path in self.pictures:
            self.skip("its picture is listed a second time: only the first counts", path)
            return None
        self.pictures[path] = number = len(self.pictures)
        self._sizes.extend((_length(width), _length(height)))
        return number

    def add_face(
        self,
        picture: int,
        corners: Corners,
        ignored: bool = False,
        attributes: Mapping[str, Any] | None = None,
        subsets: Iterable[str] = (),
    ) -> None:
        """One marked face, however bad its box."""
        for name in subsets:
            self._subsets.setdefault(name, []).append(len(self._of))
        self._of.append(picture)
        self._corners.extend(corners)
        self._ignored.append(ignored)
        self._attributes.append(attributes or {})

    def skip(self, reason: str, key: str) -> None:
        """Name what is left out or put right."""
        self.skipped.setdefault(reason, []).append(key)

    def freeze(self) -> MarkedPictures:
        """The pictures with the boxes that can be kept; what becomes of the others is told."""
        count, pictures = len(self._of), list(self.pictures)
        sizes = np.array(self._sizes).reshape(-1, 2)
        order = np.argsort(np.array(self._of, np.int64), kind="stable")  # by picture
        of = np.array(self._of, np.int64)[order]  # (M,)
        boxes, kept, problems = clean(np.array(self._corners).reshape(-1, 4)[order], sizes[of])
        starts = np.searchsorted(of, np.arange(len(pictures) + 1))
        for reason, has in problems.items():
            for face in np.flatnonzero(has).tolist():
                self.skip(reason, f"{pictures[of[face]]}#{face - starts[of[face]] + 1}")
        for picture in np.flatnonzero(np.diff(starts) > MANY).tolist():
            self.skip(CROWDED, pictures[picture])
        subsets = {}
        for name, faces in self._subsets.items():
            member = np.zeros(count, np.bool_)
            member[faces] = True
            subsets[name] = member[order][kept]
        attributes = [self._attributes[i] for i in order[kept]] if any(self._attributes) else []
        return MarkedPictures(
            pictures,
            sizes,
            np.searchsorted(of[kept], np.arange(len(pictures) + 1)),
            boxes[kept],
            np.frombuffer(bytes(self._ignored), np.bool_)[order][kept],
            subsets,
            attributes,
        )


@dataclass(frozen=True, slots=True, eq=False)
class MarkedPictures:
    """P pictures and the N faces in them, one array for all."""

    pictures: Sequence[str]
    """Their paths."""
    sizes: NDArray[np.float64]
    """(P, 2) width and height as annotated, not a number where unknown."""
    starts: NDArray[np.int64]
    """(P + 1,) picture ``i`` has the faces from ``starts[i]`` to before ``starts[i + 1]``."""
    boxes: NDArray[np.float32]
    """(N, 4) x1, y1, x2, y2."""
    ignored: NDArray[np.bool_]
    """(N,)"""
    subsets: Mapping[str, NDArray[np.bool_]]
    """Name → (N,)"""
    attributes: Sequence[Mapping[str, Any]]
    """N of them, or none."""

    def __len__(self) -> int:
        return len(self.pictures)

    def size(self, number: int) -> tuple[int | None, int | None]:
        """Width and height of picture ``number`` as annotated."""
        width, height = (None if math.isnan(n) else int(n) for n in self.sizes[number])
        return width, height

    def scene(self, number: int, decode: Pixels | Callable[[], Pixels]) -> Scene:
        """Picture ``number``; ``decode`` gives its pixels."""
        here = slice(self.starts[number], self.starts[number + 1])
        return Scene(
            decode,
            self.pictures[number],
            self.boxes[here],
            self.ignored[here],
            {name: member[here] for name, member in self.subsets.items()},
            tuple(self.attributes[here]),
            *self.size(number),
        )


def _length(value: Any) -> float:
    """In pixels; not a number where ``value`` is no such thing."""
    try:
        length = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return length if 1 <= length < math.inf else math.nan
