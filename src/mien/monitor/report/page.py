"""Writes the report of a person into one HTML file without pictures."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

from mien.log import audit, queries
from mien.log.database import Log
from mien.log.persons import find_person
from mien.log.private import restrict
from mien.monitor.alerts.alert_rows import listed
from mien.monitor.days import day_values
from mien.monitor.from_log import person_hours
from mien.monitor.local_time import day_span_ms, local_day
from mien.monitor.report.period import Period
from mien.monitor.report.shapes import HEIGHT, WIDTH
from mien.monitor.report.view import Known, view_of
from mien.monitor.rules.config import Rules
from mien.monitor.trends import NOBODY_RECOGNISED, trends_of
from mien.reports.page import Origin, render, write_report


def known_of(
    log: Log, pseudonym: str, rules: Rules, about: Period, where: tzinfo | None
) -> Known:  # fmt: skip
    """Read what a report needs, and note in the audit trail that the person's data leave the log.

    Raises ``InputError`` for an unknown person and ``ConfigError`` where no day was recorded.
    """
    hours = person_hours(log, pseudonym)
    trends = trends_of(pseudonym, day_values(hours), rules, first=about.first, last=about.last)
    with log.write() as connection:
        token = find_person(connection, pseudonym).token
        audit.add(connection, "export", {"kinds": ["report"], "form": "html"}, token)
        alerts = [
            one for one in listed(connection, everything=True)
            if one.alert.person in (None, pseudonym)
        ]  # fmt: skip
    gaps = queries.gaps(log, pseudonym, *day_span_ms(about.first, about.last, where))
    return Known(trends, hours, alerts, queries.setups(log), len(gaps))


def write_person_report(
    path: str | Path, known: Known, about: Period, now: datetime, where: tzinfo | None,
    command: str = "",
) -> None:  # fmt: skip
    """Write the page, whole or not at all.

    Other parameters: see ``person_report``. Raises ``OutputError`` and ``MissingExtraError``.
    """
    write_report(path, person_report(known, about, now, where, command))
    restrict(Path(path))


def person_report(
    known: Known, about: Period, now: datetime, where: tzinfo | None, command: str = ""
) -> str:
    """The page, HTML.

    ``where``: the zone of times and of today, ``None`` for this machine's. ``command``: the command
    line, for the end of the page. Raises ``MissingExtraError``.
    """
    view = view_of(known, about, local_day(now, where), where)
    made = now.astimezone(where)
    return render(
        "person.html", f"{view.person}, {view.period}", Origin(command, "", ""), {}, {},
        view=view, size=(WIDTH, HEIGHT), nobody_recognised=NOBODY_RECOGNISED,
        made=f"{made.day} {made:%B %Y, %H:%M}",
    )  # fmt: skip
