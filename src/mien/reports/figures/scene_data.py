"""Figures of whole pictures with marked faces: boxes, sizes of faces, faces a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.datasets.scenes.info import LARGE, MEDIUM, size_classes
from mien.datasets.scenes.survey import SceneSurvey, Shown
from mien.reports.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, new_figure, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = (BLUE, ORANGE, GREEN, MUTED)
_FACE = "#ffe14d"  # on photos, where the colours of the other figures would be lost
_IGNORED = "#e5e7eb"
_CELL = 2.7  # inches
_WIDTH = (LARGE / MEDIUM) ** (1 / 6)  # of a bin: the bounds of medium faces are edges of bins
_STEPS = (0, 1, 2, 3, 6, 11, 21, 51, 101, 201, 501, 1001)  # first number of faces of each bar


def boxes_figure(found: SceneSurvey, source: str) -> Figure:
    """The picture with the most faces, large, and eight others, each with its boxes.

    Ignored faces have a dashed grey box.
    """
    figure = new_figure(4 * _CELL, 3 * _CELL + 0.5)
    grid = figure.add_gridspec(3, 4)
    places = [grid[:2, :2], *(grid[i, j] for i in range(3) for j in range(4) if i > 1 or j > 1)]
    for place, shown in zip(places, found.pictures, strict=False):
        _draw(figure.add_subplot(place), shown)
    figure.suptitle(
        f"{found.dataset} {found.split} ({source}): the picture with the most faces, and others "
        "drawn at random",
        fontsize=11,
    )
    return figure


def _draw(axes: Axes, shown: Shown) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patheffects import Normal, Stroke

    axes.imshow(shown.image, interpolation="antialiased")
    axes.set_axis_off()
    n, ignored = len(shown.boxes), int(shown.ignored.sum())
    width = 1.4 if n <= 10 else 1.0 if n <= 50 else 0.7
    kinds = ((shown.ignored, _IGNORED, (0, (2, 1))), (~shown.ignored, _FACE, "solid"))
    for those, color, dash in kinds:
        x1, y1, x2, y2 = shown.boxes[those].T
        corners = np.stack([x1, y1, x2, y1, x2, y2, x1, y2], axis=1).reshape(-1, 4, 2)
        edge = [Stroke(linewidth=width + 0.9, foreground="black", alpha=0.5), Normal()]
        axes.add_collection(
            PolyCollection(
                list(corners), facecolors="none", edgecolors=color, linestyles=[dash],
                linewidths=width, path_effects=edge,
            ),
            autolim=False,
        )  # fmt: skip
    words = "1 face" if n - ignored == 1 else f"{n - ignored:,} faces"
    title = f"{words}, {ignored:,} ignored" if ignored else words
    axes.set_title(title, fontsize=8, color=MUTED, pad=3)


def views_figure(views: Sequence[Shown], title: str) -> Figure:
    """Views that a detector learns from, six in a row, each with its boxes."""
    rows = -(-len(views) // 6)
    figure = new_figure(6 * 0.8 * _CELL, rows * 0.8 * _CELL + 0.6)
    grid = figure.add_gridspec(rows, 6)
    for place, shown in enumerate(views):
        _draw(figure.add_subplot(grid[place // 6, place % 6]), shown)
    figure.suptitle(title, fontsize=11)
    return figure


def sizes_figure(found: SceneSurvey, source: str) -> Figure:
    """A histogram of the sizes of faces, a colour a split, on a logarithmic axis."""
    figure = new_figure(7.4, 4.2)
    axes = figure.add_subplot()
    every = np.concatenate([*found.sizes.values()])
    low, high = (every.min(), every.max()) if len(every) else (MEDIUM, LARGE)
    first = np.floor(np.log(low / MEDIUM) / np.log(_WIDTH))
    last = np.floor(np.log(high / MEDIUM) / np.log(_WIDTH)) + 1
    bins = MEDIUM * _WIDTH ** np.arange(first, last + 1)  # (B + 1,)
    for color, (split, sizes) in zip(_colors(found), found.sizes.items(), strict=True):
        shares = np.histogram(sizes, bins)[0] / max(len(sizes), 1)
        axes.stairs(shares, bins, color=color, linewidth=1.8, label=_size_words(split, sizes))
        if len(found.sizes) == 1:
            axes.stairs(shares, bins, color=color, alpha=0.12, fill=True)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda size, _: f"{size:g}")
    plain(axes)
    percent(axes, "y")
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
    figure.suptitle(f"Sizes of the faces of {found.dataset} ({source})", fontsize=11)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9)
    return figure


def _size_words(split: str, sizes: NDArray[np.float64]) -> str:
    shares = (f"{n / max(len(sizes), 1):.0%} {name}" for name, n in size_classes(sizes).items())
    return f"{split}: {len(sizes):,} faces, {', '.join(shares)}"


def faces_per_picture_figure(found: SceneSurvey, source: str) -> Figure:
    """Bars: how many pictures have no face, one, two, three to five and so on, a colour a split."""
    most = max((int(counts.max()) for counts in found.faces.values() if len(counts)), default=0)
    steps = [step for step in _STEPS if step <= max(most, 3)]
    edges = np.array([*steps, np.iinfo(np.int64).max])
    figure = new_figure(7.4, 4.0)
    axes = figure.add_subplot()
    width = 0.8 / len(found.faces)
    for place, (split, counts) in enumerate(found.faces.items()):
        pictures = np.histogram(counts, edges)[0]
        shares = pictures / max(len(counts), 1)
        at = np.arange(len(steps)) + (place - (len(found.faces) - 1) / 2) * width
        words = f"{split}: {len(counts):,} pictures"
        if len(counts):
            words += f", median {np.median(counts):.0f}, most {counts.max():,}"
        axes.bar(at, shares, width * 0.92, color=_colors(found)[place], label=words)
        for x, share, n in zip(at, shares, pictures.tolist(), strict=True):
            axes.annotate(
                f"{n:,}", (x, share), xytext=(0, 2), textcoords="offset points", ha="center",
                fontsize=7.5 if len(found.faces) < 3 else 6, color=INK,
            )  # fmt: skip
    nexts = [*steps[1:], None]
    names = [
        f"{step:,}+" if after is None and step > 2 else
        f"{step}" if after in (None, step + 1) else f"{step}–{after - 1}"
        for step, after in zip(steps, nexts, strict=True)
    ]  # fmt: skip
    axes.set_xticks(np.arange(len(steps)), names)
    if len(names) > 9:  # they would overlap
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right")
    plain(axes, "y")
    percent(axes, "y")
    axes.set_xlabel("faces in a picture")
    axes.set_ylabel("share of the pictures")
    figure.suptitle(f"Faces a picture of {found.dataset} ({source})", fontsize=11)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9)
    return figure


def _colors(found: SceneSurvey) -> list[str]:
    return [_COLORS[i % len(_COLORS)] for i in range(len(found.sizes))]
