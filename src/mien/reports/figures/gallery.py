"""Pictures of any shape in rows that are all as wide as the figure, as photo albums do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.reports.figures.marks import show
from mien.reports.figures.style import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.12  # inches between two pictures, and around all
CAPTION = 0.46  # inches above each picture
HEAD = 0.8  # inches above all: the title and a legend


def gallery(
    images: Sequence[NDArray[np.uint8]], width: float = 14, row_height: float = 3.8
) -> tuple[Figure, list[Axes]]:
    """A figure ``width`` inches wide with each of ``images``, (H, W, 3), on axes of its own.

    A row's height, near ``row_height`` inches, is such that its pictures fill it.
    """
    shapes = [image.shape[1] / image.shape[0] for image in images]  # width through height
    rows = _rows(shapes, width / row_height)
    heights = [(width - GAP * (len(row) + 1)) / sum(shapes[index] for index in row) for row in rows]
    heights[-1:] = [min(height, 1.3 * row_height) for height in heights[-1:]]  # it may be short
    total = HEAD + GAP + sum(height + CAPTION for height in heights)
    figure = _blank(width, total)
    made: list[Axes] = []
    top = total - HEAD
    for row, height in zip(rows, heights, strict=True):
        top -= CAPTION + height
        left = GAP
        for index in row:
            side = height * shapes[index]
            made.append(_show(figure, images[index], (left, top, side, height)))
            left += side + GAP
    return figure, made


def paired(
    images: Sequence[NDArray[np.uint8]], columns: int, width: float = 5.4
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with each of ``images``, (H, W, 3), ``columns`` times beside itself.

    A column is ``width`` inches wide; a picture higher than 3 : 4 is narrower, in its middle.
    """
    shapes = [image.shape[1] / image.shape[0] for image in images]
    heights = [width / max(shape, 4 / 3) for shape in shapes]
    total = HEAD + GAP + sum(height + CAPTION for height in heights)
    whole = columns * (width + GAP) + GAP
    figure = _blank(whole, total)
    made: list[list[Axes]] = []
    top = total - HEAD
    for image, shape, height in zip(images, shapes, heights, strict=True):
        top -= CAPTION + height
        side = min(width, height * shape)
        lefts = [GAP + column * (width + GAP) + (width - side) / 2 for column in range(columns)]
        made.append([_show(figure, image, (left, top, side, height)) for left in lefts])
    return figure, made


def _blank(width: float, height: float) -> Figure:
    figure = new_figure(width, height)
    figure.set_layout_engine("none")  # each place is known
    return figure


def _show(
    figure: Figure, image: NDArray[np.uint8], place: tuple[float, float, float, float]
) -> Axes:
    """``image`` on axes of its own at ``place``: left, bottom, width and height in inches."""
    width, height = figure.get_size_inches()
    left, bottom, across, up = place
    axes = figure.add_axes((left / width, bottom / height, across / width, up / height))
    show(axes, image, aspect="auto")
    return axes


def _rows(shapes: Sequence[float], target: float) -> list[list[int]]:
    """Indices row by row, in order: a row ends where one more picture would take its total width,
    in units of its height, further from ``target``.
    """
    rows: list[list[int]] = []
    held = 0.0
    for index, shape in enumerate(shapes):
        if not rows or abs(held + shape - target) > abs(held - target):
            rows.append([])
            held = 0.0
        rows[-1].append(index)
        held += shape
    return rows
