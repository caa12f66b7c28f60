"""Grids of faces: the surest mistakes, and what in a face an answer rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset
from mien.evaluation.classification.predictions import Predictions
from mien.reports.figures.style import GREEN, INK, MUTED, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WEAK = 0.1  # a loss of ten points: less is hardly what an answer rests on
NAME = 36  # characters of a picture's name that its width has room for


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One picture and what the classifier answered to it."""

    image: NDArray[np.uint8]
    """(H, W) or (H, W, 3)."""
    key: str
    true: str
    predicted: str
    probability: float
    """Of the predicted expression."""


def read_faces(
    dataset: Dataset, predictions: Predictions, indices: Sequence[int] | NDArray[np.int64]
) -> list[Face]:
    """The pictures behind some of the answers, in the order of ``indices``; ``DatasetError``."""
    wanted = {predictions.keys[index] for index in indices}
    samples = dataset.samples(predictions.split)
    images = {sample.key: sample.image for sample in samples if sample.key in wanted}
    return [
        Face(
            image=images[predictions.keys[index]],
            key=predictions.keys[index],
            true=predictions.names[predictions.labels[index]],
            predicted=predictions.names[predictions.predicted[index]],
            probability=float(predictions.probs[index].max()),
        )
        for index in indices
    ]


def mistakes_figure(faces: Sequence[Face], title: str, columns: int = 6) -> Figure:
    """A grid of pictures in the given order: true → predicted, probability, name."""
    rows = max(1, -(-len(faces) // columns))
    figure = new_figure(1.55 * columns, 0.5 + 1.95 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, face in zip(grid.flat, faces, strict=False):
        _picture(axes, face)
    if not faces:
        grid[0, 0].text(0, 0.5, "no mistakes", color=MUTED)
    figure.suptitle(title, fontsize=11)
    return figure


def explanation_figure(
    faces: Sequence[Face],
    maps: Mapping[str, NDArray[np.float32]],
    title: str,
    drops: bool = True,
    pairs: int = 3,
) -> Figure:
    """Each face beside itself with its map on it; ``maps`` are (H, W) by the faces' keys.

    Orange speaks for the answer, blue against it, the strongest place of a face in full colour.
    ``drops`` says that the maps are losses of probability: the largest is written above, and one
    below ``WEAK`` stays pale.
    """
    rows = max(1, -(-len(faces) // pairs))
    figure = new_figure(3.25 * pairs, 0.5 + 2.05 * rows)
    grid = figure.subplots(rows, 2 * pairs, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for place, face in enumerate(faces):
        row, column = divmod(place, pairs)
        _picture(grid[row, 2 * column], face)
        overlaid = grid[row, 2 * column + 1]
        overlaid.imshow(with_map(face.image, maps[face.key], drops), interpolation="nearest")
        if drops:
            text = f"costs up to\n{costs(maps[face.key])}"
            overlaid.set_title(text, fontsize=7.5, color=MUTED)
    figure.suptitle(title, fontsize=11)
    return figure


def _picture(axes: Axes, face: Face) -> None:
    right = face.true == face.predicted
    axes.imshow(face.image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    words = face.predicted if right else f"{face.true} → {face.predicted}"
    axes.set_title(words, fontsize=8, color=GREEN if right else ORANGE, pad=13)
    axes.text(
        0.5, 1.02, f"{face.probability:.0%}", transform=axes.transAxes, ha="center", fontsize=8,
        color=INK,
    )  # fmt: skip
    name = face.key if len(face.key) <= NAME else f"…{face.key[1 - NAME :]}"
    axes.text(
        0.5, -0.03, name, transform=axes.transAxes, ha="center", va="top", fontsize=5.5,
        color=MUTED, parse_math=False,
    )  # fmt: skip


def with_map(
    image: NDArray[np.uint8], values: NDArray[np.float32], drops: bool
) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3) picture with its (H, W) map in colour on it → (H, W, 3) RGB uint8."""
    grey = image.mean(axis=2) if image.ndim == 3 else image.astype(np.float64)
    base = np.repeat(64 + 0.65 * grey[..., None], 3, axis=2)
    weight = values / max(float(np.abs(values).max()), WEAK if drops else 0, 1e-6)
    tint = np.where(weight[..., None] > 0, (242.0, 102.0, 13.0), (26.0, 89.0, 242.0))
    share = 0.75 * np.abs(weight)[..., None]
    return np.asarray((1 - share) * base + share * tint, np.uint8)


def costs(values: NDArray[np.float32]) -> str:
    """What the largest loss of a map of losses is, in words."""
    points = f"{100 * max(float(values.max()), 0):.0f}"
    return f"{points} point" if points == "1" else f"{points} points"
