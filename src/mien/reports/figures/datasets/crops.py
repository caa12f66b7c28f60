"""Figures of a data set of face crops: labels, samples, mean faces, augmented samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.crops.survey import CropSurvey
from mien.reports.figures.style import BLUE, INK, MUTED, blank_grid, clipped, new_figure
from mien.reports.text import data_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL = 0.78  # inches of a picture in a grid


def crop_figures(survey: CropSurvey, source: str) -> dict[str, Figure]:
    """The figures of a data set, by name."""
    return {
        "labels": labels_figure(survey, source),
        "samples": samples_figure(survey, source),
        "mean_faces": mean_faces_figure(survey, source),
    }


def labels_figure(survey: CropSurvey, source: str) -> Figure:
    """One panel per split, one bar per label: counts and shares of the split."""
    names, n = survey.labels, len(survey.counts)
    figure = new_figure(1.3 + 3.3 * n, 1.3 + 0.36 * len(names))
    panels = figure.subplots(1, n, sharey=True, squeeze=False)[0]
    at = np.arange(len(names))
    for axes, (split, counts) in zip(panels, survey.counts.items(), strict=True):
        total = int(counts.sum())
        axes.barh(at, counts, height=0.72, color=BLUE)
        for y, count in zip(at, counts.tolist(), strict=True):
            axes.annotate(
                f"{count:,}  {count / max(total, 1):.1%}", (count, y), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize=8, color=INK,
            )  # fmt: skip
        axes.set_xlim(0, max(int(counts.max()), 1) * 1.42)  # room for the numbers
        axes.set_title(f"{split}: {total:,} pictures", fontsize=10)
        axes.set_xticks([])
        axes.tick_params(length=0)
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
    panels[0].set_yticks(at, [clipped(name) for name in names])
    panels[0].invert_yaxis()  # the first label on top
    figure.suptitle(f"Labels of {data_title(survey.dataset, source)}", fontsize=11)
    return figure


def samples_figure(survey: CropSurvey, source: str) -> Figure:
    """Pictures drawn at random, one row per label."""
    columns = max(1, *(len(row) for row in survey.pictures))
    figure = new_figure(1.5 + _CELL * columns, 0.6 + (_CELL + 0.04) * len(survey.labels))
    grid = blank_grid(figure, len(survey.labels), columns)
    counts = survey.counts[survey.split].tolist()
    for cells, label, count, row in zip(grid, survey.labels, counts, survey.pictures, strict=True):
        for axes, picture in zip(cells, row, strict=False):
            _show_picture(axes, picture)
        _label_row(cells[0], f"{clipped(label)}\n{count:,}")
    figure.suptitle(
        f"{data_title(survey.dataset, source)}, split {survey.split}: pictures drawn at random",
        fontsize=11,
    )
    return figure


def mean_faces_figure(survey: CropSurvey, source: str, columns: int = 4) -> Figure:
    """The mean of each label's pictures, and how many it is made of."""
    n = len(survey.labels)
    # The number of columns from 3 to 6 that leaves the fewest places empty.
    columns = min((c for c in range(min(3, n), 7)), key=lambda c: (-n % c, abs(c - columns)))
    rows = -(-n // columns)
    figure = new_figure(1.75 * columns, 0.7 + 1.95 * rows)
    grid = blank_grid(figure, rows, columns)
    counts = survey.counts[survey.split].tolist()
    averaged = survey.averaged.tolist()
    seen = survey.means[survey.averaged > 0] / 255
    grey = survey.means.shape[3] == 1 and len(seen) > 0
    limits = (float(seen.min()), float(seen.max())) if grey else (0.0, 1.0)
    for index, (axes, label) in enumerate(zip(grid.flat, survey.labels, strict=False)):
        if averaged[index]:
            _show_picture(axes, survey.means[index] / 255, limits)
        share = "" if averaged[index] == counts[index] else f" of {counts[index]:,}"
        axes.set_title(clipped(label, 20), fontsize=10, pad=14)
        axes.text(
            0.5, 1.02, f"{averaged[index]:,}{share}", transform=axes.transAxes, ha="center",
            fontsize=8, color=MUTED,
        )  # fmt: skip
    figure.suptitle(
        f"Mean faces of {data_title(survey.dataset, source)}, split {survey.split}"
        + ("\ncontrast stretched, alike for all" if grey else ""),
        fontsize=11,
    )
    return figure


def augmented_crops_figure(
    plain: NDArray[Any],
    augmented: NDArray[Any],
    mixed: NDArray[Any],
    names: Sequence[str],
    title: str,
) -> Figure:
    """One row per picture: ``plain`` (M, S, S, C) without augmentation, then ``augmented``
    (M, V, S, S, C).

    Values in [0, 1]. ``mixed``: (V,) share of another picture in each column. ``names`` label the
    M rows.
    """
    columns = 1 + augmented.shape[1]
    figure = new_figure(1.3 + _CELL * (columns + 0.25), 0.9 + (_CELL + 0.04) * len(plain))
    widths = [1.0, 0.25, *[1.0] * (columns - 1)]  # a gap after the first column
    grid = blank_grid(figure, len(plain), columns + 1, width_ratios=widths)
    for cells, image, row, name in zip(grid, plain, augmented, names, strict=True):
        for axes, picture in zip((cells[0], *cells[2:]), (image, *row), strict=True):
            _show_picture(axes, picture)
        _label_row(cells[0], name)
    heads = ["original", *(f"mixed, {share:.0%}" if share else "augmented" for share in mixed)]
    for axes, head in zip((grid[0, 0], *grid[0, 2:]), heads, strict=True):
        axes.set_title(head, fontsize=8, color=MUTED)
    figure.suptitle(title, fontsize=11)
    return figure


def _show_picture(
    axes: Axes, picture: NDArray[Any], limits: tuple[float, float] = (0.0, 1.0)
) -> None:
    """``picture``: (S, S, 1) grey or (S, S, 3) RGB, uint8 or in [0, 1]. ``limits``: black and white
    of a grey one in [0, 1].
    """
    black, white = (0, 255) if picture.dtype == np.uint8 else limits
    flat = picture[..., 0] if picture.shape[2] == 1 else picture
    axes.imshow(flat, cmap="gray", vmin=black, vmax=white, interpolation="nearest")


def _label_row(axes: Axes, text: str) -> None:
    """Write ``text`` to the left of a row, even if its first picture is missing."""
    axes.text(
        -0.12, 0.5, text, transform=axes.transAxes, ha="right", va="center", fontsize=9, color=INK
    )
