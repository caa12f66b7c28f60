"""Grids of face crops: the most confident mistakes, and what an answer rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset
from mien.datasets.detected import framed
from mien.evaluation.classification.predictions import Predictions
from mien.reports.figures.style import BLUE, INK, MUTED, ORANGE, blank_grid, clipped, new_figure
from mien.specs.classifier import ModelSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WEAK = 0.1  # a drop of ten points: an answer hardly rests on a place with less
NAME = 24  # characters of a key that fit below a picture


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedCrop:
    """A face crop and the classifier's answer to it."""

    image: NDArray[np.uint8]
    """(H, W) or (H, W, 3)."""
    key: str
    true: str
    predicted: str
    probability: float
    """Of the predicted expression."""


def read_classified_crops(
    dataset: Dataset,
    predictions: Predictions,
    indices: Sequence[int] | NDArray[np.int64],
    spec: ModelSpec | None = None,
) -> list[ClassifiedCrop]:
    """The pictures of the answers at ``indices``, in this order. Raises ``DatasetError``.

    Faces found in whole photos are framed as in ``spec``, that of the model.
    """
    wanted = {predictions.keys[index] for index in indices}
    samples = [each for each in dataset.samples(predictions.split) if each.key in wanted]
    shown = samples if spec is None else [framed(sample, spec) for sample in samples]
    images = {sample.key: sample.image for sample in shown}
    return [
        ClassifiedCrop(
            image=images[predictions.keys[index]],
            key=predictions.keys[index],
            true=predictions.names[predictions.labels[index]],
            predicted=predictions.names[predictions.predicted[index]],
            probability=float(predictions.probs[index].max()),
        )
        for index in indices
    ]


def mistakes_figure(crops: Sequence[ClassifiedCrop], title: str, columns: int = 6) -> Figure:
    """The crops in a grid, in order: true → predicted, probability, key."""
    rows = max(1, -(-len(crops) // columns))
    figure = new_figure(1.6 * columns, 0.7 + 2.02 * rows)
    grid = blank_grid(figure, rows, columns)
    for axes, crop in zip(grid.flat, crops, strict=False):
        _show_crop(axes, crop)
    if not crops:
        grid[0, 0].text(0, 0.5, "no mistakes", color=MUTED)
    figure.suptitle(f"{title}\ntrue → predicted, and the probability of the answer", fontsize=11)
    return figure


def explanation_figure(
    crops: Sequence[ClassifiedCrop],
    maps: Mapping[str, NDArray[np.float32]],
    title: str,
    drops: bool = True,
    pairs: int = 3,
) -> Figure:
    """Each crop, and beside it the same with its map on it; ``maps`` are (H, W) by key.

    Orange supports the answer, blue speaks against it; the strongest place of a crop has full
    colour. ``drops``: the maps are drops in probability, so the largest is written above, and
    crops whose largest is below ``WEAK`` stay pale.
    """
    rows = max(1, -(-len(crops) // pairs))
    figure = new_figure(3.4 * pairs, 0.75 + 2.1 * rows)
    grid = blank_grid(figure, rows, 2 * pairs)
    for index, crop in enumerate(crops):
        row, column = divmod(index, pairs)
        _show_crop(grid[row, 2 * column], crop)
        overlaid = grid[row, 2 * column + 1]
        overlaid.imshow(with_map(crop.image, maps[crop.key], drops), interpolation="nearest")
        if drops:
            text = f"covered: up to\n{largest_drop(maps[crop.key])} lower"
            overlaid.set_title(text, fontsize=8, color=MUTED)
    means = "supports the answer; blue: speaks against it; true → predicted, and its probability"
    figure.suptitle(f"{title}\norange: {means}", fontsize=11)
    return figure


def _show_crop(axes: Axes, crop: ClassifiedCrop) -> None:
    correct = crop.true == crop.predicted
    axes.imshow(crop.image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    words = clipped(crop.predicted, 22)
    if not correct:
        words = f"{clipped(crop.true, 11)} → {clipped(crop.predicted, 11)}"
    axes.set_title(words, fontsize=8, color=BLUE if correct else ORANGE, pad=14)
    axes.text(
        0.5, 1.02, f"{crop.probability:.0%}", transform=axes.transAxes, ha="center", fontsize=8,
        color=INK,
    )  # fmt: skip
    name = crop.key if len(crop.key) <= NAME else f"…{crop.key[1 - NAME :]}"
    axes.text(
        0.5, -0.03, name, transform=axes.transAxes, ha="center", va="top", fontsize=7,
        color=MUTED, parse_math=False,
    )  # fmt: skip


def with_map(
    image: NDArray[np.uint8], values: NDArray[np.float32], drops: bool
) -> NDArray[np.uint8]:
    """An (H, W) or (H, W, 3) picture with its (H, W) map in colour on it, as (H, W, 3) RGB."""
    grey = image.mean(axis=2) if image.ndim == 3 else image.astype(np.float64)
    base = np.repeat(64 + 0.65 * grey[..., None], 3, axis=2)
    weight = values / max(float(np.abs(values).max()), WEAK if drops else 0, 1e-6)
    tint = np.where(weight[..., None] > 0, (242.0, 102.0, 13.0), (26.0, 89.0, 242.0))
    share = 0.75 * np.abs(weight)[..., None]
    return np.asarray((1 - share) * base + share * tint, np.uint8)


def largest_drop(values: NDArray[np.float32]) -> str:
    """The largest drop of a map of drops in probability, such as ``16 points``."""
    points = f"{100 * max(float(values.max()), 0):.0f}"
    return f"{points} point" if points == "1" else f"{points} points"
