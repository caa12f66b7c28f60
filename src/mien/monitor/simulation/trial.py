"""How often a chart alarms for nothing, and how long it takes to see a change."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.monitor.detection import Chart, detect
from mien.monitor.simulation.series import World, draw, with_shift

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

YEAR = 365.25


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Of months in which nothing changed."""

    alarms: int
    years: float
    """Series-years that were watched: from the first day with a baseline on."""
    days_in_alarm: int

    @property
    def a_year(self) -> float:
        """Alarms that began, a person-year."""
        return self.alarms / self.years if self.years else float("nan")

    @property
    def upper(self) -> float:
        """Upper end of ``a_year``'s 95 % interval, from two standard errors of a count.

        ``inf`` where nothing was watched.
        """
        most = self.alarms + 2 * math.sqrt(self.alarms + 1)
        return most / self.years if self.years else math.inf

    @property
    def share_of_days(self) -> float:
        """Share of the watched days that were in alarm."""
        return self.days_in_alarm / (self.years * YEAR) if self.years else float("nan")


@dataclass(frozen=True, slots=True)
class Delay:
    """Of changes of one size. The first changed day is day 1."""

    shift: float
    days: NDArray[np.float64]
    """Day of the first alarm of each series, ``inf`` if there was none within the horizon."""
    horizon: int

    @property
    def median(self) -> float:
        """Half of the changes were seen by this day; ``inf`` if fewer than half were seen."""
        return self.quantile(0.5)

    @property
    def ninth(self) -> float:
        """The 90th percentile."""
        return self.quantile(0.9)

    @property
    def detected(self) -> float:
        """Share seen within the horizon."""
        return float(np.isfinite(self.days).mean()) if len(self.days) else float("nan")

    def quantile(self, share: float) -> float:
        """The day by which this share was seen."""
        if not len(self.days):
            return float("nan")
        return float(np.quantile(self.days, share, method="inverted_cdf"))


def false_alarms(
    chart: Chart, world: World, persons: int, days: int, random: np.random.Generator
) -> FalseAlarms:
    """Alarms of ``persons`` watched for ``days`` after their first baseline."""
    return false_alarms_of(chart, draw(world, persons, days + lead(chart), random), days)


def false_alarms_of(chart: Chart, values: Floats, days: int) -> FalseAlarms:
    """Alarms of the series ``values``, in which nothing changes; the first ``days`` count."""
    found = detect(values, chart)
    return count_alarms(found.alarm, _first_days(found.days > 0, days))


def count_alarms(alarm: Bools, watched: Bools) -> FalseAlarms:
    """The alarms that begin on ``watched`` days; both are (series, days)."""
    before = np.zeros_like(alarm)
    before[:, 1:] = alarm[:, :-1]
    begun, lasting = int((alarm & ~before & watched).sum()), int((alarm & watched).sum())
    return FalseAlarms(begun, float(watched.sum()) / YEAR, lasting)


def delays(
    chart: Chart, world: World, shift: float, persons: int, random: np.random.Generator,
    *, after: int = 60, horizon: int = 90,
) -> Delay:  # fmt: skip
    """How long changes of ``shift`` take to be seen, ``after`` days after the first baseline.

    Series that are in alarm already, or whose baseline has just begun anew, are left out.
    """
    first = lead(chart) + after
    values = with_shift(draw(world, persons, first + horizon, random), shift, first)
    found = detect(values, chart)
    ready = (found.days[:, first - 1] > 0) & ~found.alarm[:, first - 1]
    alarm = found.alarm[ready, first:]
    days = np.where(alarm.any(axis=1), alarm.argmax(axis=1) + 1.0, np.inf)
    return Delay(shift, days, horizon)


def lead(chart: Chart) -> int:
    """Calendar days after which nearly every series has its baseline, gaps included."""
    return round(chart.least * 1.4) + 3


def _first_days(has: Bools, days: int) -> Bools:
    """Of each row, the first ``days`` in which it is true."""
    watched: Bools = has & (np.cumsum(has, axis=1) <= days)
    return watched
