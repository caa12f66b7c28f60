"""Figures of a data set of whole pictures: boxes, face sizes, faces per picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.datasets.scenes.info import LARGE, MEDIUM, size_classes
from mien.datasets.scenes.survey import SceneSurvey, Shown
from mien.reports.figures.boxes import BoxStyle, box_legend, draw_boxes, show_picture
from mien.reports.figures.gallery import gallery
from mien.reports.figures.style import (
    COLORS,
    DASHES,
    INK,
    MUTED,
    halo,
    new_figure,
    percent_ticks,
    unframe,
)
from mien.reports.text import data_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FACE = BoxStyle("face", "#ffe14d", "-", 1.4, edge=0.9)
_IGNORED = BoxStyle("ignored", "#e5e7eb", (0, (2, 1)), 1.4, edge=0.9)
_CELL = 2.7  # inches
_BIN = (LARGE / MEDIUM) ** (1 / 6)  # width of a bin: both bounds of medium faces are bin edges
_STEPS = (0, 1, 2, 3, 6, 11, 21, 51, 101, 201, 501, 1001)  # first number of faces of each bar


def scene_figures(survey: SceneSurvey, source: str) -> dict[str, Figure]:
    """The figures of a data set, by name."""
    return {
        "boxes": boxes_figure(survey, source),
        "sizes": sizes_figure(survey, source),
        "faces_per_picture": faces_per_picture_figure(survey, source),
    }


def boxes_figure(survey: SceneSurvey, source: str) -> Figure:
    """The picture with the most faces and eight others, each with its boxes.

    Boxes of ignored faces are grey and dashed.
    """
    figure, grid = gallery([shown.image for shown in survey.pictures], width=12, row_height=3.4)
    for axes, shown in zip(grid, survey.pictures, strict=True):
        _draw_faces(axes, shown)
    inches = figure.get_size_inches()[1]
    figure.suptitle(
        f"{data_title(survey.dataset, source)}, split {survey.split}: the picture with the most "
        "faces, and others drawn at random",
        fontsize=12, y=1 - 0.12 / inches,
    )  # fmt: skip
    if any(shown.ignored.any() for shown in survey.pictures):
        box_legend(
            figure, (_FACE, _IGNORED), facecolor="#4b5563", labelcolor="white",
            loc="upper center", bbox_to_anchor=(0.5, 1 - 0.36 / inches),
        )  # fmt: skip
    return figure


def _draw_faces(axes: Axes, shown: Shown) -> None:
    show_picture(axes, shown.image)
    n, ignored = len(shown.boxes), int(shown.ignored.sum())
    width = 1.4 if n <= 10 else 1.0 if n <= 50 else 0.7
    for boxes, style in (
        (shown.boxes[shown.ignored], _IGNORED),
        (shown.boxes[~shown.ignored], _FACE),
    ):
        draw_boxes(axes, boxes, replace(style, width=width))
    words = "1 face" if n - ignored == 1 else f"{n - ignored:,} faces"
    title = f"{words}, {ignored:,} ignored" if ignored else words
    axes.set_title(title, fontsize=9, color=INK, pad=3, loc="left")


def augmented_views_figure(views: Sequence[Shown], title: str) -> Figure:
    """Augmented views that a detector is trained on, six per row, each with its boxes."""
    rows = -(-len(views) // 6)
    figure = new_figure(6 * 0.8 * _CELL, rows * 0.8 * _CELL + 0.6)
    grid = figure.add_gridspec(rows, 6)
    for place, shown in enumerate(views):
        _draw_faces(figure.add_subplot(grid[place // 6, place % 6]), shown)
    figure.suptitle(title, fontsize=11)
    return figure


def sizes_figure(survey: SceneSurvey, source: str) -> Figure:
    """A histogram of face sizes on a logarithmic axis, one colour per split."""
    figure = new_figure(7.4, 4.2)
    axes = figure.add_subplot()
    every = np.concatenate([*survey.sizes.values()])
    low, high = (every.min(), every.max()) if len(every) else (MEDIUM, LARGE)
    first = np.floor(np.log(low / MEDIUM) / np.log(_BIN))
    last = np.floor(np.log(high / MEDIUM) / np.log(_BIN)) + 1
    bins = MEDIUM * _BIN ** np.arange(first, last + 1)  # (B + 1,)
    for rank, (split, sizes) in enumerate(survey.sizes.items()):
        color, dash = COLORS[rank % len(COLORS)], DASHES[rank % len(DASHES)]
        shares = np.histogram(sizes, bins)[0] / max(len(sizes), 1)
        axes.stairs(
            shares, bins, color=color, linestyle=dash, linewidth=1.8,
            label=_size_words(split, sizes),
        )  # fmt: skip
        if len(survey.sizes) == 1:
            axes.stairs(shares, bins, color=color, alpha=0.12, fill=True)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda size, _: f"{size:g}")
    unframe(axes)
    percent_ticks(axes, "y")
    axes.set_ylim(bottom=0)
    left, right = axes.get_xlim()
    edges = np.clip([left, MEDIUM, LARGE, right], left, right)
    for name, start, end in zip(("small", "medium", "large"), edges[:-1], edges[1:], strict=True):
        if end > start:
            axes.text(
                np.sqrt(start * end), 1.0, name, transform=axes.get_xaxis_transform(),
                ha="center", va="bottom", fontsize=9, color=MUTED,
            )  # fmt: skip
    for bound in (MEDIUM, LARGE):
        axes.axvline(bound, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_xlim(left, right)
    axes.set_xlabel("size of a face: √(width × height), pixels")
    axes.set_ylabel("share of the faces")
    figure.suptitle(f"Face sizes in {data_title(survey.dataset, source)}", fontsize=11)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9)
    return figure


def _size_words(split: str, sizes: NDArray[np.float64]) -> str:
    shares = (f"{n / max(len(sizes), 1):.0%} {name}" for name, n in size_classes(sizes).items())
    return f"{split}: {len(sizes):,} faces, {', '.join(shares)}"


def faces_per_picture_figure(survey: SceneSurvey, source: str) -> Figure:
    """Bars: how many pictures have no face, one, two, three to five and so on, per split."""
    most = max((int(counts.max()) for counts in survey.faces.values() if len(counts)), default=0)
    steps = [step for step in _STEPS if step <= max(most, 3)]
    edges = np.array([*steps, np.iinfo(np.int64).max])
    figure = new_figure(7.4, 4.0)
    axes = figure.add_subplot()
    width = 0.8 / len(survey.faces)
    for place, (split, counts) in enumerate(survey.faces.items()):
        pictures = np.histogram(counts, edges)[0]
        shares = pictures / max(len(counts), 1)
        at = np.arange(len(steps)) + (place - (len(survey.faces) - 1) / 2) * width
        words = f"{split}: {len(counts):,} pictures"
        if len(counts):
            words += f", median {np.median(counts):.0f}, maximum {counts.max():,}"
        axes.bar(at, shares, width * 0.92, color=COLORS[place % len(COLORS)], label=words)
        for x, share, n in zip(at, shares, pictures.tolist(), strict=True):
            axes.annotate(
                f"{n:,}", (x, share), xytext=(0, 2), textcoords="offset points", ha="center",
                va="bottom", fontsize=8, color=INK, path_effects=halo(),
                rotation=0 if len(survey.faces) == 1 else 90,
            )  # fmt: skip
    nexts = [*steps[1:], None]
    names = [
        f"{step:,}+" if after is None and step > 2 else
        f"{step}" if after in (None, step + 1) else f"{step}–{after - 1}"
        for step, after in zip(steps, nexts, strict=True)
    ]  # fmt: skip
    axes.set_xticks(np.arange(len(steps)), names)
    if len(names) > 9:  # horizontal ones would overlap
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right")
    axes.margins(y=0.1 if len(survey.faces) == 1 else 0.2)  # room for the numbers
    unframe(axes, "y")
    percent_ticks(axes, "y")
    axes.set_xlabel("faces in a picture")
    axes.set_ylabel("share of the pictures")
    figure.suptitle(f"Faces per picture in {data_title(survey.dataset, source)}", fontsize=11)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9)
    return figure
