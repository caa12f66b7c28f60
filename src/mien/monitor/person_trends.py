"""The trends of a person, measure by measure, for a page that draws them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from mien.log.database import Log
from mien.log.reading import note_reading
from mien.monitor.alerts.alert_rows import listed
from mien.monitor.alerts.answers import row_of
from mien.monitor.days import NoStatement
from mien.monitor.from_log import person_days
from mien.monitor.local_time import date_of
from mien.monitor.rules.config import Rules
from mien.monitor.trend import Trend
from mien.monitor.trends import NOBODY_RECOGNISED, Trends, trends_of

LIMITS = (
    "Days are compared only with this person's own earlier days of the same camera, place, model "
    "and settings.",
    "A measure that no rule watches has a band, but is not judged.",
)
"""What a reader must know beside the note that nobody is recognised, a text each."""


def person_trends(
    log: Log, pseudonym: str, rules: Rules, *, first: date | None = None, last: date | None = None
) -> dict[str, Any]:
    """JSON-ready: the days asked for, each measure with its values and what is usual, and alerts.

    ``recorded`` is the whole time there is. Without days, the last 56. Noted in the audit trail as
    a reading of trends. Nothing recorded gives ``None`` and empty lists. Raises ``NotFoundError``,
    and ``ConfigError`` where no day lies in the time asked for.
    """
    note_reading(log, pseudonym, "trends")
    days = person_days(log, pseudonym)
    with log.read() as connection:
        alerts = [row_of(one) for one in listed(connection) if one.alert.person == pseudonym]
    found: dict[str, Any] = {
        "person": pseudonym, "recorded": None, "from": None, "to": None, "days": [],
        "measures": [], "changes": [], "alerts": alerts, "note": NOBODY_RECOGNISED,
        "limits": list(LIMITS),
    }  # fmt: skip
    if not len(days.day):
        return found
    of = trends_of(pseudonym, days, rules, first=first, last=last)
    dates, (begin, end) = of.dates(), (date_of(int(days.day[at])) for at in (0, -1))
    return {
        **found, "recorded": {"first": begin.isoformat(), "last": end.isoformat()},
        "from": dates[0].isoformat(), "to": dates[-1].isoformat(),
        "days": _days(of), "changes": of.changes(),
        "measures": [_measure(of, name, each) for name, each in of.measures.items()],
    }  # fmt: skip


def _days(of: Trends) -> list[dict[str, Any]]:
    days = of.days
    return [
        {
            "date": day.isoformat(), "watched_s": float(days.watched_s[at]),
            "usable_s": float(days.usable_s[at]), "usual_s": _number(of.usual_s[at]),
            "coverage": _number(days.coverage[at]), "seen": of.seen(at),
            "reason": _code(days.reasons[at]), "restart": bool(days.restarts[at]),
        }
        for at, day in enumerate(of.dates(), start=of.shown.start)
    ]  # fmt: skip


def _measure(of: Trends, name: str, found: Trend) -> dict[str, Any]:
    kind, last = found.measure, of.shown.stop - 1
    ends = {"centre": found.usual[last], "low": found.low[last], "high": found.high[last]}
    return {
        "name": name, "label": name.replace("_", " "), "kind": kind.kind,
        "unit": "share" if kind.kind == "share" else kind.unit.strip(),
        "rules": list(of.rules[name]),
        "days": [
            {
                "date": day.isoformat(), "value": _number(found.value[at]),
                "coverage": _number(of.days.coverage[at]), "usual": _number(found.usual[at]),
                "low": _number(found.low[at]), "high": _number(found.high[at]),
                "alarm": bool(found.alarm[at]), "words": of.says(at, name),
            }
            for at, day in enumerate(of.dates(), start=of.shown.start)
        ],
        "baseline": None if np.isnan(found.usual[last]) else {
            **{end: _number(value) for end, value in ends.items()},
            "days": int(found.baseline_days[last]),
        },
    }  # fmt: skip


def _code(reason: NoStatement | None) -> str | None:
    """``not_watched``, ``not_seen``, ``too_short`` or ``too_little``."""
    return None if reason is None else reason.name.lower()


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
