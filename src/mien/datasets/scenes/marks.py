"""The marked faces of one split: collected from annotation files, then cleaned all at once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.boxes import CROWDED, TOO_MANY_SUBSETS, Corners, clean, length
from mien.datasets.samples import Pixels
from mien.datasets.scene import Scene

MANY = 1000
"""More marked faces than this in a picture are reported; all of them are kept."""
MOST_SUBSETS = 100
"""Every picture looks at every subset, so their number has a limit; WIDER FACE has three."""


class Marks:
    """Collects the pictures of one split and the faces in them; ``freeze`` returns the result.

    ``skipped``: reason → keys of what is left out or repaired. A picture's key is its path; a
    face's key is that path, ``#``, and the face's number in it, from 1.
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
        """Its number, for ``add_face``; ``None`` for a path that was added before."""
        if path in self.pictures:
            self.skip("picture is listed a second time", path)
            return None
        self.pictures[path] = number = len(self.pictures)
        self._sizes.extend((length(width), length(height)))
        return number

    def add_face(
        self,
        picture: int,
        corners: Corners,
        ignored: bool = False,
        attributes: Mapping[str, Any] | None = None,
        subsets: Iterable[str] = (),
    ) -> None:
        """Add a marked face; ``freeze`` checks its box."""
        for name in subsets:
            if name in self._subsets or len(self._subsets) < MOST_SUBSETS:
                self._subsets.setdefault(name, []).append(len(self._of))
            else:
                self.skip(TOO_MANY_SUBSETS, name)
        self._of.append(picture)
        self._corners.extend(corners)
        self._ignored.append(ignored)
        self._attributes.append(attributes or {})

    def skip(self, reason: str, key: str) -> None:
        """Report what is left out or repaired."""
        self.skipped.setdefault(reason, []).append(key)

    def freeze(self) -> MarkedPictures:
        """The pictures with their clean boxes; the others are reported in ``skipped``."""
        count, pictures = len(self._of), list(self.pictures)
        sizes = np.array(self._sizes).reshape(-1, 2)
        order = np.argsort(np.array(self._of, np.int64), kind="stable")  # by picture
        of = np.array(self._of, np.int64)[order]  # (M,)
        with np.errstate(over="ignore"):  # beyond float32 is as good as infinite
            corners = np.array(self._corners).reshape(-1, 4)[order].astype(np.float32)
        boxes, kept, problems = clean(corners, sizes[of])
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
    """(P, 2) width and height as annotated; not a number where unknown."""
    starts: NDArray[np.int64]
    """(P + 1,) picture ``i`` has the faces ``starts[i]:starts[i + 1]``."""
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
        """Picture ``number``, whose pixels are ``decode``'s."""
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
