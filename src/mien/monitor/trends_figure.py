"""The figure of a person's trends (extra "plot")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mien.errors import InputError
from mien.monitor.trends import NOBODY_RECOGNISED, Trends
from mien.reports.figures.trends import Panel, trends_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(trends: Trends) -> Figure:
    """Small multiples of every measure of ``trends``, of the days asked for.

    Raises ``InputError`` where no day has a value.
    """
    shown = trends.shown
    panels = [
        Panel(
            name, found.value[shown], found.usual[shown], found.low[shown], found.high[shown],
            found.alarm[shown], found.measure.kind == "share",
        )
        for name, found in trends.measures.items()
    ]  # fmt: skip
    dates = trends.dates()
    if not any(np.isfinite(panel.value).any() for panel in panels):
        raise InputError(
            f"there is nothing to draw: no day from {dates[0]} to {dates[-1]} has a value"
        )
    title = f"{trends.person}, {dates[0]} to {dates[-1]}"
    return trends_figure(panels, dates, title, NOBODY_RECOGNISED, trends.days.restarts[shown])
