"""Figures of a study: how it went, and which keys mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mien.train.tuning.report import Row

BLUE, ORANGE, GREY, DARK = "#2b6cb0", "#dd6b20", "#a0aec0", "#1a202c"


def history_figure(trials: Sequence[Row], title: str) -> Figure:
    """Accuracy by trial: finished and pruned ones, the best so far, failures along the foot."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = Figure(figsize=(8, 4.5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    points = {
        state: [
            (t.number, t.accuracy) for t in trials if t.state == state and t.accuracy is not None
        ]
        for state in ("finished", "pruned")
    }
    finished = points["finished"]
    if finished:
        numbers, values = zip(*finished, strict=True)
        so_far = [*accumulate(values, max)]
        last = max(trial.number for trial in trials)
        axes.step(
            [*numbers, last], [*so_far, so_far[-1]], where="post", color=ORANGE, lw=1.5,
            label="best so far", zorder=1,
        )  # fmt: skip
        axes.scatter(numbers, values, s=34, color=BLUE, label="finished", zorder=3)
    if points["pruned"]:
        numbers, values = zip(*points["pruned"], strict=True)
        axes.scatter(
            numbers, values, s=30, facecolors="white", edgecolors=GREY, linewidths=1.4,
            label="pruned, when it was stopped", zorder=2,
        )  # fmt: skip
    failed = [trial.number for trial in trials if trial.state == "failed"]
    if failed:
        axes.scatter(
            failed, [0.02] * len(failed), s=34, marker="x", color=DARK, label="failed",
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    for trial in trials:
        if trial.best and trial.accuracy is not None:
            axes.annotate(
                f"trial {trial.number}: {trial.accuracy:.2%}", (trial.number, trial.accuracy),
                xytext=(0, 9), textcoords="offset points", ha="center", color=DARK, fontsize=9,
            )  # fmt: skip
    axes.margins(x=0.06, y=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("trial")
    axes.set_ylabel("accuracy on the tuning part")
    axes.set_title(title, fontsize=10)
    axes.grid(axis="y", color="#e2e8f0", zorder=0)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    _plain(axes)
    return figure


def importance_figure(shares: Mapping[str, float], title: str, trials: int) -> Figure:
    """A bar a key: the share of the accuracy's variance that goes with it, largest on top."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(8, 1.6 + 0.42 * len(shares)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    ordered = sorted(shares.items(), key=lambda item: item[1])
    names, values = zip(*ordered, strict=True)
    bars = axes.barh(names, values, color=BLUE, height=0.62)
    axes.bar_label(bars, [f"{value:.0%}" for value in values], padding=4, fontsize=9, color=DARK)
    axes.set_xlim(0, max(values) * 1.12)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel(
        f"share of the variance that single keys explain (fANOVA, {trials} finished trials)"
    )
    axes.set_title(title, fontsize=10)
    axes.tick_params(axis="y", length=0)
    _plain(axes)
    return figure


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
