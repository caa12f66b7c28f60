"""Whether anything has changed since somebody looked, without a word about a person."""

from __future__ import annotations

import hashlib

from sqlalchemy import Table, select

from mien.log.alert_tables import ALERTS
from mien.log.database import Log
from mien.log.schema import CONSENTS, PERSONS

_WATCHED: dict[str, tuple[Table, ...]] = {"alerts": (ALERTS,), "persons": (PERSONS, CONSENTS)}


def change_marks(log: Log) -> dict[str, str]:
    """For ``alerts`` and ``persons`` a text that is another whenever one of their rows changes."""
    with log.read() as connection:
        marks = {}
        for name, tables in _WATCHED.items():
            whole = hashlib.sha256()
            for table in tables:
                query = select(table).order_by(*table.primary_key.columns)
                for row in connection.execute(query):
                    whole.update(repr(tuple(row)).encode())
            marks[name] = whole.hexdigest()[:16]
    return marks
