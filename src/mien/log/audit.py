"""Who did what with the log: a chain of entries, each of which covers all before it.

Persons are named by their random token alone, whose only link to the pseudonym goes with the
person. So erasing a person leaves the chain valid, and nobody can tell any more whom it names.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, text

from mien.log.schema import AUDIT
from mien.log.times import now_ms

_FIRST = "0" * 64
_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the trail."""

    number: int
    time_ms: int
    actor: str
    """The user of the system who ran the command, or whom a server let in."""
    action: str
    token: str | None
    """Of the person it concerns."""
    details: Mapping[str, Any]
    hash: str


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Let entries of this thread or task name ``actor``, for a process that serves several people.

    A thread or task that is started inside has it only with a copy of the context.
    """
    before = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(before)


def add(
    connection: Connection, action: str, details: Mapping[str, Any], token: str | None = None
) -> Entry:
    """Append an entry, within a transaction that writes. ``details`` name no person."""
    if connection.dialect.name == "postgresql":  # two writers would continue the same entry
        connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
    last = connection.execute(
        select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1)
    ).first()
    number, before = (last.number + 1, last.hash) if last else (1, _FIRST)
    written = json.dumps(details, sort_keys=True)
    values = (number, now_ms(), _actor(), action, token, written)
    entry = Entry(*values[:5], details, _hash(before, *values))
    names = ("number", "time_ms", "actor", "action", "token", "details", "hash")
    connection.execute(insert(AUDIT).values(dict(zip(names, (*values, entry.hash), strict=True))))
    return entry


def entries(connection: Connection, token: str | None = None) -> Iterator[Entry]:
    """The trail in its order, of one person or of all."""
    query = select(AUDIT).order_by(AUDIT.c.number)
    if token is not None:
        query = query.where(AUDIT.c.token == token)
    for row in connection.execute(query):
        values = row._asdict()
        yield Entry(**{**values, "details": json.loads(row.details)})


def broken(connection: Connection) -> int | None:
    """The number of the first entry that was changed, removed or inserted; ``None`` if all fit."""
    before, expected = _FIRST, 1
    for row in connection.execute(select(AUDIT).order_by(AUDIT.c.number)):
        values = (row.number, row.time_ms, row.actor, row.action, row.token, row.details)
        if row.number != expected or row.hash != _hash(before, *values):
            return expected
        before, expected = row.hash, expected + 1
    return None


def head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last entry."""
    query = select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1)
    last = connection.execute(query).first()
    return (last.number, last.hash) if last else (0, _FIRST)


def has_hash(connection: Connection, wanted: str) -> bool:
    """Whether an entry has this hash: noted outside, it shows that the end was not cut off."""
    return connection.execute(select(AUDIT.c.number).where(AUDIT.c.hash == wanted)).first() is not (
        None
    )


def _hash(before: str, *values: object) -> str:
    return hashlib.sha256(json.dumps([before, *values]).encode()).hexdigest()


def _actor() -> str:
    acting = _acting.get()
    if acting is not None:
        return acting
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a number without a name, as in containers
        return "unknown"
