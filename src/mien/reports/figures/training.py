"""Training curves: loss and quality epoch by epoch, on training and validation data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mien.reports.figures.style import BLUE, INK, MUTED, ORANGE, new_figure, percent_ticks, unframe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WORDS: dict[Any, str] = {min: "lowest", max: "highest"}


def training_figure(epochs: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Left: loss. Right: accuracy, or AP50 and recall of a detector. ``epochs`` are the rows of a
    run's metrics.

    A measure that a run did not record has no curve. Dots mark the lowest validation loss and the
    highest validation accuracy or AP50.
    """
    figure = new_figure(9, 3.9)
    loss, quality = figure.subplots(1, 2)
    _curve(loss, epochs, "train_loss", BLUE, "training")
    _curve(loss, epochs, "valid_nll", ORANGE, "validation", best=min)
    loss.set_title("loss", fontsize=10, color=INK)
    if any("valid_ap50" in row for row in epochs):
        _curve(quality, epochs, "valid_recall", BLUE, "validation, recall")
        _curve(quality, epochs, "valid_ap50", ORANGE, "validation, AP50", best=max)
        quality.set_title("AP50 and recall", fontsize=10, color=INK)
    else:
        _curve(quality, epochs, "train_accuracy", BLUE, "training")
        _curve(quality, epochs, "valid_accuracy", ORANGE, "validation", best=max)
        quality.set_title("accuracy", fontsize=10, color=INK)
    percent_ticks(quality, "y")
    for axes in (loss, quality):
        unframe(axes)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.lines:
            axes.legend(frameon=False, fontsize=9)
        else:
            axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", color=MUTED)
    figure.suptitle(title, fontsize=11)
    return figure


def _curve(
    axes: Axes,
    epochs: Sequence[Mapping[str, Any]],
    key: str,
    color: str,
    label: str,
    best: Any = None,
) -> None:
    """``best`` is ``min`` or ``max``: which value gets a dot; ``None``: no dot."""
    points = [(row["epoch"], row[key]) for row in epochs if row.get(key) is not None]
    if not points:
        return
    numbers, values = zip(*points, strict=True)
    if best is not None:
        at = values.index(best(values))
        extreme = f"{values[at]:.1%}" if best is max else f"{values[at]:.3f}"  # a share, or a loss
        label += f", {_WORDS[best]} {extreme} (epoch {numbers[at]})"
        axes.plot(numbers[at], values[at], "o", color=color, markersize=5)
    marker = "o" if len(points) == 1 else None  # a line of one point would be invisible
    axes.plot(numbers, values, color=color, label=label, linewidth=1.8, marker=marker)
