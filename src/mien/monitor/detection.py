"""Day values of many series → the days on which a chart is beyond its limit.

The same function serves a person's trend, the check of every day, ``backtest`` and the simulation,
so what was simulated is what runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.monitor.baseline import LEAST_DAYS, baseline
from mien.monitor.charts import Cusum, Ewma

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Direction = Literal["both", "above", "below"]

RENEW_EVERY = 7
"""Days between two renewals of a baseline that goes on learning."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its baseline. ``docs/monitor.md`` shows how the defaults were chosen."""

    kind: Literal["ewma", "cusum"] = "ewma"
    limit: float = 3.18
    """EWMA: standard deviations of the average, the baseline's error included. CUSUM: h."""
    weight: float = 0.15
    """EWMA: λ, the weight of the newest day."""
    slack: float = 0.25
    """CUSUM: k, half the shift sought, in own standard deviations."""
    direction: Direction = "both"
    baseline_days: int = 28
    """Earlier days with a value that a baseline is made of; one that learns begins with 14."""
    learning: bool = True
    """Whether the baseline goes on learning from later days, every ``RENEW_EVERY`` days."""
    window: int = 180
    """Learning: only the newest of this many days count."""
    guard: int = 14
    """Learning: the newest days that do not count yet, so that a change is not learnt at once."""
    accept_after: int = 28
    """Days in alarm, one after the other, after which the new level becomes the usual one. 0:
    never."""
    clear: float = 0.5
    """An alarm ends when the chart is back within this share of the limit (hysteresis)."""
    confirm: int = 1
    """Days with a value, one after the other, that must lie beyond the limit (minimum duration)."""
    cap: float = 3.5
    """One day counts as at most this many standard deviations, so that no day alarms alone."""
    autocorrelation: Literal["widened", "residuals", "ignored"] = "widened"
    """What is done about days that resemble their neighbours; see docs/monitor.md."""
    floor: float = 0.0
    """The smallest spread of a baseline, in the measure's unit."""

    @property
    def least(self) -> int:
        """Days with a value from which on there is a baseline."""
        return LEAST_DAYS if self.learning else max(self.baseline_days, LEAST_DAYS)


CUSUM = Chart(kind="cusum", limit=8.61)
"""A CUSUM with the same share of false alarms as the default EWMA."""


@dataclass(frozen=True, slots=True)
class Detected:
    """Of every series and day; each array is (series, days)."""

    alarm: Bools
    """Whether the series is in alarm."""
    statistic: Floats
    """The chart as a share of its limit, with a sign: beyond 1 or -1 an alarm begins."""
    centre: Floats
    """The baseline's median, NaN before there is one."""
    scale: Floats
    """The baseline's standard deviation, from its MAD."""
    days: NDArray[np.int32]
    """How many days the baseline rests on; 0: there is none."""

    @property
    def begins(self) -> Bools:
        """Where an alarm begins."""
        before = np.zeros_like(self.alarm)
        before[:, 1:] = self.alarm[:, :-1]
        return self.alarm & ~before


def detect(values: Floats, chart: Chart, restarts: Bools | None = None) -> Detected:
    """The alarms of ``values`` (series, days), one value a calendar day, NaN where there is none.

    ``restarts`` (series, days): where a new baseline begins, because the model, the detector, the
    camera or the calibration is another from this day on.

    No day's alarm depends on a later day.
    """
    run = _Run(values, chart)
    for day in range(values.shape[1]):
        if restarts is not None and restarts[:, day].any():
            run.restart(restarts[:, day], day)
        run.step(day)
    return Detected(run.alarm, run.statistic, run.centres, run.scales, run.counts)


