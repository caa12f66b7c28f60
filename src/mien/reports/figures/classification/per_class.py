"""Figures per class: pictures and correct answers, precision, recall and F1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mien.evaluation.classification.measures import Evaluation
from mien.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    clipped,
    new_figure,
    percent_ticks,
    unframe,
)
from mien.reports.text import classifier_on_pictures

COLUMNS = (1.14, 1.25, 1.34)
"""Right edges of the numbers beside the axes."""

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def support_figure(evaluation: Evaluation) -> Figure:
    """One bar per class: its pictures, the correctly classified ones dark."""
    counts = np.array(evaluation.confusion)
    support, correct = counts.sum(axis=1), np.diag(counts)
    figure = new_figure(7, 1.4 + 0.42 * len(support))
    axes = figure.add_subplot()
    rows = np.arange(len(support))
    axes.barh(rows, support, color=PALE, height=0.68, label="pictures")
    axes.barh(rows, correct, color=BLUE, height=0.68, label="classified correctly")
    room = 0.012 * max(support.max(), 1)
    for row, (n, right) in enumerate(zip(support, correct, strict=True)):
        text = f"{right:,} of {n:,}  ({right / n:.0%})" if n else "no pictures"
        axes.text(n + room, row, text, va="center", fontsize=9, color=INK)
    axes.set_yticks(rows, evaluation.labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.28 * max(support.max(), 1))
    axes.set_xlabel("pictures")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    unframe(axes, "x")
    axes.legend(
        frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(-0.01, 1), borderaxespad=0.2
    )
    figure.suptitle(classifier_on_pictures(evaluation), fontsize=11)
    return figure


def scores_figure(evaluation: Evaluation) -> Figure:
    """Precision, recall and F1 of each class, and their means over the classes that occur.

    The mean recall is the evaluation's balanced accuracy, the mean F1 its macro F1.
    """
    measures = (("precision", BLUE, "o"), ("recall", ORANGE, "s"), ("F1", INK, "D"))
    rows = np.arange(len(evaluation.labels) + 1)
    table = np.array([[c.precision, c.recall, c.f1] for c in evaluation.per_class.values()])
    occurs = [scores.support > 0 for scores in evaluation.per_class.values()]
    means = table[occurs, 0].mean(), evaluation.balanced_accuracy, evaluation.macro_f1
    table = np.vstack([table, means])  # (K + 1, 3)
    figure = new_figure(7, 1.5 + 0.42 * len(rows))
    axes = figure.add_subplot()
    axes.hlines(rows, table.min(axis=1), table.max(axis=1), color=PALE, linewidth=4)
    for column, (name, color, marker) in enumerate(measures):
        axes.plot(
            table[:, column], rows, marker, color=color, label=name, markersize=7, clip_on=False
        )
    for row, values in enumerate(table):
        for at, value in zip(COLUMNS, values, strict=True):
            axes.text(at, row, f"{value:.0%}", va="center", ha="right", fontsize=9.5, color=INK)
    for at, (name, *_) in zip(COLUMNS, measures, strict=True):
        axes.text(at, -0.85, name, fontsize=8.5, ha="right", color=MUTED)
    axes.axhline(len(rows) - 1.5, color=MUTED, linewidth=0.8)
    axes.set_yticks(rows, [*map(clipped, evaluation.labels), "mean"])
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_xlim(0, 1.0)
    unframe(axes, "x")
    percent_ticks(axes, "x")
    axes.legend(
        frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(-0.01, 1), borderaxespad=0.2
    )
    figure.suptitle(classifier_on_pictures(evaluation), fontsize=11)
    return figure
