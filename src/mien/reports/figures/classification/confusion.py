"""The confusion matrix: numbers and shades are of one kind, shares of a row or counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.classification.measures import Evaluation
from mien.reports.figures.style import MUTED, SHADES, clipped, label_size, new_figure, readable_on
from mien.reports.text import classifier_on_pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NUMBERS = 16
"""Classes up to which cells have numbers; with more, shades alone are legible."""


def confusion_figure(
    evaluation: Evaluation, cells: Literal["both", "counts", "shares"] = "both"
) -> Figure:
    """The confusion matrix, one row per true class.

    ``shares``: the shade and the number of a cell are its share of the row, on the diagonal the
    recall. ``both``: the counts are below, small. ``counts``: both are the count. Above
    ``MOST_NUMBERS`` classes cells have no numbers.
    """
    labels = evaluation.labels
    counts = np.array(evaluation.confusion)  # (K, K), or K + 1 columns; rows are true classes
    support = counts.sum(axis=1)
    shares = counts / np.maximum(support, 1)[:, None]
    size = min(max(5.4, 2.2 + 0.84 * len(labels)), 13)
    more = 0.84 * (counts.shape[1] - len(labels))  # photos without a face
    figure = new_figure(size + 0.6 + more, size)
    axes = figure.add_subplot()
    if cells == "counts":
        shaded, words = counts / max(counts.max(), 1), "pictures"
        scale = float(max(counts.max(), 1))
    else:
        shaded, words = shares, "share of the row's pictures; on the diagonal: recall"
        scale = 1.0
    image = draw_matrix(axes, shaded)
    if len(labels) <= MOST_NUMBERS:
        _write_cells(axes, shaded, shares, counts, cells)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    bar.ax.yaxis.set_major_formatter(
        lambda value, _: f"{value * scale:,.0f}" if cells == "counts" else f"{value:.0%}"
    )
    bar.set_label(words, color=MUTED, fontsize=9)
    font = label_size(len(labels))
    join = "\n" if len(labels) <= MOST_NUMBERS else "  "
    names = tuple(clipped(name, 24) for name in evaluation.columns)
    rows = zip(names[: len(labels)], support, strict=True)
    label_matrix(axes, [f"{name}{join}{n:,}" for name, n in rows], names, font)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true, and its pictures")
    figure.suptitle(
        f"{classifier_on_pictures(evaluation)}\n"
        f"accuracy {evaluation.accuracy:.1%}, balanced {evaluation.balanced_accuracy:.1%}, "
        f"{evaluation.n:,} pictures",
        fontsize=11,
    )
    return figure


def draw_matrix(axes: Axes, shares: NDArray[np.float64]) -> Any:
    """Shade a (K, L) matrix of values in [0, 1], with white lines between cells."""
    image = axes.imshow(shares, cmap=SHADES, vmin=0, vmax=1)
    axes.set_xticks(np.arange(0.5, shares.shape[1] - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(shares) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def label_matrix(axes: Axes, rows: list[str], columns: tuple[str, ...], font: float) -> None:
    """Write the names of rows and columns."""
    places = range(len(columns))
    axes.set_xticks(places, columns, rotation=40, ha="right", rotation_mode="anchor", fontsize=font)
    axes.set_yticks(range(len(rows)), rows, fontsize=font)


def _write_cells(
    axes: Axes,
    shaded: NDArray[np.float64],
    shares: NDArray[np.float64],
    counts: NDArray[np.int64],
    cells: str,
) -> None:
    large, small = (11.0, 8.0) if len(counts) <= 10 else (8.0, 6.5)
    for row, column in np.ndindex(counts.shape):
        empty = not counts[row, column]
        color = MUTED if empty else readable_on(float(shaded[row, column]))
        share, count = f"{shares[row, column]:.0%}", f"{counts[row, column]:,}"
        both = cells == "both" and not empty
        axes.text(
            column, row - (0.02 if both else 0), count if cells == "counts" else share,
            ha="center", va="bottom" if both else "center", color=color, fontsize=large,
        )  # fmt: skip
        if both:
            axes.text(column, row + 0.08, count, ha="center", va="top", color=color, fontsize=small)
