"""A person's measures from day to day, as small multiples with the band of what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    new_figure,
    percent_ticks,
    unframe,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
COLUMNS = 3
LEGEND = (
    "dots: days; line: what is usual; band: 2 standard deviations; diamonds: a rule found a change "
    "(other measures are not judged); dotted: a new camera or model"
)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One measure; each array is (days,), NaN where there is nothing to say."""

    title: str
    value: Floats
    usual: Floats
    low: Floats
    high: Floats
    alarm: NDArray[np.bool_]
    is_share: bool
    """Whether values are shares in [0, 1]."""


def trends_figure(
    panels: Sequence[Panel], days: Sequence[date], title: str, note: str,
    restarts: NDArray[np.bool_] | None = None,
) -> Figure:  # fmt: skip
    """A panel for each measure over the same days.

    ``restarts`` (days,): where a new baseline begins. ``note`` is printed below.
    """
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(4.2 * columns, 1.0 + 2.1 * rows)
    grid = np.asarray(figure.subplots(rows, columns, squeeze=False, sharex=True))
    for axes, panel in zip(grid.flat, panels, strict=False):
        _draw(axes, panel, days, restarts)
    for number, axes in enumerate(grid.flat):
        if number >= len(panels):
            axes.set_axis_off()
        axes.tick_params(labelbottom=number + columns >= len(panels))
    figure.suptitle(title, fontsize=12, color=INK)
    figure.supxlabel(f"{LEGEND}\n{note}", fontsize=8, color=MUTED)
    return figure


def _draw(
    axes: Axes, panel: Panel, days: Sequence[date], restarts: NDArray[np.bool_] | None
) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.ticker import MaxNLocator

    x = date2num(list(days))  # type: ignore[no-untyped-call]
    axes.fill_between(x, panel.low, panel.high, color=PALE, linewidth=0, alpha=0.7)
    axes.plot(x, panel.usual, color=BLUE, linewidth=1)
    axes.plot(x, panel.value, ".", color=INK, markersize=4)
    axes.plot(x[panel.alarm], panel.value[panel.alarm], "D", color=ORANGE, markersize=4.5)
    for at in np.flatnonzero(restarts) if restarts is not None else ():
        axes.axvline(x[at] - 0.5, color=MUTED, linestyle=":", linewidth=1)
    changed = panel.alarm.any()
    axes.set_title(
        f"{panel.title} ◆" if changed else panel.title, fontsize=10, loc="left",
        color=ORANGE if changed else INK,
    )  # fmt: skip
    unframe(axes, "y")
    axes.set_xlim(x[0] - 0.7, x[-1] + 0.7)
    tops = np.concatenate([panel.value, panel.high])
    top = np.nanmax(tops) if not np.isnan(tops).all() else 1.0
    if panel.is_share:
        axes.set_ylim(0, min(1.02, max(0.02, 1.1 * top)))
        percent_ticks(axes, "y")
    elif np.nanmin(np.concatenate([panel.value, panel.low, [0.0]])) >= 0:
        axes.set_ylim(0, 1.1 * top if top > 0 else 1.0)
    if np.isnan(panel.value).all():
        axes.text(0.5, 0.5, "no statement", transform=axes.transAxes, ha="center", color=MUTED)
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    form = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(form)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.tick_params(labelsize=8)
