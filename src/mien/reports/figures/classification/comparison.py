"""All figures of a comparison of classifiers, by the name of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset
from mien.evaluation.classification.comparison import ClassifierComparison, disagreements
from mien.evaluation.classification.predictions import Predictions
from mien.reports.figures.classification.confidence import draw_reliability
from mien.reports.figures.classification.confusion import MOST_NUMBERS, draw_matrix, label_matrix
from mien.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    blank_grid,
    clipped,
    label_size,
    new_figure,
    percent_ticks,
    readable_on,
    series,
    unframe,
)
from mien.reports.figures.tradeoff import ComparedModel, tradeoff_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = 12
COLUMNS = 3
"""Of panels, one per classifier."""


def comparison_figures(
    comparison: ClassifierComparison,
    answers: Mapping[str, Predictions],
    dataset: Dataset | None,
    title: str,
) -> Iterator[tuple[str, Figure]]:
    """``quality``, ``recall``, ``confusion``, ``reliability`` and ``disagreements``, one at a time;
    the last one only with a ``dataset`` to take pictures from.
    """
    ordered = {row.name: answers[row.name] for row in comparison.rows}
    yield "quality", quality_figure(comparison, title)
    yield "recall", recall_figure(comparison, title)
    yield "confusion", confusions_figure(comparison, title)
    yield "reliability", reliabilities_figure(comparison, ordered, title)
    if dataset is not None:
        yield "disagreements", disagreements_figure(ordered, dataset, title)


def quality_figure(comparison: ClassifierComparison, title: str) -> Figure:
    """Accuracy with its interval, and accuracy against milliseconds per face."""
    models = [
        ComparedModel(
            row.name, row.scores.accuracy, interval.low, interval.high, row.cost.ms_per_face
        )
        for row in comparison.rows
        for interval in [row.scores.intervals["accuracy"]]
    ]
    return tradeoff_figure(models, title)


def recall_figure(comparison: ClassifierComparison, title: str) -> Figure:
    """Recall of each class, one marker per classifier, and their mean, the balanced accuracy."""
    labels = comparison.rows[0].scores.labels
    recalls = np.array(
        [
            [*(each.recall for each in row.scores.per_class.values()), row.scores.balanced_accuracy]
            for row in comparison.rows
        ]
    )  # (M, K + 1)
    at = np.arange(len(labels) + 1)
    figure = new_figure(8, 1.7 + 0.42 * len(at) + 0.12 * len(recalls))
    axes = figure.add_subplot()
    axes.hlines(at, recalls.min(axis=0), recalls.max(axis=0), color=PALE, linewidth=4, zorder=1)
    for rank, (row, values) in enumerate(zip(comparison.rows, recalls, strict=True)):
        axes.plot(
            values, at, linestyle="none", markersize=8, markeredgecolor="white",
            markeredgewidth=0.6, clip_on=False, label=clipped(row.name), zorder=3, **series(rank),
        )  # fmt: skip
    axes.axhline(len(at) - 1.5, color=MUTED, linewidth=0.8)
    support = [each.support for each in comparison.rows[0].scores.per_class.values()]
    names = [f"{clipped(name)}  ({n:,})" for name, n in zip(labels, support, strict=True)]
    axes.set_yticks(at, [*names, "mean: balanced accuracy"], fontsize=label_size(len(at)))
    axes.set_ylim(len(at) - 0.5, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel("recall: share of the class's pictures (in brackets) classified correctly")
    unframe(axes, "x")
    percent_ticks(axes, "x")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title, fontsize=11)
    return figure


def confusions_figure(comparison: ClassifierComparison, title: str) -> Figure:
    """The confusion matrices side by side; a cell is the share of its row."""
    labels, rows = comparison.rows[0].scores.labels, comparison.rows
    columns = min(COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    side = min(max(2.8, 0.42 * len(labels) + 0.6), 7.0)
    figure = new_figure(columns * side + 1.3, lines * (side + 0.1) + 1.1)
    grid = np.asarray(figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True))
    image = None
    for axes, row in zip(grid.flat, rows, strict=False):
        counts = np.array(row.scores.confusion)
        shares = counts / np.maximum(counts.sum(axis=1), 1)[:, None]
        image = draw_matrix(axes, shares)
        if len(labels) <= MOST_NUMBERS:
            for place in np.ndindex(shares.shape):
                share = float(shares[place])
                axes.text(
                    place[1], place[0], f"{100 * share:.0f}", ha="center", va="center", fontsize=8,
                    color=readable_on(share) if counts[place] else MUTED,
                )  # fmt: skip
        names = tuple(clipped(name, 18) for name in row.scores.columns)
        label_matrix(axes, [*names[: len(labels)]], names, label_size(len(labels)) - 1)
        axes.set_title(f"{clipped(row.name)}: {row.scores.accuracy:.1%}", fontsize=10, color=INK)
    for axes in grid.flat[len(rows) :]:
        axes.set_visible(False)
    for column in range(columns):  # the lowest matrix of each column has the names below
        last = (len(rows) - 1 - column) // columns
        grid[last, column].tick_params(axis="x", labelbottom=True)
    assert image is not None
    bar = figure.colorbar(image, ax=grid, shrink=0.5, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    bar.set_label("share of the row, %; on the diagonal: recall", color=MUTED, fontsize=9)
    figure.supxlabel("predicted", fontsize=10)
    figure.supylabel("true", fontsize=10)
    figure.suptitle(title, fontsize=11)
    return figure


def reliabilities_figure(
    comparison: ClassifierComparison, answers: Mapping[str, Predictions], title: str
) -> Figure:
    """One reliability diagram per classifier."""
    rows = comparison.rows
    columns = min(COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    figure = new_figure(3.2 * columns + 0.6, 3.2 * lines + 0.9)
    grid = np.asarray(figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True))
    for axes, row in zip(grid.flat, rows, strict=False):
        draw_reliability(axes, answers[row.name])
        axes.set_title(f"{clipped(row.name)}: ECE {row.scores.ece:.2%}", fontsize=10, color=INK)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("confidence")
    for axes in grid.flat[len(rows) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy")
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
    )
    figure.suptitle(title, fontsize=11)
    return figure


def disagreements_figure(
    answers: Mapping[str, Predictions], dataset: Dataset, title: str
) -> Figure:
    """The pictures about which classifiers disagree most, each with its label and every answer."""
    indices = disagreements([*answers.values()], PICTURES)
    images = _images(dataset, next(iter(answers.values())), indices)
    columns, lines = 6, max(1, -(-len(indices) // 6))
    figure = new_figure(11, 0.6 + lines * (2.1 + 0.17 * len(answers)))
    grid = blank_grid(figure, lines, columns)
    for axes, index in zip(grid.flat, indices, strict=False):
        first = next(iter(answers.values()))
        axes.imshow(
            images[first.keys[index]], cmap="gray", vmin=0, vmax=255, interpolation="nearest"
        )
        axes.set_title(f"true: {clipped(first.names[first.labels[index]], 18)}", fontsize=9)
        for line, (name, each) in enumerate(answers.items()):
            right = each.predicted[index] == each.labels[index]
            answer = clipped(each.names[each.predicted[index]], 12)
            axes.annotate(
                f"{'✓' if right else '✗'} {clipped(name, 9)}: {answer} "
                f"{each.probs[index].max():.0%}",
                (0, 0), (0, -11 - 11 * line), xycoords="axes fraction",
                textcoords="offset points", fontsize=7.2, color=BLUE if right else ORANGE,
                parse_math=False,
            )  # fmt: skip
    if not len(indices):
        grid[0, 0].text(0, 0.5, "they agree on every picture", color=MUTED)
    figure.suptitle(f"{title}: confident answers that differ", fontsize=11)
    return figure


def _images(
    dataset: Dataset, answers: Predictions, indices: Sequence[int] | NDArray[np.int64]
) -> dict[str, NDArray[np.uint8]]:
    """The pictures of the answers at ``indices``, by key."""
    wanted = {answers.keys[index] for index in indices}
    return {s.key: s.image for s in dataset.samples(answers.split) if s.key in wanted}
