"""Grids of cutouts: the faces that a detector missed, and the wrong boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.detection.faults import faults
from mien.evaluation.detection.matching import areas
from mien.reports.figures.boxes import OUTCOMES, draw_boxes, outcome_legend, show_picture
from mien.reports.figures.detection.misses import boxes_by_outcome
from mien.reports.figures.detection.pictures import Boxes, Region
from mien.reports.figures.style import INK, MUTED, blank_grid, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 10
ROWS = 2  # of each group, at most
GROUPS = ("large (from 96 px)", "medium (32 to 96 px)", "small (below 32 px)")
"""COCO's sizes of faces, the largest first."""
_BOUNDS = (np.inf, 96.0, 32.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A place in a picture worth a look."""

    answer: Answer
    box: Boxes
    """(4,)"""
    label: str

    @property
    def place(self) -> tuple[str, Boxes]:
        """Key and box, as ``read_cutouts`` takes them."""
        return self.answer.key, self.box


def missed_faces(detections: Detections) -> dict[str, list[Cutout]]:
    """Missed faces by heading, one heading per group of sizes with counts, the largest first.

    If a group has more than fit, faces at equal steps through its sizes are taken.
    """
    missed = [
        (float(np.sqrt(areas(answer.truth[index][None])[0])), answer, answer.truth[index])
        for answer in detections.answers
        for index in faults(answer, detections.threshold).missed
    ]
    missed.sort(key=lambda face: -face[0])
    sizes = np.concatenate(
        [np.zeros(0), *(np.sqrt(areas(a.truth[~a.ignored])) for a in detections.answers)]
    )
    groups = {}
    for words, (high, low) in zip(GROUPS, pairwise(_BOUNDS), strict=True):
        own = [face for face in missed if low <= face[0] < high]
        total = int(((sizes >= low) & (sizes < high)).sum())
        if len(own) > ROWS * COLUMNS:
            steps = np.linspace(0, len(own) - 1, ROWS * COLUMNS).round().astype(int)
            shown = [own[step] for step in steps]
        else:
            shown = own
        if own:
            groups[f"{words}: {len(own):,} of {total:,} missed"] = [
                Cutout(answer, box, f"{size:.0f} px") for size, answer, box in shown
            ]
    return groups


def wrong_boxes(detections: Detections) -> dict[str, list[Cutout]]:
    """False boxes and duplicates by heading with counts, the highest scores first."""
    judged = [(answer, faults(answer, detections.threshold)) for answer in detections.answers]
    groups = {}
    for outcome, most, indices in (
        ("false", 2 * ROWS * COLUMNS, [fault.false for _, fault in judged]),
        ("duplicate", ROWS * COLUMNS, [fault.duplicates for _, fault in judged]),
    ):
        wrong = [
            (float(answer.scores[index]), answer, answer.boxes[index])
            for answer, own in zip(detections.answers, indices, strict=True)
            for index in own
        ]
        wrong.sort(key=lambda each: -each[0])
        if wrong:
            groups[f"{OUTCOMES[outcome].label}, {len(wrong):,} box{'es' * (len(wrong) > 1)}"] = [
                Cutout(answer, box, f"{score:.3f}") for score, answer, box in wrong[:most]
            ]
    return groups


def cutouts_figure(
    groups: dict[str, list[Cutout]], regions: Sequence[Region | None], threshold: float, title: str
) -> Figure:
    """Each group under its heading, its cutouts in rows with all boxes on them.

    ``regions`` are those of all cutouts, in order. Without groups the figure says "none".
    """
    rows = [max(1, -(-len(cutouts) // COLUMNS)) for cutouts in groups.values()] or [1]
    figure = new_figure(1.42 * COLUMNS, 0.9 + sum(1.62 * n + 0.4 for n in rows))
    parts = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=[n + 0.25 for n in rows])
    remaining = iter(regions)
    for part, lines, (heading, cutouts) in zip(parts[:, 0], rows, groups.items(), strict=False):
        part.suptitle(heading, fontsize=11, color=INK, x=0.01, ha="left")
        grid = blank_grid(part, lines, COLUMNS)
        for axes, cutout in zip(grid.flat, cutouts, strict=False):
            region = next(remaining)
            if region is None:
                continue
            show_picture(axes, region.image)
            for outcome, boxes in boxes_by_outcome(cutout.answer, threshold).items():
                draw_boxes(axes, region.boxes_inside(boxes), OUTCOMES[outcome])
            axes.set_title(cutout.label, fontsize=8.5, color=INK, pad=3)
    if not groups:
        parts[0, 0].text(0.5, 0.5, "none", color=MUTED, ha="center")
    figure.suptitle(title, fontsize=12)
    if groups:
        outcome_legend(figure, loc="outside lower center", fontsize=10)
    return figure
