"""What a report says of a person and a time, as texts and shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import NamedTuple

import numpy as np

from mien.escaping import for_terminal
from mien.log.queries import SetupRow
from mien.monitor.alerts.alert_rows import Stored
from mien.monitor.days import Days
from mien.monitor.hours import Hours
from mien.monitor.local_time import date_of, day_number
from mien.monitor.measures import COVERAGE, SMILING, Measure
from mien.monitor.report.open_alerts import AlertView, alerts_of
from mien.monitor.report.period import Period
from mien.monitor.report.shapes import Panel, panel
from mien.monitor.report.text import firm
from mien.monitor.trends import SHOWN_DAYS, Trends, duration


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the log says of a person, as far as a report needs it."""

    trends: Trends
    hours: Hours
    alerts: Sequence[Stored]
    """Of any time, of this person and of the installation."""
    setups: Mapping[int, SetupRow]
    gaps: int
    """Gaps of the recordings within the period."""


class DayView(NamedTuple):
    """One day."""

    day: str
    seen: str
    coverage: str
    bars: list[tuple[int, float]]
    """Local hour, and the share of it in which the face was seen well."""
    ran: list[int]
    """Local hours in which the camera ran."""
    smiled: str
    changed: bool
    reason: str
    """Why there is no statement; empty where there is one."""


class MeasureView(NamedTuple):
    """A measure on a typical day of the period, beside what is usual."""

    name: str
    value: str
    usual: str
    between: str
    """What most days are like."""
    judged: str
    changed: bool


@dataclass(frozen=True, slots=True)
class ReportView:
    """The page."""

    person: str
    period: str
    said: int
    """Days with a statement."""
    asked: int
    """Days of the period."""
    seen: str
    """Usable time, such as ``20 hours``."""
    usual: str
    """Usable time of as many usual days; empty if nothing is usual yet."""
    headline: list[str]
    """What was found, a sentence each."""
    judged: bool
    """Whether the rules had anything to compare with on any day."""
    changes: list[str]
    days: list[DayView]
    measures: list[MeasureView]
    panels: list[Panel]
    alerts: list[AlertView]
    silent: dict[str, list[str]]
    """Why there is no statement, and the days."""
    baseline: str
    setups: list[tuple[str, str]]
    notes: list[str]
    """What a reader must know of this time in particular."""


def view_of(known: Known, about: Period, today: date, where: tzinfo | None) -> ReportView:
    """What the page says of the days of ``about``.

    ``where``: the zone of the alerts' times, ``None`` for this machine's.
    """
    of = known.trends
    rows = [_day(known, day) for day in about.days()]
    seen = float(of.days.usable_s[of.shown].sum())
    measures = _measures(of)
    silent: dict[str, list[str]] = {}
    for row in rows:
        if row.reason:
            silent.setdefault(row.reason, []).append(row.day)
    judged = any(
        bool((found.baseline_days[of.shown] > 0).any())
        for name, found in of.measures.items() if of.rules[name]
    )  # fmt: skip
    changes = [firm(for_terminal(line)) for line in of.changes()]
    return ReportView(
        for_terminal(of.person), str(about), len(rows) - sum(map(len, silent.values())), len(rows),
        duration(seen), _usual_time(of, len(rows)), _headline(of), judged, changes, rows,
        measures, _panels(of), alerts_of(known.alerts, about, where), silent, _baseline(of),
        _setups(known), _notes(known, about, today),
    )  # fmt: skip


def _day(known: Known, day: date) -> DayView:
    of, number = known.trends, day_number(day)
    days = of.days
    name = f"{day:%a} {day.day} {day:%b}"
    at = number - int(days.day[0])
    if not 0 <= at < len(days.day):
        return DayView(name, "–", "–", [], [], "", False, "nothing was recorded on this day")
    ours = known.hours.day == number
    shares: dict[int, float] = {}
    for hour, usable in zip(known.hours.hour[ours], known.hours.usable_s[ours], strict=True):
        shares[int(hour)] = min(1.0, shares.get(int(hour), 0.0) + float(usable) / 3600)
    bars = [(hour, round(share, 3)) for hour, share in shares.items() if share > 0]
    ran = sorted(set(map(int, known.hours.hour[ours & (known.hours.watched_s > 0)])))
    reason = days.reasons[at]
    usable = float(days.usable_s[at])
    coverage = float(days.coverage[at])
    smiled, changed = "", any(found.alarm[at] for found in of.measures.values())
    if SMILING in of.measures and reason is None:
        found = of.measures[SMILING]
        smiled = firm(found.measure.shown(float(found.value[at])))
    return DayView(
        name, duration(usable) if usable > 0 else "–",
        "–" if np.isnan(coverage) else firm(f"{100 * coverage:.0f} %"),
        bars, ran, smiled, changed and reason is None, "" if reason is None else str(reason),
    )  # fmt: skip


def _now(of: Trends) -> slice:
    """Days of the period since the last change of camera or model: others do not compare."""
    restarts = np.flatnonzero(of.days.restarts[of.shown])
    start = of.shown.start + (int(restarts[-1]) if len(restarts) else 0)
    return slice(start, of.shown.stop)


