"""The audit trail a page at a time, the newest entries first."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from mien.log import audit
from mien.log.database import Log
from mien.log.schema import AUDIT
from mien.log.times import iso

MOST_ENTRIES = 1000
"""Of a page."""


def audit_page(log: Log, *, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """At most ``limit`` entries, JSON-ready, with numbers below ``before``.

    The trail notes that it was read, each page: ``before`` can be made up.
    """
    with log.write() as connection:
        audit.add(connection, "read", {"what": "the audit trail"})
        query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(AUDIT.c.number < before)
        rows = connection.execute(query).all()
    return [
        {
            "number": row.number, "time": iso(row.time_ms), "actor": row.actor,
            "action": row.action, "person_number": row.token, "details": json.loads(row.details),
        }
        for row in rows
    ]  # fmt: skip
