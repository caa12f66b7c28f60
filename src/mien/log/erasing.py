"""Removes a person from the log, so that nothing is left but the fact that somebody was erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, exists, select

from mien.errors import LogError
from mien.log import audit, pictures
from mien.log.alert_tables import ALERTS, JUDGED, MESSAGE_ALERTS, MESSAGES, OUTBOX
from mien.log.database import Log
from mien.log.persons import find_person
from mien.log.schema import (
    CONSENTS,
    GAPS,
    HOURS,
    OBSERVATIONS,
    PERSONS,
    READINGS,
    SESSION_PERSONS,
    SESSIONS,
    SETUPS,
)
from mien.log.sessions import drop_unused_setups
from mien.log.times import iso

_OF_PERSON = (
    OBSERVATIONS, READINGS, HOURS, CONSENTS, SESSION_PERSONS, ALERTS, JUDGED, MESSAGES,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was erased, without a name."""

    time_ms: int
    token: str
    """The number that stood for the person in the audit trail."""
    removed: dict[str, int]
    """Table → rows."""
    copies: tuple[str, ...]
    """What was written out of the log before, which erasing does not reach."""
    entry: int
    """Of the audit trail."""
    hash: str

    def to_dict(self) -> dict[str, Any]:
        """For programs; ``text`` is what people read."""
        return {
            "time": iso(self.time_ms), "number": self.token, "removed": self.removed,
            "copies": list(self.copies), "entry": self.entry, "hash": self.hash,
            "text": "\n".join(self.lines()),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For people."""
        removed = ", ".join(f"{table} {count:,}" for table, count in self.removed.items() if count)
        copies = "; ".join(self.copies) or "none"
        return [
            "Certificate of erasure",
            f"Time: {iso(self.time_ms)}",
            f"Person: number {self.token} of the audit trail; the pseudonym is erased",
            f"Removed: {removed}; the file was rewritten",
            f"Copies that were made of it before, and are not reached: {copies}",
            f"Entry {self.entry} of the audit trail, {self.hash}",
        ]


def erase(log: Log, pseudonym: str) -> Certificate:
    """Remove every row of a person, rewrite the file and empty the write-ahead log.

    Sessions that recorded nobody else go too, with the names of their sources. Raises
    ``InputError`` for an unknown person, and ``LogError`` where a reader keeps the old pages in
    use: the rows are gone then, and ``rewrite`` finishes the work.
    """
    with log.write() as connection:
        person = find_person(connection, pseudonym)
        removed = _remove(connection, person.id)
        removed["picture files"] = pictures.remove(log, person.id)
        copies = _copies(connection, person.token)
        entry = audit.add(connection, "erase", {"removed": removed}, person.token)
    rewrite(log)
    return Certificate(entry.time_ms, person.token, removed, copies, entry.number, entry.hash)


def rewrite(log: Log) -> None:
    """Rewrite the whole file, so that it holds no removed bytes. Raises ``LogError``.

    On a server the tables are rewritten; what its write-ahead log and backups keep is its owner's.
    """
    with log.bare() as connection:
        if log.file is None:
            for table in (*_OF_PERSON, PERSONS, GAPS, SESSIONS, SETUPS, MESSAGE_ALERTS, OUTBOX):
                connection.exec_driver_sql(f"VACUUM FULL {table.name}")
            connection.exec_driver_sql("CHECKPOINT") if _may_checkpoint(connection) else None
            return
        driver: Any = connection
        driver.execute("VACUUM")
        busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise LogError(
            f"the rows are removed from {log.name}, but a reader holds old pages in use: end other "
            "commands, then run 'mien log prune --rewrite'"
        )


def _may_checkpoint(connection: Connection) -> bool:
    query = "SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE')"
    known = "SELECT 1 FROM pg_roles WHERE rolname = 'pg_checkpoint'"
    if not connection.exec_driver_sql(known).first():
        return False  # before PostgreSQL 15
    return bool(connection.exec_driver_sql(query).scalar())


def _remove(connection: Connection, person_id: int) -> dict[str, int]:
    sessions = _ids(
        connection,
        select(SESSION_PERSONS.c.session_id).where(SESSION_PERSONS.c.person_id == person_id),
    )
    removed = {
        table.name: connection.execute(delete(table).where(table.c.person_id == person_id)).rowcount
        for table in _OF_PERSON
    }
    shared = exists().where(SESSION_PERSONS.c.session_id == SESSIONS.c.id)
    alone = [
        one
        for some in _batches(sessions)
        for one in _ids(connection, select(SESSIONS.c.id).where(SESSIONS.c.id.in_(some), ~shared))
    ]
    for table, column in ((GAPS, GAPS.c.session_id), (SESSIONS, SESSIONS.c.id)):
        removed[table.name] = sum(
            connection.execute(delete(table).where(column.in_(some))).rowcount
            for some in _batches(alone)
        )
    removed[SETUPS.name] = drop_unused_setups(connection)
    persons = delete(PERSONS).where(PERSONS.c.id == person_id)
    removed[PERSONS.name] = connection.execute(persons).rowcount
    return removed


def _copies(connection: Connection, token: str) -> tuple[str, ...]:
    """Exports of the person, messages about them, and backups of the log."""
    words = {"export": "exported", "send": "a message was sent"}
    found = [
        f"{words[entry.action]} on {iso(entry.time_ms)}"
        for entry in audit.entries(connection, token)
        if entry.action in words
    ]
    found += [
        f"backed up on {iso(entry.time_ms)}"
        for entry in audit.entries(connection)
        if entry.action == "backup"
    ]
    return tuple(found)


def _ids(connection: Connection, query: Any) -> list[int]:
    return list(connection.execute(query).scalars())


def _batches(ids: Sequence[int], size: int = 500) -> list[Sequence[int]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
