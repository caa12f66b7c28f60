"""Curves of a detector: precision against recall, and recall against face size."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.faults import faults
from mien.evaluation.detection.matching import areas
from mien.evaluation.detection.measures import DetectionScores, Operating
from mien.evaluation.detection.precision import Curve
from mien.reports.figures.style import (
    BLUE,
    COLORS,
    DASHES,
    GRID,
    INK,
    MUTED,
    ORANGE,
    PALE,
    halo,
    new_figure,
    percent_ticks,
    unframe,
)
from mien.reports.text import detector_on_pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZES = (0, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 1e5)
"""Edges of the bins of face sizes, pixels; COCO's bounds (32, 96) are among them."""

Line = tuple[Curve, float | None, Operating | None]
"""A curve, its AP50, and the measures at the score threshold in use."""


def precision_recall_figure(scores: DetectionScores) -> Figure:
    """One line for all faces and one for each subset, or without subsets for each least size;
    rings mark the score threshold in use.
    """
    parts = scores.subsets or {f"{size} px and more": p for size, p in scores.from_size.items()}
    lines: dict[str, Line] = {"all faces": (scores.curve, scores.ap50, scores.operating)}
    lines.update((name, (part.curve, part.ap50, part.operating)) for name, part in parts.items())
    ring = f"score threshold {scores.threshold:.3g}"
    return precision_recall_curves(lines, detector_on_pictures(scores), ring)


def precision_recall_curves(lines: Mapping[str, Line], title: str, ring: str) -> Figure:
    """Precision against recall at IoU 0.5, one line per name; ``ring``: what a ring stands for."""
    figure = new_figure(7.2, 6.0)
    axes = figure.add_subplot()
    ringed = False
    for rank, (name, (curve, ap50, used)) in enumerate(lines.items()):
        color = COLORS[rank % len(COLORS)]
        words = "no faces" if ap50 is None else f"AP50 {ap50:.1%}"
        axes.plot(
            curve.recall, curve.precision, color=color, linewidth=2 if rank == 0 else 1.7,
            linestyle=DASHES[rank % len(DASHES)], label=f"{name}: {words}",
        )  # fmt: skip
        if used is not None and used.recall is not None and used.precision is not None:
            ringed = True
            axes.plot(
                used.recall, used.precision, "o", color=color, markersize=10,
                markerfacecolor="white", markeredgewidth=2, zorder=3, clip_on=False,
            )  # fmt: skip
    if ringed:
        axes.plot(
            [], [], "o", color=MUTED, markersize=9, markerfacecolor="white", markeredgewidth=2,
            linestyle="none", label=ring,
        )  # fmt: skip
    axes.set_xlim(0, 1.005)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall: share of the faces found")
    axes.set_ylabel("precision: share of the boxes that are faces")
    percent_ticks(axes, "xy")
    unframe(axes)
    # Below the axes: a curve may go anywhere inside.
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False, handlelength=3
    )
    figure.suptitle(title, fontsize=11)
    return figure


def recall_by_size_figure(scores: DetectionScores, detections: Detections) -> Figure:
    """Recall by face size at the score threshold in use, and the number of faces of each size.

    Lines through the points are 95% confidence intervals (Wilson 1927).
    """
    found, total = _by_size(detections)
    present = total > 0
    places = np.arange(len(total))
    share = found / np.maximum(total, 1)
    low, high = _wilson(found, np.maximum(total, 1))
    figure = new_figure(7.6, 5.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.vlines(
        places[present], low[present], high[present], color=PALE, linewidth=5,
        label="95% confidence interval",
    )  # fmt: skip
    upper.plot(
        places[present], share[present], "o-", color=BLUE, markersize=6, linewidth=1.5,
        label="recall", clip_on=not present.any(),  # a line without points upsets the layout
    )  # fmt: skip
    for place in places[present]:
        upper.annotate(
            f"{share[place]:.0%}", (place, high[place]), xytext=(0, 4), ha="center",
            textcoords="offset points", fontsize=9, color=INK, path_effects=halo(),
        )  # fmt: skip
    upper.set_ylim(0, 1.12)
    upper.set_yticks(np.linspace(0, 1, 6))
    upper.set_ylabel("recall: share of the faces found")
    lower.bar(places, total, 0.7, color=PALE, label="missed")
    lower.bar(places, found, 0.7, color=BLUE, label="found")
    lower.legend(frameon=False, fontsize=9, loc="upper right")
    upper.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0, 0.93))
    for place, n in zip(places, total, strict=True):
        lower.annotate(
            f"{n:,}", (place, n), xytext=(0, 2), textcoords="offset points", ha="center",
            fontsize=8, color=MUTED,
        )  # fmt: skip
    lower.set_ylim(0, 1.22 * max(total.max(), 1))
    lower.set_ylabel("faces")
    lower.yaxis.set_major_formatter("{x:,.0f}")
    ends = [f"{low:g} to {high:g}" for low, high in pairwise(SIZES[1:-1])]
    lower.set_xticks(
        places, [f"< {SIZES[1]:g}", *ends, f"≥ {SIZES[-2]:g}"], rotation=35, ha="right"
    )
    lower.set_xlabel("size of the face: √(width × height), pixels")
    unframe(upper)
    unframe(lower, "y")
    percent_ticks(upper, "y")
    _mark_coco_sizes(upper)
    figure.suptitle(
        f"{detector_on_pictures(scores)}\nscore threshold {scores.threshold:.3g}", fontsize=11
    )
    return figure


def _mark_coco_sizes(axes: Axes) -> None:
    """Mark where COCO's medium and large sizes begin."""
    for name, place in (("medium", SIZES.index(32)), ("large", SIZES.index(96))):
        axes.axvline(place - 0.5, color=ORANGE, linewidth=1, linestyle=":")
        axes.text(
            place - 0.42, 0.02, name, color=ORANGE, fontsize=8.5, va="bottom", ha="left",
            bbox={"fc": "white", "ec": GRID, "pad": 1.5, "linewidth": 0},
        )  # fmt: skip


def _by_size(detections: Detections) -> tuple[np.ndarray, np.ndarray]:
    """Faces found, and all that count, in each bin of ``SIZES``: (G,) both."""
    found = np.zeros(len(SIZES) - 1, np.int64)
    total = found.copy()
    for answer in detections.answers:
        fault = faults(answer, detections.threshold)
        size = np.sqrt(areas(answer.truth))
        hits = np.histogram(size[fault.found], SIZES)[0]
        found += hits
        total += hits + np.histogram(size[fault.missed], SIZES)[0]
    return found, total


def _wilson(found: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95% confidence interval of each share ``found / total`` (Wilson 1927)."""
    z = 1.959964
    share = found / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return middle - half, middle + half
