"""Models side by side: quality with its interval, and quality against the time that it takes.

Names stand on the left alone, each with its rank; on the right, where dots crowd, the rank says
which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.reports.figures.style import BLUE, GRID, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Mark:
    """One classifier, or one detector with its AP50, of the figure; shares in [0, 1]."""

    name: str
    accuracy: float
    low: float
    """Lower end of the interval."""
    high: float
    ms_per_face: float | None
    """Of a detector, a picture. Where ``None``, the right half leaves it out."""
    published: tuple[float, ...] = ()
    """What others report: one figure, or the ends of a range."""


def comparison_figure(
    marks: Sequence[Mark],
    title: str,
    measure: str = "accuracy",
    timed_as: str = "ms a face (ONNX Runtime, one thread)",
) -> Figure:
    """Left: accuracies, or what ``measure`` names, and intervals, the best on top. Right: the same
    against milliseconds, with a line through those that nobody else beats in both.
    """
    ordered = sorted(marks, key=lambda mark: -mark.accuracy)  # rank 1 first
    timed = [(rank, mark) for rank, mark in enumerate(ordered, start=1) if mark.ms_per_face]
    height = max(4.2, 1.4 + 0.34 * len(ordered))
    figure = new_figure(11 if timed else 6, height)
    axes = figure.subplots(1, 2 if timed else 1, squeeze=False)[0]
    _dots(axes[0], ordered, measure)
    if timed:
        _against_time(axes[1], timed, measure, timed_as)
    figure.suptitle(title, fontsize=12)
    return figure


def _dots(axes: Axes, ordered: list[Mark], measure: str) -> None:
    for y, mark in enumerate(ordered, start=1):
        axes.plot([100 * mark.low, 100 * mark.high], [y, y], color=BLUE, linewidth=2, alpha=0.6)
        axes.plot(100 * mark.accuracy, y, "o", color=BLUE, markersize=6)
        if mark.published:
            theirs = [100 * share for share in mark.published]
            axes.plot(
                theirs, [y] * len(theirs), "D-", color=ORANGE, markersize=5,
                markerfacecolor="none", linewidth=1,
            )  # fmt: skip
    names = [f"{mark.name}  {rank}" for rank, mark in enumerate(ordered, start=1)]
    axes.set_yticks(range(1, len(ordered) + 1), names)
    axes.set_ylim(len(ordered) + 0.7, 0.3)
    axes.set_xlabel(f"{measure}, % (line: 95 % interval)")
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    if any(mark.published for mark in ordered):
        axes.plot([], [], "o", color=BLUE, label="measured here")
        axes.plot([], [], "D", color=ORANGE, markerfacecolor="none", label="published")
        axes.legend(loc="best", fontsize=9, frameon=True)
    _plain(axes)


def _against_time(axes: Axes, timed: list[tuple[int, Mark]], measure: str, timed_as: str) -> None:
    x = np.array([mark.ms_per_face for _, mark in timed], np.float64)
    y = np.array([100 * mark.accuracy for _, mark in timed])
    axes.set_xscale("log")
    axes.set_xlim(x.min() / 1.8, x.max() * 1.8)
    margin = 0.08 * max(float(np.ptp(y)), 1.0)
    axes.set_ylim(y.min() - margin, y.max() + margin)
    beaten = ((x[:, None] <= x) & (y[:, None] > y)) | ((x[:, None] < x) & (y[:, None] >= y))
    front = sorted(np.flatnonzero(~beaten.any(axis=0)), key=lambda i: float(x[i]))
    axes.plot(x[front], y[front], "-", color=BLUE, linewidth=1, alpha=0.5, zorder=1)
    axes.plot(x, y, ".", color=BLUE, markersize=5, zorder=2)
    ends = axes.transLimits.transform(np.column_stack([np.log10(x), y]))  # (N, 2) in [0, 1]
    for i, (left, bottom) in enumerate(_apart(ends)):
        best = i in front
        axes.annotate(
            str(timed[i][0]), (x[i], y[i]), (left, bottom), textcoords="axes fraction",
            ha="center", va="center", fontsize=8, color="white" if best else "black", zorder=3,
            bbox={"boxstyle": "circle,pad=0.25", "fc": BLUE if best else "white", "ec": BLUE},
            arrowprops={"arrowstyle": "-", "color": BLUE, "linewidth": 0.7, "shrinkB": 0},
        )  # fmt: skip
    axes.xaxis.set_major_formatter("{x:g}")
    few = axes.get_xlim()[1] < 12 * axes.get_xlim()[0]  # hardly a decade: name what lies between
    axes.xaxis.set_minor_formatter("{x:g}" if few else "")
    axes.tick_params(axis="x", which="minor", pad=5)
    axes.set_xlabel(timed_as)
    axes.set_ylabel(f"{measure}, %")
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    _plain(axes)


def _apart(places: NDArray[np.float64], gap: float = 0.055) -> NDArray[np.float64]:
    """(N, 2) ``places`` in the unit square, moved until all are ``gap`` apart, or nearly so."""
    moved = places + np.linspace(0, 1e-3, len(places))[:, None]  # equal places must part too
    for _ in range(200):
        away = moved[:, None] - moved[None]  # (N, N, 2), from each other one
        distance = np.sqrt((away**2).sum(axis=2)) + np.eye(len(moved)) * 9
        push = np.maximum(gap - distance, 0)[..., None] * away / distance[..., None]
        if not push.any():
            break
        moved = np.clip(moved + 0.5 * push.sum(axis=1), 0.02, 0.98)
    return moved


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
