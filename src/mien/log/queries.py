"""What trends, alerts and reports ask the log.

Times are UTC milliseconds; ``day`` counts local days since 1970-01-01. Values are NumPy arrays with
one element a row, in the order of time, NaN where nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from mien.log.database import Log
from mien.log.persons import Person, all_persons, find_person, last_seen_ms
from mien.log.schema import (
    EXPRESSIONS,
    GAPS,
    HOURS,
    MEANS,
    OBSERVATIONS,
    SESSION_PERSONS,
    SESSIONS,
    SETUPS,
    Scaled,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEASURES = (*MEANS, "changes_a_minute")
"""What a day has a value of."""
SECONDS = ("watched_s", "seen_s", "usable_s")


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Windows of a person. Every array has one element a window."""

    start_ms: Ints
    offset_min: Ints
    session_id: Ints
    setup_id: Ints
    seconds: Mapping[str, Floats]
    """``watched_s``, ``seen_s`` and ``usable_s``."""
    values: Mapping[str, Floats]
    """Measure → values; see ``mien.log.windows.Observation``."""

    def __len__(self) -> int:
        return len(self.start_ms)


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Local days, or hours of them, of one setup each. Every array has one element a row."""

    day: Ints
    setup_id: Ints
    seconds: Mapping[str, Floats]
    values: Mapping[str, Floats]
    """Means over the seconds that count for the measure."""
    hour: Ints | None = None
    """0 to 23, of hours."""

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True)
class SetupRow:
    """What values depend on; see ``mien.log.sessions.Setup``."""

    id: int
    place: str
    model: str
    model_sha256: str
    detector: str
    detector_sha256: str
    settings: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing came from a source."""

    session_id: int
    start_ms: int
    end_ms: int
    reason: str


def persons(log: Log) -> list[Person]:
    """Every enrolled person."""
    with log.read() as connection:
        return all_persons(connection)


def person(log: Log, pseudonym: str) -> Person:
    """One person. Raises ``InputError``, which names the nearest pseudonym."""
    with log.read() as connection:
        return find_person(connection, pseudonym)


def observations(log: Log, pseudonym: str, start_ms: int, end_ms: int) -> Observations:
    """The windows of a person that begin in [``start_ms``, ``end_ms``)."""
    table = OBSERVATIONS.c
    names = (*EXPRESSIONS, *MEANS[len(EXPRESSIONS) :])
    with log.read() as connection:
        who = find_person(connection, pseudonym)
        query = (
            select(
                table.start_ms, table.offset_min, table.session_id, SESSIONS.c.setup_id,
                *(_plain(name) for name in (*SECONDS, *names)), table.changes,
            )
            .join(SESSIONS, SESSIONS.c.id == table.session_id)
            .where(table.person_id == who.id, table.start_ms >= start_ms, table.start_ms < end_ms)
            .order_by(table.start_ms, table.session_id)
        )  # fmt: skip
        rows = connection.execute(query).all()
    start, offset, session, setup = (np.array([row[n] for row in rows], np.int64) for n in range(4))
    floats = [_floats(rows, n) for n in range(4, 4 + len(SECONDS) + len(names) + 1)]
    scaled = {name: floats[n] / _scale(name) for n, name in enumerate((*SECONDS, *names))}
    seconds = {name: scaled.pop(name) for name in SECONDS}
    scaled["changes_a_minute"] = _a_minute(floats[-1], seconds["usable_s"])
    return Observations(start, offset, session, setup, seconds, scaled)


def hours(
    log: Log, pseudonym: str, first_day: int | None = None, last_day: int | None = None
) -> Days:
    """The hours of a person's days from ``first_day`` to ``last_day``, from the roll-ups."""
    table = HOURS.c
    with log.read() as connection:
        who = find_person(connection, pseudonym)
        where = [table.person_id == who.id]
        where += [] if first_day is None else [table.day >= first_day]
        where += [] if last_day is None else [table.day <= last_day]
        columns = [table[name] for name in ("day", "setup_id", "hour", *SECONDS, *MEANS, "changes")]
        query = select(*columns).where(*where).order_by(table.day, table.hour, table.setup_id)
        rows = connection.execute(query).all()
    day, setup, hour = (np.array([row[n] for row in rows], np.int64) for n in range(3))
    floats = [_floats(rows, n) for n in range(3, len(columns))]
    named = dict(zip((*SECONDS, *MEANS, "changes"), floats, strict=True))
    seconds = {name: named.pop(name) for name in SECONDS}
    named["changes_a_minute"] = _a_minute(named.pop("changes"), seconds["usable_s"])
    return Days(day, setup, seconds, named, hour)


