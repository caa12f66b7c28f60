"""The sessions of a log as people see them, by number: listed, looked up, removed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from mien.errors import ConflictError, NotFoundError
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
    time_from: str
    place: str
    model: str
    detector: str
    settings: Mapping[str, Any]
    """Of its setup."""
    start_ms: int
    offset_min: int
    end_ms: int | None
    """``None`` while it runs, and after a kill."""
    persons: tuple[SessionPerson, ...]

    def times(self) -> dict[str, str | None]:
        """``start`` and ``end`` as text."""
        return {
            "start": iso(self.start_ms, self.offset_min),
            "end": None if self.end_ms is None else iso(self.end_ms, self.offset_min),
        }


def list_sessions(log: Log, pseudonym: str | None = None) -> list[dict[str, Any]]:
    """A row for each session, of a person or of all, noted as a reading.

    Raises ``NotFoundError`` for an unknown person.
    """
    found, windows = _listed(log, pseudonym)
    return [
        {
            "session": one.id, "persons": [person.pseudonym for person in one.persons],
            "kind": one.kind, "source": one.source, "place": one.place, **one.times(),
            "windows": windows.get(one.id, 0), "picture_files": _picture_files(log, one),
        }
        for one in found
    ]  # fmt: skip


def person_sessions(log: Log, pseudonym: str) -> list[dict[str, Any]]:
    """The sessions of a person with what they were read with, noted as a reading.

    ``others``: further persons whom the same recording shows; ``over``: whether it may be removed.
    Raises ``NotFoundError``.
    """
    found, windows = _listed(log, pseudonym)
    with log.read() as connection:
        running = {one.id for one in found if _is_running(connection, one)}
    return [
        {
            "session": one.id, "kind": one.kind, "source": one.source, "time_from": one.time_from,
            **one.times(), "place": one.place, "model": one.model, "detector": one.detector,
            "others": [other.pseudonym for other in one.persons if other.pseudonym != pseudonym],
            "windows": windows.get(one.id, 0), "picture_files": _picture_files(log, one),
            "over": one.id not in running,
        }
        for one in found
    ]  # fmt: skip


def _listed(log: Log, pseudonym: str | None) -> tuple[list[StoredSession], dict[int, int]]:
    """Sessions, and the rows of each."""
    count = select(OBSERVATIONS.c.session_id, func.count()).group_by(OBSERVATIONS.c.session_id)
    with log.write() as connection:
        person = None if pseudonym is None else find_person(connection, pseudonym)
        token = None if person is None else person.token
        audit.add(connection, "read", {"what": "the list of sessions"}, token)
        windows = {row[0]: row[1] for row in connection.execute(count)}
        found = [find_session(connection, number) for number in _numbers(connection, person)]
    return found, windows


def _picture_files(log: Log, session: StoredSession) -> int:
    return sum(len(pictures.windows(log, person.id, session.id)) for person in session.persons)


def _numbers(connection: Connection, person: Any) -> list[int]:
    query = select(SESSIONS.c.id).order_by(SESSIONS.c.start_ms, SESSIONS.c.id)
    if person is not None:
        ours = select(SESSION_PERSONS.c.session_id).where(SESSION_PERSONS.c.person_id == person.id)
        query = query.where(SESSIONS.c.id.in_(ours))
    return list(connection.execute(query).scalars())


def find_session(connection: Connection, number: int) -> StoredSession:
    """One session. Raises ``NotFoundError``."""
    columns = [SESSIONS.c[name] for name in _COLUMNS]
    query = select(*columns, *(SETUPS.c[name] for name in _OF_SETUP)).join(
        SETUPS, SETUPS.c.id == SESSIONS.c.setup_id
    )
    row = connection.execute(query.where(SESSIONS.c.id == number)).first()
    if row is None:
        raise NotFoundError(f"there is no session {number}: 'mien log sessions' lists them")
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


_COLUMNS = (
    "id", "kind", "source", "source_sha256", "time_from", "start_ms", "offset_min", "end_ms",
)  # fmt: skip
_OF_SETUP = ("place", "model", "detector", "settings")


def check_over(connection: Connection, session: StoredSession) -> None:
    """Raise ``ConflictError`` for a session that may still be recorded."""
    if _is_running(connection, session):
        raise ConflictError(
            f"session {session.id} is being recorded: end that first, then wait 5 min"
        )


def _is_running(connection: Connection, session: StoredSession) -> bool:
    if session.end_ms is not None:
        return False
    ours = OBSERVATIONS.c.session_id == session.id
    last = connection.execute(select(func.max(OBSERVATIONS.c.start_ms)).where(ours)).scalar()
    return 0 <= now_ms() - (session.start_ms if last is None else last) < _RUNNING_MS


def remove_session(log: Log, number: int, pseudonym: str | None = None) -> dict[str, int]:
    """Remove a recording, its part of the daily values and its pictures; table → rows.

    The file is rewritten, as by ``erase``. Hours that are older than observations are kept stay as
    they are, and so do alerts. With ``pseudonym`` only one that shows this person is removed, for
    all whom it shows. Raises ``NotFoundError``, ``ConflictError``, and ``LogError`` as ``rewrite``.
    """
    with log.write() as connection:
        session = find_session(connection, number)
        if pseudonym is not None:
            person_id = find_person(connection, pseudonym).id
            if person_id not in (person.id for person in session.persons):
                raise NotFoundError(f"session {number} does not show {pseudonym!r}")
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
