"""The durable outbox: each message has a row for each target, which is tried until it went.

A row is claimed before it is sent and marked afterwards, so two processes never send the same one.
Whoever is killed between sending and marking leaves a row that is sent again after ``BACK_OFF``: a
repeated warning is better than a lost one. The message's ``id`` is the same then; a file drops the
repeat itself, a webhook or mail server can. Standard output cannot, so it is marked before.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from mien.log import audit
from mien.log.alert_tables import ALERTS, MESSAGE_ALERTS, MESSAGES, OUTBOX
from mien.log.schema import PERSONS
from mien.log.times import iso, moment
from mien.monitor.alerts.alert_rows import Stored, lock, ms, numbered, save
from mien.monitor.alerts.delivery import Message, SentMessage
from mien.monitor.alerts.state import Sent, State, step
from mien.monitor.rules.delivery_targets import AnyTarget, StandardOutput
from mien.monitor.trends import NOBODY_RECOGNISED

BACK_OFF = (1, 5, 15, 60, 180)
"""Minutes until the next attempt, after the first one, the second one, …; then always the last."""
GIVE_UP = timedelta(days=3)
"""After this, an alert that is still open becomes a new message."""
_REMEMBERED = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process sends to a target now."""

    message_id: int
    target: AnyTarget
    body: dict[str, Any]
    """What is sent; ``id`` is the same at every attempt."""


def body_of(message: Message, now: datetime, uid: str) -> dict[str, Any]:
    """What a message says, for every kind of target."""
    about = message.person or "the installation"
    return {
        "id": uid, "time": iso(ms(now.replace(microsecond=0))), "person": message.person,
        "urgent": message.urgent,
        "escalation": message.escalation, "subject": f"{about}: {message.alerts[0].rule}",
        "alerts": [
            {"rule": one.rule, "detail": one.detail, "since": iso(ms(one.since))}
            for one in message.alerts
        ],
        "note": NOBODY_RECOGNISED,
    }  # fmt: skip


def queue(
    connection: Connection, message: Message, alerts: Sequence[Stored], person_id: int | None,
    targets: Sequence[AnyTarget], now: datetime,
) -> None:  # fmt: skip
    """Store a message with a row for each target, within a transaction that writes."""
    uid = uuid.uuid4().hex
    body = json.dumps(body_of(message, now, uid))
    row = {"uid": uid, "person_id": person_id, "body": body, "made_ms": ms(now)}
    key = connection.execute(insert(MESSAGES).values(row)).inserted_primary_key
    assert key is not None
    number = key[0]
    pairs = [{"message_id": number, "alert_id": one.id} for one in alerts]
    connection.execute(insert(MESSAGE_ALERTS), pairs)
    rows = [
        {"message_id": number, "target": one.name, "attempts": 0, "next_ms": ms(now)}
        for one in targets
    ]
    connection.execute(insert(OUTBOX), rows)


def waiting(connection: Connection) -> set[int]:
    """Numbers of alerts with a message that no target has yet, though one may get it."""
    query = (
        select(MESSAGE_ALERTS.c.alert_id)
        .join(MESSAGES, MESSAGES.c.id == MESSAGE_ALERTS.c.message_id)
        .join(OUTBOX, OUTBOX.c.message_id == MESSAGES.c.id)
        .where(MESSAGES.c.sent_ms.is_(None), OUTBOX.c.next_ms.is_not(None))
    )
    return set(connection.execute(query).scalars())


def sent_messages(connection: Connection, now: datetime) -> list[SentMessage]:
    """What was sent in the last year, for ``mien.monitor.alerts.delivery.plan``."""
    query = (
        select(MESSAGES.c.body, MESSAGES.c.sent_ms)
        .where(MESSAGES.c.sent_ms >= ms(now - _REMEMBERED))
        .order_by(MESSAGES.c.sent_ms)
    )
    found = []
    for text, sent in connection.execute(query):
        body = json.loads(text)
        rules = tuple(one["rule"] for one in body["alerts"])
        found.append(SentMessage(body["person"], rules, moment(sent)))
    return found