def days(log: Log, pseudonym: str, first_day: int | None = None, last_day: int | None = None) -> (
    Days
):  # fmt: skip
    """The days of a person, one row a day and setup: the hours, each with its seconds' weight."""
    return merge_hours(hours(log, pseudonym, first_day, last_day))


def merge_hours(of: Days, wanted: NDArray[np.bool_] | None = None) -> Days:
    """Days from hours; ``wanted``: only some of the hours, such as those that a baseline saw."""
    chosen = np.ones(len(of), bool) if wanted is None else wanted
    keys, group = np.unique(
        np.column_stack([of.day[chosen], of.setup_id[chosen]]), axis=0, return_inverse=True
    )
    group = group.reshape(-1)

    def total(values: Floats) -> Floats:
        return np.bincount(group, values, len(keys)).astype(np.float64)

    seconds = {name: total(values[chosen]) for name, values in of.seconds.items()}
    found = {}
    for name, values in of.values.items():
        some, weight = values[chosen], of.seconds[weight_of(name)][chosen]
        known = np.isfinite(some)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name] = total(np.where(known, some * weight, 0)) / total(
                np.where(known, weight, 0)
            )
    return Days(keys[:, 0], keys[:, 1], seconds, found)


def weight_of(measure: str) -> str:
    """The seconds over which a measure is averaged."""
    if measure == "others":
        return "watched_s"
    return "seen_s" if measure in ("speaking", "size", "light", "yaw", "roll") else "usable_s"


def setups(log: Log) -> dict[int, SetupRow]:
    """Every setup by its number."""
    with log.read() as connection:
        columns = [SETUPS.c[name] for name in SetupRow.__slots__]
        rows = connection.execute(select(*columns)).all()
    return {row[0]: SetupRow(*row) for row in rows}


def gaps(log: Log, pseudonym: str, start_ms: int, end_ms: int) -> list[Gap]:
    """Gaps of the sessions of a person that reach into [``start_ms``, ``end_ms``)."""
    with log.read() as connection:
        who = find_person(connection, pseudonym)
        query = (
            select(GAPS.c.session_id, GAPS.c.start_ms, GAPS.c.end_ms, GAPS.c.reason)
            .join(SESSION_PERSONS, SESSION_PERSONS.c.session_id == GAPS.c.session_id)
            .where(
                SESSION_PERSONS.c.person_id == who.id,
                GAPS.c.start_ms < end_ms,
                GAPS.c.end_ms >= start_ms,
            )
            .order_by(GAPS.c.start_ms)
        )
        return [Gap(*row) for row in connection.execute(query)]


def last_seen(log: Log, pseudonym: str) -> int | None:
    """The begin of the last window that shows a person, in UTC milliseconds."""
    with log.read() as connection:
        return last_seen_ms(connection, find_person(connection, pseudonym))


def last_window(log: Log) -> int | None:
    """The begin of the last window of any person: whether recording goes on."""
    with log.read() as connection:
        found: int | None = connection.execute(select(func.max(OBSERVATIONS.c.start_ms))).scalar()
    return found


def counts(log: Log) -> dict[str, int]:
    """Rows of the larger tables."""
    from mien.log.schema import PERSONS, READINGS

    tables = (PERSONS, SESSIONS, OBSERVATIONS, READINGS, HOURS)
    with log.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def _plain(name: str) -> Any:
    """A column as it is stored: NumPy scales faster than row by row."""
    from sqlalchemy import Integer, type_coerce

    return type_coerce(OBSERVATIONS.c[name], Integer)


def _scale(name: str) -> float:
    kind = OBSERVATIONS.c[name].type
    assert isinstance(kind, Scaled)
    return float(kind.scale)


def _floats(rows: Any, column: int) -> Floats:
    return np.array([np.nan if row[column] is None else row[column] for row in rows], np.float64)


def _a_minute(changes: Floats, usable_s: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(usable_s > 0, 60 * changes / usable_s, np.nan)
