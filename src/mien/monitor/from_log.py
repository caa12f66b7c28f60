"""What the log holds of a person → the hours and days that trends and rules look at.

A setup of the log is a place with its model, detector and settings. Its number restarts baselines,
so a change of software never looks like a change of a person.
"""

from __future__ import annotations

import numpy as np

from mien.log import queries
from mien.log.database import Log
from mien.monitor.days import Days, day_values
from mien.monitor.hours import Hours
from mien.monitor.measures import CHANGES, MEASURES


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
