"""How a training went: loss and quality, epoch by epoch, on what it learned from and what not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mien.reports.figures.style import BLUE, INK, MUTED, ORANGE, new_figure, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


WORDS: dict[Any, str] = {min: "lowest", max: "highest"}


def curves_figure(rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Loss at the left, accuracy at the right, of a detector AP50, of the epochs in ``rows``.

    A measure that a run has not recorded has no curve. A dot marks the lowest
    validation loss, another the highest validation accuracy or AP50.
    """
    figure = new_figure(9, 3.9)
    loss, quality = figure.subplots(1, 2)
    _curve(loss, rows, "train_loss", BLUE, "training")
    _curve(loss, rows, "valid_nll", ORANGE, "validation", best=min)
    loss.set_title("loss", fontsize=10, color=INK)
    if any("valid_ap50" in row for row in rows):
        _curve(quality, rows, "valid_recall", BLUE, "validation, recall")
        _curve(quality, rows, "valid_ap50", ORANGE, "validation, AP50", best=max)
        quality.set_title("AP50 and recall", fontsize=10, color=INK)
    else:
        _curve(quality, rows, "train_accuracy", BLUE, "training")
        _curve(quality, rows, "valid_accuracy", ORANGE, "validation", best=max)
        quality.set_title("accuracy", fontsize=10, color=INK)
    percent(quality, "y")
    for axes in (loss, quality):
        plain(axes)
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
    rows: Sequence[Mapping[str, Any]],
    key: str,
    color: str,
    label: str,
    best: Any = None,
) -> None:
    points = [(row["epoch"], row[key]) for row in rows if row.get(key) is not None]
    if not points:
        return
    epochs, values = zip(*points, strict=True)
    if best is not None:
        at = values.index(best(values))
        extreme = f"{values[at]:.1%}" if best is max else f"{values[at]:.3f}"  # a share, or a loss
        label += f", {WORDS[best]} {extreme} (epoch {epochs[at]})"
        axes.plot(epochs[at], values[at], "o", color=color, markersize=5)
    marker = "o" if len(points) == 1 else None  # a line of one point cannot be seen
    axes.plot(epochs, values, color=color, label=label, linewidth=1.8, marker=marker)