class _Run:
    """What ``detect`` knows of every series on one day."""

    def __init__(self, values: Floats, chart: Chart) -> None:
        self.values, self.chart = values, chart
        count, days = values.shape
        # A day lies in one piece, as it is written: twice as fast for thousands of series.
        self.alarm = np.zeros((days, count), bool).T
        self.statistic = np.full((days, count), np.nan).T
        self.centres, self.scales = (np.full((days, count), np.nan).T for _ in range(2))
        self.counts = np.zeros((days, count), np.int32).T
        self.today = np.ascontiguousarray(values.T)  # (days, series)
        self.kept = values.copy()  # what a baseline may be made of; NaN elsewhere
        self.origin = np.zeros(count, np.int64)
        self.renewed = np.zeros(count, np.int64)
        self.centre, self.scale, self.phi, self.error = np.full((4, count), np.nan)
        self.used = np.zeros(count, np.int32)
        self.since = np.zeros(count, np.int64)  # days of the present alarm
        self.beyond = np.zeros(count, np.int64)  # days with a value beyond the limit, in a row
        self.before = np.full(count, np.nan)  # the last value, for residuals
        self.gap = np.zeros(count, np.int64)
        self.ewma, self.cusum = Ewma(count, chart.weight), Cusum(count)

    def restart(self, where: Bools, day: int) -> None:
        """Begin anew; the baseline will be made of ``day`` and what follows."""
        self.origin[where], self.used[where], self.since[where] = day, 0, 0
        self.beyond[where] = 0
        for state in (self.centre, self.scale, self.phi, self.error, self.before):
            state[where] = np.nan
        self.ewma.restart(where)
        self.cusum.restart(where)

    def step(self, day: int) -> None:
        self._renew(day)
        has = self.used > 0
        z = np.where(has, (self.today[day] - self.centre) / self.scale, np.nan)
        z = np.clip(z, -self.chart.cap, self.chart.cap)
        now = self._charted(z)
        self.statistic[:, day] = np.where(has, now, np.nan)
        self._judge(np.where(has, now, 0.0), day)
        self.centres[:, day], self.scales[:, day] = self.centre, self.scale
        self.counts[:, day] = self.used

    def _renew(self, day: int) -> None:
        """Make or renew the baselines that are due, from days before ``day``."""
        chart = self.chart
        due = self.used == 0
        if chart.learning:
            due |= day - self.renewed >= RENEW_EVERY
        rows = np.flatnonzero(due)
        start = int(self.origin[rows].min(initial=day))
        if chart.learning:
            start = max(start, day - chart.window)
        if not len(rows) or day - start < chart.least:
            return
        found = self.kept[rows, start:day]
        if self.origin[rows].max() > start:
            found[np.arange(start, day) < self.origin[rows, None]] = np.nan
        if chart.learning and chart.guard:  # a first baseline uses all that there is
            found[self.used[rows] > 0, -chart.guard :] = np.nan
        enough = np.count_nonzero(~np.isnan(found), axis=1) >= chart.least
        rows, made = rows[enough], baseline(found[enough], chart.floor)
        flat = made.scale > 0  # all days alike, and no floor: no statement
        rows = rows[flat]
        self.centre[rows], self.scale[rows] = made.centre[flat], made.scale[flat]
        self.phi[rows], self.error[rows] = made.phi[flat], made.error[flat]
        self.used[rows], self.renewed[rows] = made.days[flat], day

    def _charted(self, z: Floats) -> Floats:
        """Take in a day; the chart as a share of its limit."""
        chart = self.chart
        phi: Floats = np.where(np.isnan(self.phi), 0.0, self.phi)
        error = np.where(np.isnan(self.error), 0.0, self.error)
        if chart.autocorrelation == "residuals":
            z, phi = self._residuals(z, phi), np.zeros_like(phi)
        elif chart.autocorrelation == "ignored":
            phi = np.zeros_like(phi)
        up, down = chart.direction != "below", chart.direction != "above"
        if chart.kind == "cusum":
            wide = np.sqrt((1 + phi) / (1 - phi))
            self.cusum.add(z / wide, chart.slack + error / wide)
            above = self.cusum.above * up
            below = self.cusum.below * down
            return np.where(above >= below, above, -below) / chart.limit
        self.ewma.add(z, phi)
        width = chart.limit * np.sqrt(self.ewma.variance + error**2)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(width > 0, self.ewma.value / width, 0.0)
        return np.clip(share, None if down else 0.0, None if up else 0.0)

    def _residuals(self, z: Floats, phi: Floats) -> Floats:
        """What the day before does not explain, with a standard deviation of 1."""
        seen = ~np.isnan(z)
        self.gap += 1
        r = phi**self.gap
        rest = np.where(np.isnan(self.before), z, (z - r * self.before) / np.sqrt(1 - r * r))
        self.before = np.where(seen, z, self.before)
        self.gap[seen] = 0
        return rest

    def _judge(self, now: Floats, day: int) -> None:
        """Begin, hold and end alarms; days in alarm teach no baseline."""
        chart = self.chart
        seen = ~np.isnan(self.today[day])
        self.beyond = np.where(np.abs(now) > 1, self.beyond + seen, 0)
        held = (self.since > 0) & (np.abs(now) > chart.clear)
        alarm = (self.beyond >= chart.confirm) | held
        self.since = np.where(alarm, self.since + 1, 0)
        if chart.accept_after:
            accepted = self.since > chart.accept_after
            if accepted.any():
                alarm = alarm & ~accepted
                self.restart(accepted, day - chart.accept_after)
                new = slice(day - chart.accept_after, day)
                self.kept[accepted, new] = self.values[accepted, new]
        self.alarm[:, day] = alarm
        self.kept[alarm, day] = np.nan