def claim(connection: Connection, targets: Sequence[AnyTarget], now: datetime) -> list[Claimed]:
    """Take what is due, within a transaction that writes; nobody else takes it before ``BACK_OFF``.

    Messages about alerts that have ended or were acknowledged before any target had them are not
    sent any more, nor what is for a target that is no longer configured.
    """
    lock(connection)
    known = {target.name: target for target in targets}
    query = (
        select(OUTBOX, MESSAGES.c.body, MESSAGES.c.made_ms, MESSAGES.c.sent_ms)
        .join(MESSAGES, MESSAGES.c.id == OUTBOX.c.message_id)
        .where(OUTBOX.c.next_ms <= ms(now))
        .order_by(OUTBOX.c.message_id, OUTBOX.c.target)
    )
    claimed = []
    for row in connection.execute(query).all():
        target = known.get(row.target)
        why = ""
        if target is None:
            why = "the rules name no such target any more"
        elif row.sent_ms is None and not _is_open(connection, row.message_id):
            why = "the alert ended or was acknowledged first"
        elif ms(now) - row.made_ms > GIVE_UP / timedelta(milliseconds=1):
            why = f"given up after {row.attempts} attempts: {row.error}"
        if why or target is None:
            _set(connection, row.message_id, row.target, next_ms=None, error=why)
            continue
        wait = timedelta(minutes=BACK_OFF[min(row.attempts, len(BACK_OFF) - 1)])
        values = {"attempts": row.attempts + 1, "next_ms": ms(now + wait)}
        _set(connection, row.message_id, row.target, **values)
        if isinstance(target, StandardOutput):
            mark_sent(connection, row.message_id, target, now)
        claimed.append(Claimed(row.message_id, target, json.loads(row.body)))
    return claimed


def mark_sent(connection: Connection, message_id: int, target: AnyTarget, now: datetime) -> None:
    """Note that a target has a message; the first one begins the cool-down of its alerts."""
    _set(connection, message_id, target.name, next_ms=None, done_ms=ms(now), error=None)
    first = update(MESSAGES).where(MESSAGES.c.id == message_id, MESSAGES.c.sent_ms.is_(None))
    if connection.execute(first.values(sent_ms=ms(now))).rowcount:
        for number in _alerts(connection, message_id):
            found = numbered(connection, number)
            if found is not None and found.alert.is_live:
                alert = found.alert
                after = step(alert, Sent(), now, rule=alert.rule, person=alert.person)
                save(connection, found, after, {})
    token = connection.execute(
        select(PERSONS.c.token)
        .join(MESSAGES, MESSAGES.c.person_id == PERSONS.c.id)
        .where(MESSAGES.c.id == message_id)
    ).scalar()
    audit.add(connection, "send", {"kind": target.kind}, token)


def mark_failed(connection: Connection, message_id: int, target: AnyTarget, why: str) -> None:
    """Note why an attempt failed; the next one was set when the row was claimed."""
    _set(connection, message_id, target.name, error=why)


def _is_open(connection: Connection, message_id: int) -> bool:
    query = (
        select(ALERTS.c.id)
        .join(MESSAGE_ALERTS, MESSAGE_ALERTS.c.alert_id == ALERTS.c.id)
        .where(MESSAGE_ALERTS.c.message_id == message_id, ALERTS.c.state == State.OPEN.value)
    )
    return connection.execute(query).first() is not None


def _alerts(connection: Connection, message_id: int) -> list[int]:
    query = select(MESSAGE_ALERTS.c.alert_id).where(MESSAGE_ALERTS.c.message_id == message_id)
    return list(connection.execute(query).scalars())


def _set(connection: Connection, message_id: int, target: str, **values: Any) -> None:
    where = (OUTBOX.c.message_id == message_id, OUTBOX.c.target == target)
    connection.execute(update(OUTBOX).where(*where).values(values))
