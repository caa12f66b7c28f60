"""What the log holds of a person → the hours and days that trends and rules look at.

A setup of the log is a place with its model, detector and settings. Its number restarts baselines,
so a change of software never looks like a change of a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import case, func, select

from mien.log import queries
from mien.log.database import Log
from mien.log.persons import find_person
from mien.log.schema import OBSERVATIONS
from mien.log.times import moment
from mien.monitor.days import Days, day_values
from mien.monitor.hours import Hours
from mien.monitor.measures import CHANGES, MEASURES

BREAK = timedelta(minutes=10)
"""Without a window for longer, a camera does not count as running."""
_FAR = timedelta(days=60)


def person_hours(log: Log, pseudonym: str, last_day: int | None = None) -> Hours:
    """The hours of a person, from the roll-ups of the log, up to a local day.

    Raises ``InputError`` for an unknown person.
    """
    found = queries.hours(log, pseudonym, last_day=last_day)
    assert found.hour is not None
    usable = found.seconds["usable_s"]
    changes = found.values["changes_a_minute"] * usable / 60
    means = {
        name: values
        for name, values in found.values.items()
        if name in MEASURES and name != CHANGES and not np.isnan(values).all()
    }
    return Hours(
        found.day, found.hour, found.setup_id, found.seconds["watched_s"],
        found.seconds["seen_s"], usable, changes, means,
    )  # fmt: skip


def person_days(log: Log, pseudonym: str, last_day: int | None = None) -> Days:
    """The days of a person up to a local day; see ``mien.monitor.days.day_values``."""
    return day_values(person_hours(log, pseudonym, last_day))


def last_seen(log: Log, pseudonym: str) -> datetime | None:
    """When a person was last seen; ``None`` for never."""
    found = queries.last_seen(log, pseudonym)
    return None if found is None else moment(found)


def watched_since(log: Log, pseudonym: str, now: datetime) -> datetime | None:
    """Since when a camera has recorded a person's place without a break of ``BREAK``.

    ``None`` if none does now. What lies more than ``_FAR`` back does not count.
    """
    end = round(now.timestamp() * 1000)
    starts = OBSERVATIONS.c.start_ms
    with log.read() as connection:
        person = find_person(connection, pseudonym)
        windows = (
            select(starts, func.lag(starts).over(order_by=starts).label("before"))
            .where(
                OBSERVATIONS.c.person_id == person.id, OBSERVATIONS.c.watched_s > 0,
                starts.between(end - _FAR // timedelta(milliseconds=1), end),
            )
            .subquery()
        )  # fmt: skip
        most = BREAK // timedelta(milliseconds=1)
        begins = windows.c.before.is_(None) | (windows.c.start_ms - windows.c.before > most)
        query = select(func.max(windows.c.start_ms), func.max(case((begins, windows.c.start_ms))))
        last, first = connection.execute(query).one()
    return None if last is None or end - last > most else moment(first)
