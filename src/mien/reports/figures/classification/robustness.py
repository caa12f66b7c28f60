"""Figures of corrupted pictures: accuracy by strength, and what the corruptions look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset
from mien.datasets.files.decoding import decoded
from mien.datasets.samples import identity
from mien.errors import DatasetError
from mien.evaluation.classification.robustness import Robustness
from mien.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from mien.reports.figures.style import (
    INK,
    MUTED,
    clipped,
    new_figure,
    percent_ticks,
    series,
    unframe,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 4
"""Panels in a row."""
CLEAN = (0, (5, 2))
"""Dashes of the lines of clean pictures."""
SHOWN_SIDE = 240
"""Pixels that an example has at most: it is drawn small."""


def corruptions_figure(models: Mapping[str, Robustness], title: str) -> Figure:
    """Accuracy by strength, a panel for each kind and a line for each model, by its name.

    Dashed lines are the accuracies on the clean pictures.
    """
    from matplotlib.lines import Line2D

    kinds = list(next(iter(models.values())).kinds)
    rows = -(-len(kinds) // COLUMNS)
    figure = new_figure(11, 2.75 * rows + 1.1)
    grid = np.asarray(figure.subplots(rows, COLUMNS, squeeze=False, sharex=True, sharey=True))
    for axes, kind in zip(grid.flat, kinds, strict=False):
        for rank, (name, scores) in enumerate(models.items()):
            style = series(rank)
            axes.axhline(scores.accuracy, color=style["color"], linewidth=1.3, linestyle=CLEAN)
            axes.plot(
                STRENGTHS, scores.kinds[kind].accuracies, linewidth=2.2, markersize=6.5,
                markeredgecolor="white", markeredgewidth=0.6, label=clipped(name), clip_on=False,
                **style,
            )  # fmt: skip
        axes.set_title(kind, fontsize=13, color=INK)
        axes.set_xticks(STRENGTHS)
        axes.set_xlim(0.7, 5.3)
        axes.set_ylim(0, 1)
        unframe(axes, "y")
        axes.tick_params(labelsize=12)
        percent_ticks(axes, "y")
    for axes in grid.flat[len(kinds) :]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("strength", fontsize=12)
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy", fontsize=12)
    handles, names = grid.flat[0].get_legend_handles_labels()
    dashed = Line2D([], [], color=MUTED, linewidth=1.3, linestyle=CLEAN)
    figure.legend(
        [*handles, dashed], [*names, "on clean pictures"], loc="outside lower center", ncols=4,
        frameon=False, fontsize=12,
    )  # fmt: skip
    figure.suptitle(title, fontsize=13)
    return figure


def examples_figure(dataset: Dataset, split: str) -> Figure | None:
    """A picture from the middle of ``split``, clean and corrupted; ``None`` if none is readable."""
    samples = list(dataset.samples(split))
    for sample, image in decoded(samples[len(samples) // 2 :]):
        if not isinstance(image, DatasetError):
            versions = [image, *corrupted(image, identity(sample, image))]
            return _sheet([_small(each) for each in versions])
    return None


def _sheet(versions: Sequence[NDArray[np.uint8]]) -> Figure:
    """The clean picture and its corrupted versions, a row for each kind, as one image."""
    clean, *others = versions
    height, width = clean.shape[:2]
    gap = max(1, width // 12)
    down, right = height + gap, width + gap
    shape = (len(CORRUPTIONS) * down - gap, (1 + len(STRENGTHS)) * right - gap)
    sheet = np.full((*shape, *clean.shape[2:]), 255, np.uint8)
    for row in range(len(CORRUPTIONS)):
        shown = [clean, *others[row * len(STRENGTHS) : (row + 1) * len(STRENGTHS)]]
        for column, picture in enumerate(shown):
            top, left = row * down, column * right
            sheet[top : top + height, left : left + width] = picture
    figure = new_figure(7, 0.7 + 6 * shape[0] / shape[1])
    axes = figure.add_subplot()
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    names = ["clean", *map(str, STRENGTHS)]
    axes.set_xticks(np.arange(len(names)) * right + width / 2, names)
    axes.set_yticks(np.arange(len(CORRUPTIONS)) * down + height / 2, list(CORRUPTIONS))
    axes.xaxis.tick_top()
    unframe(axes)
    axes.grid(False)
    axes.tick_params(labelsize=11)
    return figure


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = SHOWN_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0])))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
