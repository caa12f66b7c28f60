"""A measure of one person from day to day: the value, what is usual, and where a chart alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.monitor.days import Days
from mien.monitor.detection import Chart, detect
from mien.monitor.measures import Measure, measure

Floats = NDArray[np.float64]

BAND = 2.0
"""Standard deviations to either side of the median that the band of a trend covers."""


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Of one measure; each array is (days,), NaN where there is nothing to say."""

    measure: Measure
    day: NDArray[np.int64]
    """Local days since 1970-01-01, without a gap."""
    value: Floats
    usual: Floats
    """Median of the baseline."""
    low: Floats
    """Lower end of the band: the median less ``BAND`` standard deviations of single days."""
    high: Floats
    statistic: Floats
    """The chart as a share of its limit, with a sign; alarms begin beyond 1 and -1."""
    alarm: NDArray[np.bool_]
    baseline_days: NDArray[np.int32]
    """Days that the baseline rests on; 0 without one."""

    def says(self, at: int) -> str:
        """The day's value beside the usual one: ``smiled 8 % of the time, usually 15 %``."""
        return self.measure.says(float(self.value[at]), float(self.usual[at]))


def trend(days: Days, name: str, chart: Chart) -> Trend:
    """The trend of the measure called ``name``. Raises ``UnknownNameError``.

    A measure without a value on any day, because a model does not give it, has NaN throughout.
    """
    return trends(days, [(name, chart)])[0]


def trends(days: Days, wanted: Sequence[tuple[str, Chart]]) -> list[Trend]:
    """The trend of each (measure, chart), as ``trend`` gives it.

    Measures of the same chart are followed in one pass over the days.
    """
    groups: dict[Chart, list[int]] = {}
    for number, (name, chart) in enumerate(wanted):
        groups.setdefault(with_floor(chart, measure(name)), []).append(number)
    found: dict[int, Trend] = {}
    for chart, numbers in groups.items():
        kinds = [measure(wanted[number][0]) for number in numbers]
        missing = np.full(len(days.day), np.nan)
        values = [days.values.get(kind.name, missing) for kind in kinds]
        charted = np.stack([kind.charted(each) for kind, each in zip(kinds, values, strict=True)])
        restarts = np.broadcast_to(days.restarts, charted.shape)
        of = detect(charted, chart, restarts)
        for row, (number, kind) in enumerate(zip(numbers, kinds, strict=True)):
            centre, scale = of.centre[row], of.scale[row]
            found[number] = Trend(
                kind, days.day, values[row], kind.uncharted(centre),
                kind.uncharted(centre - BAND * scale), kind.uncharted(centre + BAND * scale),
                of.statistic[row], of.alarm[row], of.days[row],
            )  # fmt: skip
    return [found[number] for number in range(len(wanted))]


def with_floor(chart: Chart, kind: Measure) -> Chart:
    """The chart with the measure's own floor, if it has none."""
    return chart if chart.floor else replace(chart, floor=kind.floor)
