"""Checks that a log is whole, and that nobody changed its audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from mien.log import audit
from mien.log.database import Log
from mien.log.schema import HOURS, OBSERVATIONS
from mien.log.store import hourly


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found."""

    problems: tuple[str, ...]
    entries: int
    """Of the audit trail."""
    head: str
    """Hash of its last entry: noted elsewhere, it later shows whether the end was cut off."""


def verify(log: Log, head: str | None = None) -> Verified:
    """Check the file's structure, references, the hourly means and the audit trail.

    ``head``: a hash that was noted earlier, which the trail must still have.
    """
    problems: list[str] = []
    if log.file is not None:
        with log.bare() as driver:
            found = driver.execute("PRAGMA integrity_check").fetchall()  # type: ignore[call-overload]
            problems += [f"the file is damaged: {row[0]}" for row in found if row[0] != "ok"][:5]
            lost = driver.execute("PRAGMA foreign_key_check").fetchall()  # type: ignore[call-overload]
            problems += [f"{len(lost)} rows refer to rows that are missing"] if lost else []
    with log.read() as connection:
        number = audit.broken(connection)
        if number is not None:
            problems.append(f"the audit trail was changed at entry {number}")
        if head is not None and not audit.has_hash(connection, head):
            problems.append(f"the audit trail has no entry {head}: its end was cut off, or changed")
        problems += _hours(connection)
        last, digest = audit.head(connection)
    return Verified(tuple(problems), last, digest)


def _hours(connection: Connection) -> list[str]:
    """Whether the seconds of the hours are those of the observations that are there."""
    sums = hourly().subquery()
    fits = (
        (HOURS.c.person_id == sums.c.person_id)
        & (HOURS.c.day == sums.c.day)
        & (HOURS.c.hour == sums.c.hour)
        & (HOURS.c.setup_id == sums.c.setup_id)
        & (func.abs(HOURS.c.usable_s - sums.c.usable_s) < 0.01)
    )
    query = select(func.count()).select_from(sums.outerjoin(HOURS, fits)).where(
        HOURS.c.person_id.is_(None)
    )  # fmt: skip
    # The first day may have been pruned in part when the log's limits were changed.
    wrong = connection.execute(query).scalar_one()
    if not wrong:
        return []
    rows = connection.execute(select(func.count()).select_from(OBSERVATIONS)).scalar_one()
    return [f"{wrong:,} hours do not fit the {rows:,} observations"]
