"""The sessions of a log as people see them, by number: listed, looked up, removed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from mien.errors import InputError
from mien.log import audit, pictures
from mien.log.database import Log
from mien.log.erasing import rewrite
from mien.log.persons import find_person
from mien.log.schema import (
    GAPS,
    OBSERVATIONS,
    PERSONS,
    READINGS,
    SESSION_PERSONS,
    SESSIONS,
    SETUPS,
)
from mien.log.sessions import drop_unused_setups
from mien.log.shown import Region, parse_region
from mien.log.store import remove_session_rows
from mien.log.times import MINUTE_MS, iso, now_ms

_RUNNING_MS = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class SessionPerson:
    """Whom a session records."""

    id: int
    pseudonym: str
    token: str
    region: Region | None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A recording that is stored."""

    id: int
    kind: str
    source: str
    source_sha256: str
    place: str
    settings: Mapping[str, Any]
    """Of its setup."""
    start_ms: int
    offset_min: int
    end_ms: int | None
    """``None`` while it runs, and after a kill."""
    persons: tuple[SessionPerson, ...]


def list_sessions(log: Log, pseudonym: str | None = None) -> list[dict[str, Any]]:
    """A row for each session, of a person or of all, noted as a reading.

    Raises ``InputError`` for an unknown person.
    """
    count = select(OBSERVATIONS.c.session_id, func.count()).group_by(OBSERVATIONS.c.session_id)
    with log.write() as connection:
        person = None if pseudonym is None else find_person(connection, pseudonym)
        token = None if person is None else person.token
        audit.add(connection, "read", {"what": "the list of sessions"}, token)
        windows = {row[0]: row[1] for row in connection.execute(count)}
        found = [find_session(connection, number) for number in _numbers(connection, person)]
    return [
        {
            "session": one.id,
            "persons": [person.pseudonym for person in one.persons],
            "kind": one.kind, "source": one.source, "place": one.place,
            "start": iso(one.start_ms, one.offset_min),
            "end": None if one.end_ms is None else iso(one.end_ms, one.offset_min),
            "windows": windows.get(one.id, 0),
            "picture_files": sum(
                len(pictures.windows(log, person.id, one.id)) for person in one.persons
            ),
        }
        for one in found
    ]  # fmt: skip


def _numbers(connection: Connection, person: Any) -> list[int]:
    query = select(SESSIONS.c.id).order_by(SESSIONS.c.start_ms, SESSIONS.c.id)
    if person is not None:
        ours = select(SESSION_PERSONS.c.session_id).where(SESSION_PERSONS.c.person_id == person.id)
        query = query.where(SESSIONS.c.id.in_(ours))
    return list(connection.execute(query).scalars())


def find_session(connection: Connection, number: int) -> StoredSession:
    """One session. Raises ``InputError``."""
    columns = [SESSIONS.c[name] for name in _COLUMNS]
    query = select(*columns, SETUPS.c.place, SETUPS.c.settings).join(
        SETUPS, SETUPS.c.id == SESSIONS.c.setup_id
    )
    row = connection.execute(query.where(SESSIONS.c.id == number)).first()
    if row is None:
        raise InputError(f"there is no session {number}: 'mien log sessions' lists them")
    shown = (
        select(PERSONS.c.id, PERSONS.c.pseudonym, PERSONS.c.token, SESSION_PERSONS.c.region)
        .join(SESSION_PERSONS, SESSION_PERSONS.c.person_id == PERSONS.c.id)
        .where(SESSION_PERSONS.c.session_id == number)
        .order_by(PERSONS.c.pseudonym)
    )
    persons = tuple(
        SessionPerson(*one[:3], None if one.region is None else parse_region(one.region))
        for one in connection.execute(shown)
    )
    values = row._asdict()
    settings = json.loads(values.pop("settings"))
    return StoredSession(**values, settings=settings, persons=persons)


_COLUMNS = ("id", "kind", "source", "source_sha256", "start_ms", "offset_min", "end_ms")


def check_over(connection: Connection, session: StoredSession) -> None:
    """Raise ``InputError`` for a session that may still be recorded."""
    if session.end_ms is not None:
        return
    ours = OBSERVATIONS.c.session_id == session.id
    last = connection.execute(select(func.max(OBSERVATIONS.c.start_ms)).where(ours)).scalar()
    if 0 <= now_ms() - (session.start_ms if last is None else last) < _RUNNING_MS:
        raise InputError(f"session {session.id} is being recorded: end that first, then wait 5 min")


def remove_session(log: Log, number: int) -> dict[str, int]:
    """Remove a recording, its part of the daily values and its pictures; table → rows.

    The file is rewritten, as by ``erase``. Hours that are older than observations are kept stay as
    they are, and so do alerts. Raises ``InputError``, and ``LogError`` as ``rewrite``.
    """
    with log.write() as connection:
        session = find_session(connection, number)
        check_over(connection, session)
        removed = {OBSERVATIONS.name: 0}
        for person in session.persons:
            removed[OBSERVATIONS.name] += remove_session_rows(connection, person.id, number)
        for table in (READINGS, GAPS, SESSION_PERSONS):
            ours = delete(table).where(table.c.session_id == number)
            removed[table.name] = connection.execute(ours).rowcount
        connection.execute(delete(SESSIONS).where(SESSIONS.c.id == number))
        removed[SETUPS.name] = drop_unused_setups(connection)
        removed["picture files"] = pictures.remove(log, session=number)
        for person in session.persons:
            details = {"session": number, "removed": removed}
            audit.add(connection, "remove", details, person.token)
    rewrite(log)
    return removed
