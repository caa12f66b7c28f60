"""Classifiers side by side: accuracy with its interval, and accuracy against time for a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, THEIRS = "#1f5fa8", "#c2571a"


@dataclass(frozen=True, slots=True)
class Mark:
    """One classifier of the figure; shares in [0, 1]."""

    name: str
    accuracy: float
    low: float
    """Lower end of the interval."""
    high: float
    ms_per_face: float | None
    """Where ``None``, the right half leaves it out."""
    published: tuple[float, ...] = ()
    """What others report: one figure, or the ends of a range."""


def comparison_figure(marks: Sequence[Mark], title: str) -> Figure:
    """Left: accuracies and intervals, the best on top. Right: accuracy against milliseconds."""
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure alive

    ordered = sorted(marks, key=lambda mark: mark.accuracy)
    timed = [mark for mark in ordered if mark.ms_per_face]
    height = max(3.2, 1.4 + 0.34 * len(ordered))
    figure = Figure(figsize=(11 if timed else 6, height), dpi=150, layout="constrained")
    axes = figure.subplots(1, 2 if timed else 1, squeeze=False)[0]
    _dots(axes[0], ordered)
    if timed:
        _against_time(axes[1], timed)
    figure.suptitle(title, fontsize=12)
    return figure


def _dots(axes: Axes, ordered: list[Mark]) -> None:
    for y, mark in enumerate(ordered):
        axes.plot([100 * mark.low, 100 * mark.high], [y, y], color=OURS, linewidth=2, alpha=0.6)
        axes.plot(100 * mark.accuracy, y, "o", color=OURS, markersize=6)
        if mark.published:
            theirs = [100 * share for share in mark.published]
            axes.plot(
                theirs, [y] * len(theirs), "D-", color=THEIRS, markersize=5,
                markerfacecolor="none", linewidth=1,
            )  # fmt: skip
    axes.set_yticks(range(len(ordered)), [mark.name for mark in ordered])
    axes.set_ylim(-0.7, len(ordered) - 0.3)
    axes.set_xlabel("accuracy, % (line: 95 % interval)")
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    if any(mark.published for mark in ordered):
        axes.plot([], [], "o", color=OURS, label="measured here")
        axes.plot([], [], "D", color=THEIRS, markerfacecolor="none", label="published")
        axes.legend(loc="lower right", fontsize=9, frameon=True)
    _plain(axes)


def _against_time(axes: Axes, timed: list[Mark]) -> None:
    x = np.array([mark.ms_per_face for mark in timed], np.float64)
    y = np.array([100 * mark.accuracy for mark in timed])
    axes.plot(x, y, "o", color=OURS, markersize=6)
    axes.set_xscale("log")
    axes.set_xlim(x.min() / 2, x.max() * 4)  # room for the names, right of their dots
    span = max(float(np.ptp(y)), 1.0)
    axes.set_ylim(y.min() - 0.08 * span, y.max() + 0.08 * span)
    for mark, left, bottom, level in zip(
        timed, x, y, _apart(np.log10(x), y, 0.045 * 1.16 * span), strict=True
    ):
        line = {"arrowstyle": "-", "color": "#999999", "linewidth": 0.6, "shrinkB": 3}
        axes.annotate(
            mark.name, (left, bottom), (left * 1.12, level), va="center", fontsize=8,
            arrowprops=line if abs(level - bottom) > 0.02 * span else None,
        )  # fmt: skip
    axes.set_xlabel("ms a face (ONNX Runtime, one thread)")
    axes.set_ylabel("accuracy, %")
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    _plain(axes)


def _apart(x: np.ndarray, y: np.ndarray, gap: float) -> list[float]:
    """Heights for names near (N,) ``y`` so that those of close ``x`` keep ``gap`` between them."""
    close = 0.45 * max(float(np.ptp(x)) + 0.9, 1e-9)  # a name is about so wide
    levels: list[float] = []
    for i in np.argsort(y):
        level = float(y[i])
        for j in sorted(range(len(levels)), key=lambda k: levels[k]):
            other = np.argsort(y)[j]
            if abs(x[i] - x[other]) < close and abs(level - levels[j]) < gap:
                level = levels[j] + gap
        levels.append(level)
    placed = [0.0] * len(y)
    for rank, i in enumerate(np.argsort(y)):
        placed[int(i)] = levels[rank]
    return placed


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
