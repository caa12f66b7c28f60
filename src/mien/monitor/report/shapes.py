"""Small multiples of a report: a measure's days, what is usual and alarms, as shapes of an SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from mien.monitor.measures import Measure
from mien.monitor.trend import Trend
from mien.monitor.trends import spans

Floats = NDArray[np.float64]
Place = Callable[[float], float]

WIDTH, HEIGHT = 320, 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 6, 8, 20
_STEPS = (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5)


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure. Numbers are units of the SVG, which is ``WIDTH`` by ``HEIGHT``."""

    title: str
    summary: str
    """What the period shows, in words, for who cannot see the panel too."""
    band: str
    """Path of the band of what is usual; may be empty."""
    usual: str
    """Path of the line in its middle."""
    dots: list[tuple[float, float]]
    alarms: list[tuple[float, float]]
    restarts: list[float]
    """Where a new camera or model begins."""
    period: tuple[float, float]
    """Left edge and width of the days that the report is about."""
    levels: list[tuple[float, str]]
    """Heights of the scale, and their texts."""
    marks: list[tuple[float, str, str]]
    """Places of dates, their texts, and how they are anchored."""


def panel(
    of: Trend, shown: slice, dates: Sequence[date], about: slice, restarts: NDArray[np.bool_],
    title: str, summary: str,
) -> Panel:  # fmt: skip
    """The panel of one measure.

    ``shown``: days of the trend that it covers, whose ``dates`` these are; ``about``: those of the
    report, counted likewise; ``restarts``: (days,) of the whole trend.
    """
    value, usual, low, high = (part[shown] for part in (of.value, of.usual, of.low, of.high))
    bottom, top = _limits(of.measure, value, low, high)
    step = (WIDTH - _LEFT - _RIGHT) / len(dates)

    def x(at: float) -> float:
        return round(_LEFT + (at + 0.5) * step, 1)

    def y(level: float) -> float:
        share = (min(max(level, bottom), top) - bottom) / (top - bottom)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def places(wanted: NDArray[np.bool_]) -> list[tuple[float, float]]:
        return [(x(at), y(value[at])) for at in map(int, np.flatnonzero(wanted))]

    known, alarm = ~np.isnan(value), of.alarm[shown]
    band, middle = _paths(usual, low, high, x, y, step / 2)
    edges = x(about.start - shown.start - 0.5), x(about.stop - shown.start - 0.5)
    return Panel(
        title, summary, band, middle, places(known & ~alarm), places(known & alarm),
        [x(int(at) - 0.5) for at in np.flatnonzero(restarts[shown])],
        (edges[0], round(edges[1] - edges[0], 1)),
        [(y(level), text) for level, text in _levels(of.measure, bottom, top)],
        _marks(dates, x),
    )  # fmt: skip


def _limits(measure: Measure, *values: Floats) -> tuple[float, float]:
    """Lower and upper end of a scale: from 0, but for measures that can be negative."""
    known = np.concatenate(values)
    known = known[~np.isnan(known)]
    if not len(known):
        return 0.0, 1.0
    bottom = min(0.0, float(known.min()))
    top = max(float(known.max()), bottom + (0.02 if measure.kind == "share" else 1e-3))
    top = bottom + 1.08 * (top - bottom)
    return bottom, min(top, 1.0) if measure.kind == "share" else top


def _paths(
    usual: Floats, low: Floats, high: Floats, x: Place, y: Place, half: float
) -> tuple[str, str]:
    """The band and its middle; both are cut where nothing is usual."""
    band, middle = [], []
    for first, last in spans(~np.isnan(usual)):
        run = range(first, last + 1)
        ends = (x(first) - half, x(last) + half)
        there = [(ends[0], first), *((x(at), at) for at in run), (ends[1], last)]
        upper = [f"{place:.1f} {y(high[at])}" for place, at in there]
        lower = [f"{place:.1f} {y(low[at])}" for place, at in reversed(there)]
        band.append(f"M{'L'.join(upper + lower)}Z")
        middle.append("M" + "L".join(f"{place:.1f} {y(usual[at])}" for place, at in there))
    return "".join(band), "".join(middle)


def _levels(measure: Measure, bottom: float, top: float) -> list[tuple[float, str]]:
    """Two or three round levels and their texts."""
    size = 10.0 ** np.floor(np.log10(top - bottom))
    step = next(part * size for part in _STEPS if (top - bottom) / (part * size) < 4)
    numbers = range(int(np.ceil(bottom / step - 1e-9)), int(np.floor(top / step + 1e-9)) + 1)
    levels = [number * step for number in numbers]
    if measure.kind == "share":
        return [(level, f"{100 * level:.3g} %") for level in levels]
    return [(level, f"{level:.3g}") for level in levels]


def _marks(dates: Sequence[date], x: Place) -> list[tuple[float, str, str]]:
    """The first and last day, and one between."""
    last = len(dates) - 1
    wanted = [0, last // 2, last] if last >= 14 else [0, last][: last + 1]
    anchors = ["start", "middle", "end"] if len(wanted) == 3 else ["start", "end"]
    return [
        (x(at), f"{dates[at].day} {dates[at]:%b}", anchor)
        for at, anchor in zip(wanted, anchors, strict=False)
    ]
