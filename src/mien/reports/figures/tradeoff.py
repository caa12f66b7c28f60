"""Models side by side: quality with its interval, and quality against time.

The left half has the names, each with its rank; the right half, where dots crowd, only the ranks.
What others published stands apart below: it was measured in other ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    clipped,
    label_size,
    log_ticks,
    new_figure,
    percent_ticks,
    unframe,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOT_COMPARABLE = "Published by others, on other pictures, in other ways: not comparable with ours"
WRAPPED = 88
"""Characters of a line about a published figure."""


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """A figure of others, which is not comparable with ours."""

    values: tuple[float, ...]
    """Shares in [0, 1]: one figure, or the ends of a range."""
    about: str
    """Reference, data, split, pretraining, epochs: what is known of it."""


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
    published: PublishedFigure | None = None
    """What others report of such a model."""


def tradeoff_figure(
    models: Sequence[ComparedModel],
    title: str,
    measure: str = "accuracy",
    timed_as: str = "ms per face (ONNX Runtime, one thread)",
) -> Figure:
    """Left: quality (``measure``) and intervals, the best on top. Right: quality against
    milliseconds, with a line through the models that no other one beats in both. Below, if others
    have published any: their figures.
    """
    ranked = sorted(models, key=lambda model: -model.quality)  # rank 1 first
    timed = [(rank, model) for rank, model in enumerate(ranked, start=1) if model.ms]
    others = [model for model in ranked if model.published]
    heights = [max(3.6, 1.0 + 0.32 * len(ranked)), *([1.1 + 0.38 * len(others)] if others else [])]
    figure = new_figure(11 if timed or others else 6.6, sum(heights) + 0.5)
    parts = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    ours = parts[0].subplots(1, 2 if timed else 1, squeeze=False)[0]
    _intervals(ours[0], ranked, measure)
    if timed:
        _against_time(ours[1], timed, measure, timed_as)
    if others:
        axes, words = parts[1].subplots(1, 2, width_ratios=(1, 1.5), sharey=True)
        _published(axes, words, others, measure)
        parts[1].suptitle(NOT_COMPARABLE, fontsize=11, color=ORANGE)
    figure.suptitle(title, fontsize=12)
    return figure


def _intervals(axes: Axes, ranked: list[ComparedModel], measure: str) -> None:
    for y, model in enumerate(ranked, start=1):
        axes.plot([model.low, model.high], [y, y], color=BLUE, linewidth=2.5, alpha=0.5)
        axes.plot(model.quality, y, "o", color=BLUE, markersize=6)
        axes.text(
            1.01, y, f"{model.quality:.1%}", transform=axes.get_yaxis_transform(), va="center",
            fontsize=label_size(len(ranked)) - 1, color=INK,
        )  # fmt: skip
    names = [f"{clipped(model.name)}  {rank}" for rank, model in enumerate(ranked, start=1)]
    axes.set_yticks(range(1, len(ranked) + 1), names, fontsize=label_size(len(ranked)))
    axes.set_ylim(len(ranked) + 0.7, 0.3)
    axes.margins(x=0.08)
    axes.set_xlabel(f"{measure} (line: 95% confidence interval)")
    unframe(axes, "x")
    percent_ticks(axes, "x")
    axes.locator_params(axis="x", nbins=6)


def _against_time(
    axes: Axes, timed: list[tuple[int, ComparedModel]], measure: str, timed_as: str
) -> None:
    x = np.array([model.ms for _, model in timed], np.float64)
    y = np.array([model.quality for _, model in timed])
    axes.set_xscale("log")
    axes.set_xlim(x.min() / 1.8, x.max() * 1.8)
    # As wide as the intervals: a difference by chance must not fill the figure.
    low, high = min(model.low for _, model in timed), max(model.high for _, model in timed)
    margin = 0.08 * max(high - low, 0.01)
    axes.set_ylim(low - margin, high + margin)
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
    log_ticks(axes)
    axes.set_xlabel(timed_as)
    axes.set_ylabel(measure)
    axes.set_title(
        "numbers: ranks on the left; filled: no other is both faster and better", fontsize=9,
        color=MUTED,
    )  # fmt: skip
    unframe(axes)
    percent_ticks(axes, "y")


def _published(axes: Axes, words: Axes, models: list[ComparedModel], measure: str) -> None:
    """What others published, and beside it what is known of how they measured."""
    for y, model in enumerate(models):
        assert model.published is not None
        values = model.published.values
        axes.plot(
            values, [y] * len(values), "D-", color=ORANGE, markersize=5.5, markerfacecolor="none",
            linewidth=1.2,
        )  # fmt: skip
        number = " to ".join(f"{100 * value:.3g}" for value in values)
        words.text(
            0, y, fill(f"{number}%, {model.published.about}", WRAPPED), va="center", fontsize=8.5,
            color=INK,
        )  # fmt: skip
    words.set_axis_off()
    axes.set_yticks(range(len(models)), [clipped(model.name) for model in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel(measure)
    unframe(axes, "x")
    percent_ticks(axes, "x")


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
