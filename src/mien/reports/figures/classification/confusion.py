"""The confusion matrix: shares as shade, and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mien.evaluation.classification.measures import Evaluation
from mien.reports.figures.style import INK, new_figure
from mien.reports.text import classifier_on_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_figure(
    evaluation: Evaluation, cells: Literal["both", "counts", "shares"] = "both"
) -> Figure:
    """The confusion matrix, one row per true class, shaded by the share of the row.

    A cell shows its share of the row, its count, or both.
    """
    counts = np.array(evaluation.confusion)  # (K, K or K + 1), rows are true classes
    support = counts.sum(axis=1)
    shares = counts / np.maximum(support, 1)[:, None]
    size = max(5.0, 1.5 + 0.9 * counts.shape[1])
    figure = new_figure(size, size)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        color = "white" if shares[row, column] > 0.67 else INK
        share, count = f"{shares[row, column]:.0%}", f"{counts[row, column]:,}"
        if cells == "both":
            axes.text(column, row - 0.02, share, ha="center", va="bottom", color=color, fontsize=11)
            axes.text(column, row + 0.08, count, ha="center", va="top", color=color, fontsize=8)
        else:
            text = share if cells == "shares" else count
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=11)
    true = [f"{name}\n({n:,})" for name, n in zip(evaluation.labels, support, strict=True)]
    columns = range(counts.shape[1])
    axes.set_xticks(columns, evaluation.columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(counts)), true)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (number of pictures)")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(
        f"{classifier_on_pictures(evaluation)}\n"
        f"accuracy {evaluation.accuracy:.1%}, balanced {evaluation.balanced_accuracy:.1%}, "
        f"{evaluation.n:,} pictures",
        fontsize=11,
    )
    return figure
