"""Grids of cut-outs: the faces that a detector missed, and what it took for faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.detection.faults import faults
from mien.evaluation.detection.matching import areas
from mien.reports.figures.marks import MARKS, draw_boxes, show
from mien.reports.figures.misses import sorted_boxes
from mien.reports.figures.scenes import Boxes, View
from mien.reports.figures.style import INK, MUTED, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 10
ROWS = 2  # of each group, at most
GROUPS = (
    ("large: from 96 px", 96.0),
    ("medium: 32 to 96 px", 32.0),
    ("small: less than 32 px", 0.0),
)
"""COCO's, the largest first: words and least size."""


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A place in a picture that deserves a look."""

    answer: Answer
    box: Boxes
    """(4,)"""
    words: str

    @property
    def place(self) -> tuple[str, Boxes]:
        """As ``mien.reports.figures.scenes.read_crops`` takes it."""
        return self.answer.key, self.box


def missed_spots(found: Detections) -> dict[str, list[Spot]]:
    """Missed faces by the size of the face, the largest first; of many in a group, some at equal
    steps. Each group's heading says how many there are.
    """
    every = [
        (float(size), answer, answer.truth[index])
        for answer in found.answers
        for index in faults(answer, found.threshold).missed
        for size in [np.sqrt(areas(answer.truth[index][None])[0])]
    ]
    every.sort(key=lambda spot: -spot[0])
    counts = [
        sum(float((~a.ignored & _within(a, low, high)).sum()) for a in found.answers)
        for low, high in _ends()
    ]
    groups = {}
    for (words, _), (low, high), total in zip(GROUPS, _ends(), counts, strict=True):
        own = [spot for spot in every if low <= spot[0] < high]
        if own:
            heading = f"{words}: {len(own):,} of {total:,.0f} missed"
            groups[heading] = [Spot(a, box, f"{size:.0f} px") for size, a, box in _some(own)]
    return groups


def false_spots(found: Detections) -> dict[str, list[Spot]]:
    """Wrong boxes by kind, the best scored first; each heading says how many there are."""
    groups = {}
    for kind in ("false", "duplicates"):
        own = [
            (float(answer.scores[index]), answer, answer.boxes[index])
            for answer in found.answers
            for index in getattr(faults(answer, found.threshold), kind)
        ]
        own.sort(key=lambda spot: -spot[0])
        if own:
            words = MARKS[kind.removesuffix("s")].words
            most = ROWS * COLUMNS * (2 if kind == "false" else 1)
            groups[f"{words}, {len(own):,} box{'es' * (len(own) > 1)}"] = [
                Spot(answer, box, f"{score:.3f}") for score, answer, box in own[:most]
            ]
    return groups


def cutouts_figure(
    groups: dict[str, list[Spot]], crops: Sequence[View | None], threshold: float, title: str
) -> Figure:
    """Each group under its heading, its cut-outs in rows with all boxes on them.

    ``crops`` are those of all spots in order. A heading alone says that there is nothing.
    """
    rows = [max(1, -(-len(spots) // COLUMNS)) for spots in groups.values()] or [1]
    figure = new_figure(1.42 * COLUMNS, 0.5 + sum(1.62 * n + 0.4 for n in rows))
    parts = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=[n + 0.25 for n in rows])
    left = iter(crops)
    for part, lines, (heading, spots) in zip(parts[:, 0], rows, groups.items(), strict=False):
        part.suptitle(heading, fontsize=11, color=INK, x=0.01, ha="left")
        grid = part.subplots(lines, COLUMNS, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, spot in zip(grid.flat, spots, strict=False):
            view = next(left)
            if view is None:
                continue
            show(axes, view.image)
            for kind, boxes in sorted_boxes(spot.answer, threshold).items():
                draw_boxes(axes, view.place(boxes), kind)
            axes.set_title(spot.words, fontsize=8.5, color=INK, pad=3)
    if not groups:
        parts[0, 0].text(0.5, 0.5, "none", color=MUTED, ha="center")
    figure.suptitle(title, fontsize=12)
    return figure


def _ends() -> list[tuple[float, float]]:
    lows = [low for _, low in GROUPS]
    return list(zip(lows, [np.inf, *lows[:-1]], strict=True))


def _within(answer: Answer, low: float, high: float) -> np.ndarray:
    size = np.sqrt(areas(answer.truth))
    return (size >= low) & (size < high)


def _some(spots: list[tuple[float, Answer, Boxes]]) -> list[tuple[float, Answer, Boxes]]:
    if len(spots) <= ROWS * COLUMNS:
        return spots
    steps = np.linspace(0, len(spots) - 1, ROWS * COLUMNS).round().astype(int)
    return [spots[step] for step in steps]