def _typical(of: Trends, name: str) -> tuple[float, float, float, float]:
    """Medians over the period's days of the value, what is usual, and the ends of its band."""
    found, now = of.measures[name], _now(of)
    with np.errstate(invalid="ignore"):
        parts = [part[now] for part in (found.value, found.usual, found.low, found.high)]
    known = ~np.isnan(parts[0])
    if not known.any():
        return np.nan, np.nan, np.nan, np.nan
    # What was usual before the period, also where a new level was accepted within it.
    first = int(np.flatnonzero(known)[0])
    usual, low, high = (float(part[first]) for part in parts[1:])
    return float(np.median(parts[0][known])), usual, low, high


def _measures(of: Trends) -> list[MeasureView]:
    rows = []
    for name in _in_order(of):
        found = of.measures[name]
        value, usual, low, high = _typical(of, name)
        if np.isnan(value):
            continue
        changed, kind = bool(found.alarm[of.shown].any()), found.measure
        judged = (
            "change found" if changed else "no change found" if of.rules[name] else "not judged"
        )
        known = not np.isnan(usual)
        rows.append(
            MeasureView(
                name + kind.unit.replace(" times", ""), _bare(kind, value),
                _bare(kind, usual) if known else "–",
                _range(kind, low, high) if known else "–", judged, changed,
            )
        )  # fmt: skip
    return rows


def _in_order(of: Trends) -> list[str]:
    """The measures: those that a rule watches first, coverage last."""
    return sorted(of.measures, key=lambda name: (not of.rules[name], name == COVERAGE))


def _bare(kind: Measure, value: float) -> str:
    """A value without the unit of a rate, and on one line."""
    return firm(kind.shown(value).removesuffix(kind.unit))


def _range(kind: Measure, low: float, high: float) -> str:
    return f"{_bare(kind, low).removesuffix(firm(' %'))} to {_bare(kind, high)}"


def _says(of: Trends, name: str) -> str:
    """A typical day of the period in words; empty without a value."""
    value, usual, _, _ = _typical(of, name)
    kind = of.measures[name].measure
    if np.isnan(value):
        return ""
    if np.isnan(usual):
        return kind.sentence.partition(", usually")[0].format(value=kind.shown(value))
    return kind.says(value, usual)


def _headline(of: Trends) -> list[str]:
    """A sentence for each measure that a rule watches."""
    watched = [name for name in of.measures if of.rules[name] or name == SMILING]
    return [firm(words) for name in watched if (words := _says(of, name))]


def _usual_time(of: Trends, count: int) -> str:
    usual = of.usual_s[of.shown]
    usual = usual[~np.isnan(usual)]
    return duration(float(np.median(usual)) * count) if len(usual) else ""


def _panels(of: Trends) -> list[Panel]:
    about = of.shown
    shown = slice(max(0, min(about.start, about.stop - SHOWN_DAYS)), about.stop)
    dates = [date_of(int(day)) for day in of.days.day[shown]]
    return [
        panel(
            of.measures[name], shown, dates, about, of.days.restarts, name,
            firm(_says(of, name)) or "no statement",
        )
        for name in _in_order(of)
        if not np.isnan(of.measures[name].value[shown]).all()
    ]  # fmt: skip


def _baseline(of: Trends) -> str:
    rests = [int(found.baseline_days[of.shown].max(initial=0)) for found in of.measures.values()]
    most = max(rests, default=0)
    if not most:
        return "Nothing is usual yet: that takes 14 days with a value."
    return f"What is usual rests on up to {most} earlier days of this person's own."


def _setups(known: Known) -> list[tuple[str, str]]:
    """Place, and what read the faces there, of the setups of the period."""
    days: Days = known.trends.days
    numbers = [int(one) for one in np.unique(days.setup[known.trends.shown]) if one >= 0]
    rows = [known.setups[number] for number in numbers if number in known.setups]
    return [
        (
            for_terminal(row.place),
            for_terminal(
                ", ".join(
                    f"{what} {name}" + (f" ({digest[:12]})" if digest else "")
                    for what, name, digest in (
                        ("model", row.model, row.model_sha256),
                        ("detector", row.detector, row.detector_sha256),
                    )
                    if name
                )
                or "imported"
            ),
        )
        for row in rows
    ]


def _notes(known: Known, about: Period, today: date) -> list[str]:
    of, notes = known.trends, []
    restarts = [
        day
        for day, new in zip(of.dates(), of.days.restarts[of.shown], strict=True)
        if new
    ]  # fmt: skip
    for day in restarts:
        notes.append(
            f"On {day.day} {day:%B} another camera, place, model or setting began. Days before and "
            "after are not compared, and a change of the person on that day cannot be seen."
        )
    if about.last >= today:
        notes.append("The last day is not over: what is said of it will change.")
    if known.gaps:
        notes.append(
            f"The recording was interrupted {known.gaps} time{'s' * (known.gaps != 1)}: what "
            "happened then is not known."
        )
    return notes
