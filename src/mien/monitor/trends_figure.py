"""The figure of a person's trends (extra "plot")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.monitor.trends import NOBODY_RECOGNISED, Trends
from mien.reports.figures.trends import Panel, trends_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(trends: Trends) -> Figure:
    """Small multiples of every measure of ``trends``, of the days asked for."""
    shown = trends.shown
    panels = [
        Panel(
            name, found.value[shown], found.usual[shown], found.low[shown], found.high[shown],
            found.alarm[shown], found.measure.kind == "share",
        )
        for name, found in trends.measures.items()
    ]  # fmt: skip
    dates = trends.dates()
    title = f"{trends.person}, {dates[0]} to {dates[-1]}"
    return trends_figure(panels, dates, title, NOBODY_RECOGNISED, trends.days.restarts[shown])
