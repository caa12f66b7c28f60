"""What a rule finds: a signal for each day, or for this moment, with words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from mien.monitor.baseline import LEAST_DAYS, baseline
from mien.monitor.coverage import lost
from mien.monitor.days import Days
from mien.monitor.hours import Hours
from mien.monitor.local_time import seconds_within
from mien.monitor.measures import CHANGES, COVERAGE, measure
from mien.monitor.rules.config import (
    ChartRule,
    CoverageRule,
    SuddenRule,
    TechnicalRule,
    UnseenRule,
    span,
)
from mien.monitor.rules.signals import Observed, Signal
from mien.monitor.trend import trend

LEAST_MINUTES = 5.0
"""Usable minutes in a sudden rule's hours, below which there is no statement."""


def check_days(rule: ChartRule | CoverageRule, days: Days) -> list[Observed]:
    """What a rule over day values finds on each of ``days``."""
    return _coverage(rule, days) if isinstance(rule, CoverageRule) else _chart(rule, days)


def _chart(rule: ChartRule, days: Days) -> list[Observed]:
    found = trend(days, rule.measure, rule.chart)
    signals = np.select(
        [np.isnan(found.value) | (found.baseline_days == 0), found.alarm], [0, 1], 2
    )
    kinds = (Signal.UNKNOWN, Signal.ON, Signal.OFF)
    return [
        Observed(kinds[kind], found.says(day) if kind == 1 else "")
        for day, kind in enumerate(signals)
    ]


def _coverage(rule: CoverageRule, days: Days) -> list[Observed]:
    seen, kind = days.values[COVERAGE], measure(COVERAGE)
    learnt = np.cumsum([reason is None for reason in days.reasons])  # before, nothing is usual
    known = np.where(learnt >= LEAST_DAYS, seen, np.nan)
    alarms, runs = lost(known[None], rule.below, rule.days, rule.clear)
    found = []
    for share, alarm, run in zip(known, alarms[0], runs[0], strict=True):
        words = f"{kind.says(share, 1.0)}; so little for {run} days in a row" if run else ""
        signal = Signal.OFF if not (alarm or run) else Signal.HOLD
        if np.isnan(share):
            signal = Signal.UNKNOWN
        elif run >= rule.days:
            signal = Signal.ON
        found.append(Observed(signal, words))
    return found


def check_unseen(
    rule: UnseenRule, last_seen: datetime | None, watched_since: datetime | None, now: datetime,
    where: tzinfo | None,
) -> Observed:  # fmt: skip
    """Whether a person was not seen for the rule's waking hours.

    ``last_seen``: when the face was last found, ``None`` for never; ``watched_since``: since when
    the camera has run without a break, ``None`` if it does not run. While no camera runs, and for
    the hours before it ran, there is no statement: that is the technical rule's.
    """
    if watched_since is None:
        return Observed(Signal.UNKNOWN)
    start = watched_since if last_seen is None else max(watched_since, last_seen)
    hours = seconds_within(start, now, span(rule.waking, "waking"), where) / 3600
    if hours >= rule.hours:
        return Observed(
            Signal.ON, f"not seen for {hours:.1f} hours between {rule.waking.replace('-', ' and ')}"
        )
    seen = last_seen is not None and last_seen >= watched_since
    return Observed(Signal.OFF if seen else Signal.HOLD)


def check_sudden(rule: SuddenRule, hours: Hours, day: int, hour: int) -> Observed:
    """The ``rule.hours`` local hours that end before ``hour`` of ``day``, against other days'.

    The same hours of each earlier day of the same setup give one value a day; of those, a baseline
    of at least 14. Only hours of one local day are looked at together.
    """
    first = hour - rule.hours
    if first < 0:
        return Observed(Signal.UNKNOWN)
    kind = measure(rule.measure)
    inside = (hours.hour >= first) & (hours.hour < hour) & (hours.day <= day)
    today = inside & (hours.day == day)
    if not today.any():
        return Observed(Signal.UNKNOWN)
    inside &= hours.setup == hours.setup[today][np.argmax(hours.usable_s[today])]
    values = _means(hours, rule.measure, inside)
    now = values.pop(day, float("nan"))
    earlier = kind.charted(np.array([list(values.values())], float).reshape(1, -1))
    if np.isnan(now) or earlier.shape[1] < LEAST_DAYS:
        return Observed(Signal.UNKNOWN)
    usual = baseline(earlier, kind.floor)
    apart = float((kind.charted(np.array(now)) - usual.centre[0]) / usual.scale[0])
    apart = min(apart, 0.0) if rule.direction == "below" else apart
    apart = max(apart, 0.0) if rule.direction == "above" else apart
    if abs(apart) <= rule.limit:
        return Observed(Signal.HOLD if abs(apart) > rule.clear else Signal.OFF)
    words = kind.says(now, float(kind.uncharted(usual.centre)[0]))
    return Observed(Signal.ON, f"from {first}:00 to {hour}:00 {words}")


def _means(hours: Hours, name: str, inside: NDArray[np.bool_]) -> dict[int, float]:
    """Day → mean of a measure over the usable seconds of the hours ``inside``, if enough."""
    found = {}
    usable = hours.usable_s
    if name == CHANGES:
        with np.errstate(invalid="ignore", divide="ignore"):
            values = hours.changes * 60 / usable
    else:
        values = hours.means.get(name, np.full(len(usable), np.nan))
    known = inside & ~np.isnan(values)
    for day in np.unique(hours.day[known]):
        rows = known & (hours.day == day)
        if usable[rows].sum() >= 60 * LEAST_MINUTES:
            found[int(day)] = float(np.average(values[rows], weights=usable[rows]))
    return found


@dataclass(frozen=True, slots=True)
class Installation:
    """What technical rules look at, at one moment."""

    cameras_down_s: Sequence[tuple[str, float]] = ()
    """Each camera's name, and for how long it has given no picture; 0 if it works."""
    disk_free: float | None = None
    """Share of the log's disk that is free."""
    clock_jump_s: float = 0.0
    """By how much the clock has moved beside the monotonic one since the last check."""


def check_technical(rule: TechnicalRule, now: Installation) -> Observed:
    """What a technical rule finds."""
    if rule.what == "camera":
        down = [(name, s) for name, s in now.cameras_down_s if s >= 60 * rule.minutes]
        if down:
            each = ", ".join(f"{name} for {s / 60:.0f} minutes" for name, s in down)
            return Observed(Signal.ON, f"no picture from {each}")
        waiting = any(s > 0 for _, s in now.cameras_down_s)
        return Observed(Signal.HOLD if waiting else Signal.OFF)
    if rule.what == "disk":
        if now.disk_free is None:
            return Observed(Signal.UNKNOWN)
        if now.disk_free < rule.free:
            return Observed(Signal.ON, f"the disk is nearly full: {now.disk_free:.1%} is free")
        return Observed(Signal.OFF if now.disk_free >= 1.5 * rule.free else Signal.HOLD)
    if abs(now.clock_jump_s) >= rule.seconds:
        way = "forward" if now.clock_jump_s > 0 else "back"
        return Observed(Signal.ON, f"the clock jumped {way} by {abs(now.clock_jump_s):.0f} s")
    return Observed(Signal.OFF)
