"""Alerts in the log: rows ↔ ``mien.monitor.alerts.state.Alert``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, text, update

from mien.log.alert_tables import ALERTS, JUDGED
from mien.log.schema import PERSONS
from mien.log.times import moment
from mien.monitor.alerts.state import Alert, Change, State

Key = tuple[str, str | None]
"""(rule, person); without a person the alert is about the installation."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An alert with the number that people call it by."""

    id: int
    alert: Alert
    useful: bool | None = None
    """Feedback; ``None`` without."""
    feedback_by: str | None = None
    feedback_note: str | None = None


def lock(connection: Connection) -> None:
    """Make others who would change alerts wait until this transaction is over.

    Transactions that write to SQLite wait for each other anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE alerts IN EXCLUSIVE MODE"))


def newest(connection: Connection) -> dict[Key, Stored]:
    """The newest alert of each rule and person."""
    last = select(func.max(ALERTS.c.id)).group_by(ALERTS.c.rule, ALERTS.c.person_id)
    return {
        (one.alert.rule, one.alert.person): one
        for one in _load(connection, [ALERTS.c.id.in_(last)])
    }


def listed(connection: Connection, *, everything: bool = False) -> list[Stored]:
    """Alerts that are open or acknowledged, or all there are, the oldest first."""
    live = or_(*(ALERTS.c.state == state.value for state in (State.OPEN, State.ACKNOWLEDGED)))
    return _load(connection, [] if everything else [live])


def numbered(connection: Connection, number: int) -> Stored | None:
    """The alert of a number; ``None`` if there is none."""
    return next(iter(_load(connection, [ALERTS.c.id == number])), None)


def save(
    connection: Connection, before: Stored | None, after: Alert | None, persons: Mapping[str, int]
) -> Stored | None:
    """Store what became of an alert: nothing, a change, a new one, or its end while pending.

    ``persons``: pseudonym → number.
    """
    if before is not None and after is before.alert:
        return before
    if after is None:
        if before is not None:  # was pending, and the condition ended
            connection.execute(ALERTS.delete().where(ALERTS.c.id == before.id))
        return None
    row = _row(after)
    if before is not None and after.since == before.alert.since:
        connection.execute(update(ALERTS).where(ALERTS.c.id == before.id).values(row))
        return replace(before, alert=after)
    row["person_id"] = None if after.person is None else persons[after.person]
    key = connection.execute(insert(ALERTS).values(row)).inserted_primary_key
    assert key is not None
    return Stored(key[0], after)


def judged(connection: Connection) -> dict[tuple[str, int], int]:
    """(rule, number of a person) → the last local day that was judged."""
    rows = connection.execute(select(JUDGED.c.rule, JUDGED.c.person_id, JUDGED.c.day))
    return {(row.rule, row.person_id): row.day for row in rows}


def set_judged(connection: Connection, person_id: int, rule: str, day: int) -> None:
    """Note the last local day that was judged."""
    where = (JUDGED.c.person_id == person_id, JUDGED.c.rule == rule)
    if not connection.execute(update(JUDGED).where(*where).values(day=day)).rowcount:
        connection.execute(insert(JUDGED).values(person_id=person_id, rule=rule, day=day))


def ms(at: datetime) -> int:
    """Milliseconds since 1970 in UTC."""
    return round(at.timestamp() * 1000)


def _load(connection: Connection, where: Iterable[Any]) -> list[Stored]:
    query = (
        select(ALERTS, PERSONS.c.pseudonym)
        .outerjoin(PERSONS, PERSONS.c.id == ALERTS.c.person_id)
        .where(*where)
        .order_by(ALERTS.c.id)
    )
    return [_stored(row._asdict()) for row in connection.execute(query)]


def _stored(row: Mapping[str, Any]) -> Stored:
    history = tuple(
        Change(State(state), moment(at), who, why)
        for state, at, who, why in json.loads(row["history"])
    )
    alert = Alert(
        row["rule"], row["pseudonym"], State(row["state"]), moment(row["since_ms"]), row["detail"],
        history, tuple(map(moment, json.loads(row["sent"]))), bool(row["armed"]),
    )  # fmt: skip
    useful = None if row["useful"] is None else bool(row["useful"])
    return Stored(row["id"], alert, useful, row["feedback_by"], row["feedback_note"])


def _row(alert: Alert) -> dict[str, Any]:
    history = [[step.state.value, ms(step.at), step.who, step.why] for step in alert.history]
    return {
        "rule": alert.rule, "state": alert.state.value, "since_ms": ms(alert.since),
        "detail": alert.detail, "armed": int(alert.armed), "history": json.dumps(history),
        "sent": json.dumps([ms(at) for at in alert.sent]),
    }  # fmt: skip
