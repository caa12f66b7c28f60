"""Pictures of any shape in rows of equal width, like a photo album."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.reports.figures.boxes import show_picture
from mien.reports.figures.style import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.12  # inches between two pictures, and around all of them
CAPTION = 0.46  # inches above each picture
HEAD = 0.8  # inches at the top: the title and a legend


def gallery(
    images: Sequence[NDArray[np.uint8]], width: float = 14, row_height: float = 3.8
) -> tuple[Figure, list[Axes]]:
    """A figure ``width`` inches wide, and the axes of each of ``images`` (H, W, 3).

    Rows are about ``row_height`` inches high, so that their pictures fill the width.
    """
    shapes = [image.shape[1] / image.shape[0] for image in images]  # width / height
    rows = _rows(shapes, width / row_height)
    heights = [(width - GAP * (len(row) + 1)) / sum(shapes[index] for index in row) for row in rows]
    if len(heights) > 1:  # the last row may have fewer pictures than it has room for
        heights[-1] = min(heights[-1], sum(heights[:-1]) / (len(heights) - 1))
    heights[-1:] = [min(height, 1.3 * row_height) for height in heights[-1:]]
    total = HEAD + GAP + sum(height + CAPTION for height in heights)
    figure = _blank(width, total)
    grid: list[Axes] = []
    top = total - HEAD
    for row, height in zip(rows, heights, strict=True):
        top -= CAPTION + height
        left = GAP
        for index in row:
            side = height * shapes[index]
            grid.append(_add_picture(figure, images[index], (left, top, side, height)))
            left += side + GAP
    return figure, grid


def repeated(
    images: Sequence[NDArray[np.uint8]], columns: int, width: float = 5.4
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with ``columns`` copies of each of ``images`` (H, W, 3) side by side, and the axes
    of each row.

    A column is ``width`` inches wide; a picture narrower than 4:3 is centred.
    """
    shapes = [image.shape[1] / image.shape[0] for image in images]
    heights = [width / max(shape, 4 / 3) for shape in shapes]
    total = HEAD + GAP + sum(height + CAPTION for height in heights)
    whole = columns * (width + GAP) + GAP
    figure = _blank(whole, total)
    grid: list[list[Axes]] = []
    top = total - HEAD
    for image, shape, height in zip(images, shapes, heights, strict=True):
        top -= CAPTION + height
        side = min(width, height * shape)
        lefts = [GAP + column * (width + GAP) + (width - side) / 2 for column in range(columns)]
        grid.append([_add_picture(figure, image, (left, top, side, height)) for left in lefts])
    return figure, grid


def _blank(width: float, height: float) -> Figure:
    figure = new_figure(width, height)
    figure.set_layout_engine("none")  # every position is given
    return figure


def _add_picture(
    figure: Figure, image: NDArray[np.uint8], place: tuple[float, float, float, float]
) -> Axes:
    """New axes with ``image`` at ``place``: left, bottom, width and height in inches."""
    width, height = figure.get_size_inches()
    left, bottom, across, up = place
    axes = figure.add_axes((left / width, bottom / height, across / width, up / height))
    show_picture(axes, image, aspect="auto")
    return axes


def _rows(shapes: Sequence[float], target: float) -> list[list[int]]:
    """Indices row by row, in order. A row ends where another picture would take its width, in
    units of its height, further from ``target``.
    """
    rows: list[list[int]] = []
    filled = 0.0
    for index, shape in enumerate(shapes):
        if not rows or abs(filled + shape - target) > abs(filled - target):
            rows.append([])
            filled = 0.0
        rows[-1].append(index)
        filled += shape
    return rows
