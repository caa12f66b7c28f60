"""The rows of a table of faces, kept in little memory, and what their cells mean."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mien.datasets.boxes import Corners, clean
from mien.datasets.files.folders import ROOTS
from mien.datasets.files.split_names import SPLIT_OF, is_split_name
from mien.datasets.files.text_tables import NO_VALUE


@dataclass(slots=True)
class Rows:
    """The faces of one split, a hundred bytes each."""

    tables: list[str] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("q"))
    pictures: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)
    affect: array[float] = field(default_factory=lambda: array("d"))
    """Valence, arousal, valence …; not a number where unknown."""
    corners: array[float] = field(default_factory=lambda: array("d"))
    """x1, y1, x2, y2, x1 …; not a number where the face fills the picture, infinite where the box
    is not four numbers."""

    def add(
        self,
        table: str,
        line: int,
        picture: str,
        label: str,
        *,
        subject: str | None,
        affect: Sequence[float],
        corners: Corners,
    ) -> None:
        """Add a face."""
        self.tables.append(table)
        self.lines.append(line)
        self.pictures.append(picture)
        self.labels.append(label)
        self.subjects.append(subject)
        self.affect.extend(affect)
        self.corners.extend(corners)

    def faces(self) -> Iterator[tuple[str, bytes]]:
        """What tells the faces apart: picture and box."""
        boxes = np.array(self.corners).reshape(-1, 4)
        for picture, box in zip(self.pictures, boxes, strict=True):
            yield picture, box.tobytes()

    def clean(self, begin: int) -> list[tuple[str, str]]:
        """Repair or leave out boxes of the rows from ``begin`` on: the problem and face of each."""
        corners = np.array(self.corners).reshape(-1, 4)[begin:]
        unknown = np.full((len(corners), 2), np.nan)
        whole = np.isnan(corners).all(axis=1)
        boxes, kept, problems = clean(corners, unknown, clip=False)
        boxes[whole] = math.nan
        kept |= whole
        found = [
            (reason, f"{self.pictures[at]}#{self.lines[at]}")
            for reason, has in problems.items()
            for at in begin + np.flatnonzero(has & ~whole)
        ]
        keep = [*range(begin), *(begin + int(number) for number in np.flatnonzero(kept))]
        affect = np.array(self.affect).reshape(-1, 2)
        all_boxes = np.vstack([np.array(self.corners).reshape(-1, 4)[:begin], boxes])
        self.tables = [self.tables[i] for i in keep]
        self.lines = array("q", (self.lines[i] for i in keep))
        self.pictures = [self.pictures[i] for i in keep]
        self.labels = [self.labels[i] for i in keep]
        self.subjects = [self.subjects[i] for i in keep]
        self.affect = array("d", affect[keep].ravel().tolist())
        self.corners = array("d", all_boxes[keep].ravel().tolist())
        return found


def split_name(written: str) -> str:
    """A split's name; one that is not known stays as it is."""
    name = written.strip().lower()
    return SPLIT_OF.get(name) or (name if is_split_name(name) else "")


def cell(row: Mapping[str, str], column: str) -> str:
    """What a row has in ``column``; empty for a word that stands for a missing value."""
    written = row.get(column, "")
    return "" if written.lower() in NO_VALUE else written


def marked(box: Corners) -> Corners:
    """``box``, infinite where it is not four numbers, so that it differs from no box at all."""
    return (math.inf,) * 4 if any(map(math.isnan, box)) else box


def why_missing(picture: str) -> str:
    """Why the picture that a row names is not there."""
    if not picture:
        return "row names no picture"
    if picture.startswith(("http://", "https://")):
        return "picture is an address on the web: download it first"
    if picture.startswith(("/", "../")):
        return f"picture is missing, or lies outside the data set: {ROOTS} allows it"
    return "picture is missing"
