"""Figures of a search: how it went, and which keys mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from mien.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    halo,
    new_figure,
    percent_ticks,
    unframe,
)
from mien.train.tuning.trials import TrialRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def history_figure(trials: Sequence[TrialRow], title: str) -> Figure:
    """Accuracy by trial: finished and pruned ones, the best so far, failures along the bottom."""
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(8, 4.5)
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
            numbers, values, s=30, facecolors="white", edgecolors=MUTED, linewidths=1.4,
            label="pruned, when it was stopped", zorder=2,
        )  # fmt: skip
    failed = [trial.number for trial in trials if trial.state == "failed"]
    if failed:
        axes.scatter(
            failed, [0.02] * len(failed), s=34, marker="x", color=INK, label="failed",
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    for trial in trials:
        if trial.best and trial.accuracy is not None:
            near_the_end = trial.number > 0.85 * trials[-1].number
            axes.annotate(
                f"trial {trial.number}: {trial.accuracy:.2%}", (trial.number, trial.accuracy),
                xytext=(0, 9), textcoords="offset points", color=INK, fontsize=9,
                ha="right" if near_the_end else "center", path_effects=halo(),
            )  # fmt: skip
    axes.margins(x=0.06, y=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    percent_ticks(axes, "y")
    axes.set_xlabel("trial")
    axes.set_ylabel("accuracy on the tuning part")
    axes.set_title(title, fontsize=10)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    unframe(axes, grid="y")
    return figure


def importance_figure(shares: Mapping[str, float], title: str, trials: int) -> Figure:
    """A bar for each key: its share of the accuracy's variance, largest on top."""
    figure = new_figure(8, 1.6 + 0.42 * len(shares))
    axes = figure.add_subplot()
    ordered = sorted(shares.items(), key=lambda item: item[1])
    names, values = zip(*ordered, strict=True)
    bars = axes.barh(names, values, color=BLUE, height=0.62)
    axes.bar_label(bars, [f"{value:.0%}" for value in values], padding=4, fontsize=9, color=INK)
    axes.set_xlim(0, max(values) * 1.12)
    percent_ticks(axes, "x")
    axes.set_xlabel(
        f"share of the variance that single keys explain (fANOVA, {trials} finished trials)"
    )
    axes.set_title(title, fontsize=10)
    unframe(axes, grid="x")
    return figure
