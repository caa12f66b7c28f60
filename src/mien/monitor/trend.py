"""A measure of one person from day to day: the value, what is usual, and where a chart alarms."""

from __future__ import annotations

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
    kind = measure(name)
    values = days.values.get(name, np.full(len(days.day), np.nan))
    found = detect(kind.charted(values)[None], with_floor(chart, kind), days.restarts[None])
    centre, scale = found.centre[0], found.scale[0]
    return Trend(
        kind, days.day, values, kind.uncharted(centre), kind.uncharted(centre - BAND * scale),
        kind.uncharted(centre + BAND * scale), found.statistic[0], found.alarm[0], found.days[0],
    )  # fmt: skip


def with_floor(chart: Chart, kind: Measure) -> Chart:
    """The chart with the measure's own floor, if it has none."""
    return chart if chart.floor else replace(chart, floor=kind.floor)
