"""Windows of a person a page at a time, for programs that read much."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_

from mien.errors import ConfigError, brief
from mien.log.database import Log
from mien.log.exporting import shown_row
from mien.log.persons import find_person
from mien.log.schema import OBSERVATIONS

MOST_ROWS = 5000
"""Of a page."""
_CURSOR = re.compile(r"(\d{1,16})\.(\d{1,10})", re.A)


class Page(NamedTuple):
    """Some windows, the oldest first."""

    rows: list[dict[str, Any]]
    """As ``mien log export`` gives them."""
    cursor: str | None
    """What the next page follows; ``None`` after the last one."""


def observation_page(
    log: Log, pseudonym: str, start_ms: int, end_ms: int, *, limit: int, cursor: str | None = None
) -> Page:
    """The windows that begin in [``start_ms``, ``end_ms``), at most ``limit``, after ``cursor``.

    Raises ``NotFoundError`` for an unknown person and ``ConfigError`` for another cursor than that
    of a page.
    """
    table = OBSERVATIONS.c
    with log.read() as connection:
        person = find_person(connection, pseudonym)
        where = [
            table.person_id == person.id, table.start_ms >= start_ms, table.start_ms < end_ms,
        ]  # fmt: skip
        if cursor is not None:
            where.append(tuple_(table.start_ms, table.session_id) > _place(cursor))
        query = select(OBSERVATIONS).where(*where).order_by(table.start_ms, table.session_id)
        rows = [row._asdict() for row in connection.execute(query.limit(limit + 1))]
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else f"{last['start_ms']}.{last['session_id']}"
    return Page([shown_row(row) for row in rows[:limit]], following)


def _place(cursor: str) -> tuple[int, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ConfigError(f"{brief(cursor)} is not a cursor: give that of the page before")
    return int(found[1]), int(found[2])
