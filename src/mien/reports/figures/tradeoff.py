"""Models side by side: quality with its interval, and quality against time.

The left half has the names, each with its rank; the right half, where dots crowd, only the ranks.
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
class ComparedModel:
    """One classifier or detector in the figure; shares in [0, 1]."""

    name: str
    quality: float
    """Accuracy, or AP50 of a detector."""
    low: float
    """Lower end of the 95% confidence interval."""
    high: float
    ms: float | None
    """Milliseconds per face, or per picture of a detector; ``None``: not in the right half."""
    published: tuple[float, ...] = ()
    """What others report: one figure, or the ends of a range."""


def tradeoff_figure(
    models: Sequence[ComparedModel],
    title: str,
    measure: str = "accuracy",
    timed_as: str = "ms per face (ONNX Runtime, one thread)",
) -> Figure:
    """Left: quality (``measure``) and intervals, the best on top. Right: quality against
    milliseconds, with a line through the models that no other one beats in both.
    """
    ranked = sorted(models, key=lambda model: -model.quality)  # rank 1 first
    timed = [(rank, model) for rank, model in enumerate(ranked, start=1) if model.ms]
    height = max(4.2, 1.4 + 0.34 * len(ranked))
    figure = new_figure(11 if timed else 6, height)
    axes = figure.subplots(1, 2 if timed else 1, squeeze=False)[0]
    _intervals(axes[0], ranked, measure)
    if timed:
        _against_time(axes[1], timed, measure, timed_as)
    figure.suptitle(title, fontsize=12)
    return figure


def _intervals(axes: Axes, ranked: list[ComparedModel], measure: str) -> None:
    for y, model in enumerate(ranked, start=1):
        axes.plot([100 * model.low, 100 * model.high], [y, y], color=BLUE, linewidth=2, alpha=0.6)
        axes.plot(100 * model.quality, y, "o", color=BLUE, markersize=6)
        if model.published:
            theirs = [100 * share for share in model.published]
            axes.plot(
                theirs, [y] * len(theirs), "D-", color=ORANGE, markersize=5,
                markerfacecolor="none", linewidth=1,
            )  # fmt: skip
    names = [f"{model.name}  {rank}" for rank, model in enumerate(ranked, start=1)]
    axes.set_yticks(range(1, len(ranked) + 1), names)
    axes.set_ylim(len(ranked) + 0.7, 0.3)
    axes.set_xlabel(f"{measure}, % (line: 95% confidence interval)")
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    if any(model.published for model in ranked):
        axes.plot([], [], "o", color=BLUE, label="measured here")
        axes.plot([], [], "D", color=ORANGE, markerfacecolor="none", label="published")
        axes.legend(loc="best", fontsize=9, frameon=True)
    _open_frame(axes)


def _against_time(
    axes: Axes, timed: list[tuple[int, ComparedModel]], measure: str, timed_as: str
) -> None:
    x = np.array([model.ms for _, model in timed], np.float64)
    y = np.array([100 * model.quality for _, model in timed])
    axes.set_xscale("log")
    axes.set_xlim(x.min() / 1.8, x.max() * 1.8)
    margin = 0.08 * max(float(np.ptp(y)), 1.0)
    axes.set_ylim(y.min() - margin, y.max() + margin)
    beaten = ((x[:, None] <= x) & (y[:, None] > y)) | ((x[:, None] < x) & (y[:, None] >= y))
    front = sorted(np.flatnonzero(~beaten.any(axis=0)), key=lambda i: float(x[i]))
    axes.plot(x[front], y[front], "-", color=BLUE, linewidth=1, alpha=0.5, zorder=1)
    axes.plot(x, y, ".", color=BLUE, markersize=5, zorder=2)
    positions = axes.transLimits.transform(np.column_stack([np.log10(x), y]))  # (N, 2) in [0, 1]
    for i, (left, bottom) in enumerate(_spread(positions)):
        best = i in front
        axes.annotate(
            str(timed[i][0]), (x[i], y[i]), (left, bottom), textcoords="axes fraction",
            ha="center", va="center", fontsize=8, color="white" if best else "black", zorder=3,
            bbox={"boxstyle": "circle,pad=0.25", "fc": BLUE if best else "white", "ec": BLUE},
            arrowprops={"arrowstyle": "-", "color": BLUE, "linewidth": 0.7, "shrinkB": 0},
        )  # fmt: skip
    axes.xaxis.set_major_formatter("{x:g}")
    narrow = axes.get_xlim()[1] < 12 * axes.get_xlim()[0]  # about a decade: label minor ticks too
    axes.xaxis.set_minor_formatter("{x:g}" if narrow else "")
    axes.tick_params(axis="x", which="minor", pad=5)
    axes.set_xlabel(timed_as)
    axes.set_ylabel(f"{measure}, %")
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    _open_frame(axes)


def _spread(positions: NDArray[np.float64], gap: float = 0.055) -> NDArray[np.float64]:
    """(N, 2) ``positions`` in the unit square, moved until all are about ``gap`` apart."""
    moved = positions + np.linspace(0, 1e-3, len(positions))[:, None]  # separates equal positions
    for _ in range(200):
        away = moved[:, None] - moved[None]  # (N, N, 2), from each other one
        distance = np.sqrt((away**2).sum(axis=2)) + np.eye(len(moved)) * 9
        push = np.maximum(gap - distance, 0)[..., None] * away / distance[..., None]
        if not push.any():
            break
        moved = np.clip(moved + 0.5 * push.sum(axis=1), 0.02, 0.98)
    return moved


def _open_frame(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
