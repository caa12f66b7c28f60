"""Several measures of one person from day to day, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import ConfigError
from mien.monitor.baseline import LEAST_DAYS
from mien.monitor.days import Days, NoStatement
from mien.monitor.detection import Chart
from mien.monitor.local_time import check_order, date_of
from mien.monitor.measures import COVERAGE, EXPRESSIVITY, MEASURES, SMILING, measure
from mien.monitor.rules.config import ChartRule, Rules
from mien.monitor.trend import Trend, trends

Floats = NDArray[np.float64]

SHOWN_DAYS = 56
"""Days that are shown unless others are asked for."""
IN_WORDS = (SMILING, EXPRESSIVITY)
"""Measures of a table of words, unless others are asked for."""
NOBODY_RECOGNISED = (
    "Mien recognises nobody by the face: whoever sits in the place is taken for this person. "
    "It says what a face showed, not what someone felt."
)
"""Belongs on every page that shows a person."""


@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """A person's days, and the trend of each measure. Alarms are only those of rules."""

    person: str
    days: Days
    usual_s: Floats
    """(days,) median usable seconds of the earlier days of the same setup; NaN without any."""
    measures: Mapping[str, Trend]
    rules: Mapping[str, tuple[str, ...]]
    """Measure → names of the rules that watch it."""
    shown: slice
    """The days that were asked for."""

    def dates(self) -> list[date]:
        """Of the days asked for."""
        return [date_of(int(day)) for day in self.days.day[self.shown]]

    def seen(self, at: int) -> str:
        """Such as ``seen 20 minutes, usually 5 hours``; ``at`` counts all days."""
        if self.days.reasons[at] in (NoStatement.NOT_WATCHED, NoStatement.NOT_SEEN):
            return str(self.days.reasons[at])
        usual = float(self.usual_s[at])
        seen = f"seen {duration(float(self.days.usable_s[at]))}"
        return seen if np.isnan(usual) else f"{seen}, usually {duration(usual)}"

    def says(self, at: int, name: str) -> str:
        """The measure of a day in words, or why there is no statement."""
        reason, found = self.days.reasons[at], self.measures[name]
        if reason is not None and name != COVERAGE:
            return f"no statement: {reason}"
        value = float(found.value[at])
        if np.isnan(value):
            return "no statement: it was not recorded"
        if not np.isnan(found.usual[at]):
            return found.says(at)
        alone = found.measure.sentence.partition(", usually")[0]
        return f"{alone.format(value=found.measure.shown(value))} (nothing is usual yet)"

    def changes(self) -> list[str]:
        """A line for each change that a rule found and that lasts into the days asked for."""
        lines = []
        start, stop = self.shown.start, self.shown.stop
        for name, found in self.measures.items():
            for first, last in spans(found.alarm[:stop]):
                if last < start:
                    continue
                begin, end = self.days.dates()[[first, last]]
                lasts = f"since {begin}" if last == stop - 1 else f"from {begin} to {end}"
                known = np.flatnonzero(~np.isnan(found.value[first : last + 1]))
                newest = first + int(known[-1]) if len(known) else last
                rules = ", ".join(self.rules[name])
                lines.append(f"{rules}: {lasts}; at the end {found.says(newest)}")
        return lines


def trends_of(
    person: str, days: Days, rules: Rules, names: Sequence[str] = (),
    *, first: date | None = None, last: date | None = None,
) -> Trends:  # fmt: skip
    """The trends of ``names`` (default: every measure that was recorded) of a person.

    Alarms are those of chart rules about this person: a measure that no rule watches has a band,
    but no alarm, because each further chart would bring false alarms of its own. ``first`` and
    ``last`` are the days asked for (default: the last 56). Raises ``UnknownNameError`` and, where
    there are no such days, ``ConfigError``.
    """
    recorded = [name for name in MEASURES if name in days.values]
    wanted = [measure(name).name for name in names] or recorded
    watching = [
        rule for rule in rules.rules if isinstance(rule, ChartRule) and rule.is_about(person)
    ]
    found, names_of = {}, {}
    charts = [
        (name, chart)
        for name in wanted
        for chart in [rule.chart for rule in watching if rule.measure == name] or [Chart()]
    ]
    made = trends(days, charts)
    for name in wanted:
        ours = [rule for rule in watching if rule.measure == name]
        each = [one for one in made if one.measure.name == name]
        alarm = (
            np.any([one.alarm for one in each], axis=0) if ours else np.zeros(len(days.day), bool)
        )
        found[name] = replace(each[0], alarm=alarm)
        names_of[name] = tuple(rule.name for rule in ours)
    return Trends(person, days, _usual_s(days), found, names_of, _shown(days, first, last))


def duration(seconds: float) -> str:
    """``less than a minute``, ``20 minutes``, ``5.3 hours``."""
    if 0 < seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} minute{'s' * (minutes != 1)}"
    hours = f"{seconds / 3600:.1f}".removesuffix(".0")
    return f"{hours} hour{'s' * (hours != '1')}"


def spans(where: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, last) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def as_json(of: Trends) -> dict[str, Any]:
    """What the days asked for hold, for programs; ``None`` where there is no statement."""
    days, rows = of.days, []
    for at, day in enumerate(of.dates(), start=of.shown.start):
        reason = days.reasons[at]
        values = {
            name: {
                "value": _number(found.value[at]), "usual": _number(found.usual[at]),
                "low": _number(found.low[at]), "high": _number(found.high[at]),
                "alarm": bool(found.alarm[at]), "words": of.says(at, name),
            }
            for name, found in of.measures.items()
        }  # fmt: skip
        rows.append(
            {
                "day": day.isoformat(), "setup": int(days.setup[at]),
                "watched_s": float(days.watched_s[at]), "usable_s": float(days.usable_s[at]),
                "usual_s": _number(of.usual_s[at]), "reason": reason and str(reason),
                "measures": values,
            }
        )  # fmt: skip
    rules = {name: list(names) for name, names in of.rules.items() if names}
    return {
        "person": of.person, "days": rows, "rules": rules, "changes": of.changes(),
        "note": NOBODY_RECOGNISED,
    }  # fmt: skip


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _usual_s(days: Days) -> Floats:
    usual = np.full(len(days.day), np.nan)
    for number in np.unique(days.setup):
        ours = np.flatnonzero(days.setup == number)
        said = np.array([days.reasons[at] is None for at in ours], bool)
        for place, at in enumerate(ours):
            earlier = days.usable_s[ours[:place]][said[:place]]
            if len(earlier):
                usual[at] = np.median(earlier[-LEAST_DAYS * 4 :])
    return usual


def _shown(days: Days, first: date | None, last: date | None) -> slice:
    if not len(days.day):
        raise ConfigError("nothing was recorded of this person yet")
    check_order(first, last)
    begin, end = (date_of(int(days.day[at])) for at in (0, -1))
    until = min(filter(None, (last, end)))
    since = max(begin, first or until - timedelta(SHOWN_DAYS - 1))
    if since > until:
        raise ConfigError(
            f"no day was recorded in the time asked for: give one from {begin} to {end}"
        )
    return slice((since - begin).days, (until - begin).days + 1)
