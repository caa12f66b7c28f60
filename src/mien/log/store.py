"""Writes observations, and the hourly means that trends are computed from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Float,
    Integer,
    Select,
    case,
    cast,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy import type_coerce as coerce

from mien.log.schema import EXPRESSIONS, HOURS, MEANS, OBSERVATIONS, SESSIONS, Scaled
from mien.log.times import DAY_MS, HOUR_MS, MINUTE_MS, Zone
from mien.log.windows import Observation

_PLAIN = (
    "start_ms", "watched_s", "seen_s", "usable_s", "valence", "arousal", "smiling", "expressivity",
    "changes", "speaking", "size", "light", "yaw", "roll", "others",
)  # fmt: skip
_OVER_SEEN = {"speaking", "size", "light", "yaw", "roll"}
_NEAR_MS = 2 * HOUR_MS  # windows of one local hour are no further apart, also when clocks change


def observation_row(
    person_id: int, session_id: int, observation: Observation, offset_min: int
) -> dict[str, Any]:
    """A row of ``observations``."""
    others = observation.other_probs()
    return {
        "person_id": person_id,
        "session_id": session_id,
        "offset_min": offset_min,
        **{name: getattr(observation, name) for name in _PLAIN},
        **{name: observation.probs.get(name) for name in EXPRESSIONS},
        "other_probs": json.dumps({k: round(p, 4) for k, p in others.items()}) if others else None,
    }


def add_observations(
    connection: Connection,
    session_id: int,
    observations: Mapping[int, Sequence[Observation]],
    zone: Zone,
) -> int:
    """Insert the observations of persons, and bring their hours up to date; rows inserted."""
    rows = [
        observation_row(person_id, session_id, one, zone.offset_min(one.start_ms))
        for person_id, found in observations.items()
        for one in found
    ]
    if not rows:
        return 0
    add_rows(connection, rows)
    return len(rows)


def add_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of ``observation_row``, and bring the hours up to date."""
    insert_rows(connection, rows)
    spans: dict[int, tuple[int, int]] = {}
    for row in rows:
        start, person = row["start_ms"], row["person_id"]
        low, high = spans.get(person, (start, start))
        spans[person] = min(low, start), max(high, start)
    for person, (low, high) in spans.items():
        rebuild_hours(connection, person, low, high)


def insert_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of ``observation_row`` alone.

    Past SQLAlchemy's work for each value, which takes most of the time.
    """
    statement: Any = insert(OBSERVATIONS).compile(dialect=connection.dialect)
    names = statement.positiontup or _SCALES
    scales = [_SCALES[name] for name in names]
    values = [
        tuple(
            value if scale is None or value is None else round(value * scale)
            for value, scale in zip(map(row.__getitem__, names), scales, strict=True)
        )
        for row in rows
    ]
    by_name = [] if statement.positional else [dict(zip(names, one, strict=True)) for one in values]
    connection.exec_driver_sql(statement.string, by_name or values)


_SCALES = {
    column.name: column.type.scale if isinstance(column.type, Scaled) else None
    for column in OBSERVATIONS.columns
}


def rebuild_hours(connection: Connection, person_id: int, low_ms: int, high_ms: int) -> None:
    """Compute the hours anew that have windows of a person from ``low_ms`` to ``high_ms``."""
    touched = OBSERVATIONS.c.start_ms.between(low_ms, high_ms)
    wanted = _hours_of(connection, OBSERVATIONS.c.person_id == person_id, touched)
    if wanted:
        _write_hours(connection, person_id, wanted, low_ms, high_ms)


def remove_session_rows(connection: Connection, person_id: int, session_id: int) -> int:
    """Remove the observations of a person in a session, from the hours too; rows removed."""
    table = OBSERVATIONS.c
    ours = (table.person_id == person_id, table.session_id == session_id)
    span = select(func.min(table.start_ms), func.max(table.start_ms)).where(*ours)
    low, high = connection.execute(span).one()
    if low is None:
        return 0
    wanted = _hours_of(connection, *ours)
    count = connection.execute(delete(OBSERVATIONS).where(*ours)).rowcount
    _write_hours(connection, person_id, wanted, low, high)
    return count


def _hours_of(connection: Connection, *where: Any) -> set[tuple[int, int]]:
    """(day, hour) of observations."""
    rows = connection.execute(select(_DAY, _HOUR).distinct().where(*where))
    return {(row.day, row.hour) for row in rows}


def _write_hours(
    connection: Connection, person_id: int, wanted: set[tuple[int, int]], low_ms: int, high_ms: int
) -> None:
    """Compute hours anew from the observations that there are, around two moments."""
    near = OBSERVATIONS.c.start_ms.between(low_ms - _NEAR_MS, high_ms + _NEAR_MS)
    query = hourly().where(OBSERVATIONS.c.person_id == person_id, near)
    rows = [row._asdict() for row in connection.execute(query) if (row.day, row.hour) in wanted]
    days = {day for day, _ in wanted}
    old = delete(HOURS).where(
        HOURS.c.person_id == person_id, HOURS.c.day.between(min(days), max(days))
    )
    for hours in _by_hours(wanted):
        connection.execute(old.where(*hours))
    if rows:
        connection.execute(insert(HOURS), rows)


def _by_hours(wanted: Iterable[tuple[int, int]]) -> list[list[Any]]:
    """Conditions that together hold for the wanted (day, hour), one for each run of whole hours."""
    numbers = sorted(day * 24 + hour for day, hour in wanted)
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    number_of = HOURS.c.day * 24 + cast(HOURS.c.hour, Integer)
    return [[number_of.between(low, high)] for low, high in runs]


_LOCAL = OBSERVATIONS.c.start_ms + cast(OBSERVATIONS.c.offset_min, BigInteger) * MINUTE_MS
_DAY = (_LOCAL // DAY_MS).label("day")
_HOUR = (_LOCAL // HOUR_MS % 24).label("hour")


@cache
def hourly() -> Select[Any]:
    """The rows of ``hours``, computed from the observations."""
    table = OBSERVATIONS.c
    columns = [
        table.person_id,
        cast(_DAY, Integer).label("day"),
        cast(_HOUR, Integer).label("hour"),
        SESSIONS.c.setup_id,
        *(_seconds(name).label(name) for name in ("watched_s", "seen_s", "usable_s")),
        cast(func.sum(table.changes), Integer).label("changes"),
        *(_mean(name).label(name) for name in MEANS),
    ]
    joined = OBSERVATIONS.join(SESSIONS, SESSIONS.c.id == table.session_id)
    return (
        select(*columns)
        .select_from(joined)
        .group_by(table.person_id, _DAY, _HOUR, SESSIONS.c.setup_id)
    )


def _seconds(name: str) -> Any:
    return cast(func.sum(coerce(OBSERVATIONS.c[name], Integer)), Float) / _scale(name)


def _mean(name: str) -> Any:
    """The mean over the seconds that count for a measure."""
    over = "watched_s" if name == "others" else "seen_s" if name in _OVER_SEEN else "usable_s"
    value = coerce(OBSERVATIONS.c[name], Integer)
    weight = coerce(OBSERVATIONS.c[over], Integer)
    # In 64 bits: a day of milliseconds times a probability in ten-thousandths does not fit 32.
    total = func.sum(cast(value, Float) * weight)
    known = func.sum(case((value.is_not(None), weight)))
    return total / func.nullif(cast(known, Float), 0.0) / _scale(name)


def _scale(name: str) -> float:
    kind = OBSERVATIONS.c[name].type
    assert isinstance(kind, Scaled)
    return float(kind.scale)
