"""What people do with alerts: acknowledge, resolve, and say whether one was useful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from mien.errors import ConfigError, NotFoundError
from mien.log import audit
from mien.log.alert_tables import ALERTS
from mien.log.database import Log
from mien.log.persons import find_person
from mien.log.times import iso
from mien.monitor.alerts.alert_rows import Stored, listed, lock, ms, numbered, save
from mien.monitor.alerts.state import MIEN, Acknowledged, Event, Resolved, State, step

_MOST_NAME, _MOST_TEXT = 100, 1000


@dataclass(frozen=True, slots=True)
class Precision:
    """What people said of a rule's alerts."""

    rule: str
    useful: int
    answered: int

    def __str__(self) -> str:
        """Such as ``smiling changed: 3 of 4 alerts were useful``."""
        return f"{self.rule}: {self.useful} of {self.answered} alerts were useful"


def acknowledge(log: Log, number: int, who: str, now: datetime, note: str = "") -> Stored:
    """Somebody has seen an alert; another note may follow later.

    Raises ``NotFoundError``, and ``ConflictError`` if not open.
    """
    event = Acknowledged(_name(who), _text("note", note))
    return _answer(log, number, event, now, "acknowledge")


def resolve(log: Log, number: int, who: str, why: str, now: datetime) -> Stored:
    """Somebody closes an alert. Raises ``NotFoundError``, and ``ConflictError`` if not open."""
    return _answer(log, number, Resolved(_name(who), _text("reason", why)), now, "resolve")


def give_feedback(
    log: Log, number: int, useful: bool, who: str, now: datetime, note: str = ""
) -> Stored:
    """Note whether an alert was useful; the last answer counts, with its note.

    Raises ``NotFoundError``.
    """
    values = {
        "useful": int(useful), "feedback_by": _name(who), "feedback_ms": ms(now),
        "feedback_note": _text("note", note) or None,
    }  # fmt: skip
    with log.write() as connection:
        found = _find(connection, number)
        connection.execute(update(ALERTS).where(ALERTS.c.id == number).values(values))
        _note(connection, found, "feedback")
        return _find(connection, number)


def list_alerts(
    log: Log, *, everything: bool = False, person: str | None = None
) -> tuple[list[Stored], list[Precision]]:
    """Open and acknowledged alerts, or all; and the precision of each rule with feedback.

    ``person``: only of this one. Noted in the audit trail as a reading of the person or of all.
    Raises ``NotFoundError``.
    """
    with log.write() as connection:
        token = None if person is None else find_person(connection, person).token
        audit.add(connection, "read", {"what": "the list of alerts"}, token)
        found = listed(connection, everything=everything)
        known = precision(listed(connection, everything=True))
    return [one for one in found if person in (None, one.alert.person)], known


def precision(alerts: Sequence[Stored]) -> list[Precision]:
    """Of each rule with feedback, by name."""
    answers: dict[str, list[bool]] = {}
    for one in alerts:
        if one.useful is not None:
            answers.setdefault(one.alert.rule, []).append(one.useful)
    return [Precision(rule, sum(found), len(found)) for rule, found in sorted(answers.items())]


def row_of(stored: Stored) -> dict[str, Any]:
    """An alert for tables and JSON."""
    alert = stored.alert
    steps = [
        {"state": step.state.value, "time": iso(ms(step.at)), "who": step.who, "why": step.why}
        for step in alert.history
    ]
    return {
        "number": stored.id, "person": alert.person, "rule": alert.rule,
        "state": alert.state.value, "since": iso(ms(alert.since)), "detail": alert.detail,
        "sent": [iso(ms(at)) for at in alert.sent], "history": steps, "useful": stored.useful,
        "feedback_by": stored.feedback_by, "feedback_note": stored.feedback_note,
    }  # fmt: skip


def notes_of(stored: Stored) -> list[str]:
    """What people wrote about an alert, such as ``Eva: spoke with her``, in the order of time."""
    said = [(step.who, step.why) for step in stored.alert.history if step.who != MIEN]
    said.append((stored.feedback_by or "", stored.feedback_note or ""))
    return [f"{who}: {text}" for who, text in said if text]


def _answer(log: Log, number: int, event: Event, now: datetime, action: str) -> Stored:
    with log.write() as connection:
        lock(connection)
        found = _find(connection, number)
        alert = found.alert
        after = step(alert, event, now, rule=alert.rule, person=alert.person)
        stored = save(connection, found, after, {})
        _note(connection, found, action)
    assert stored is not None
    return stored


def _note(connection: Connection, found: Stored, action: str) -> None:
    person = found.alert.person
    token = None if person is None else find_person(connection, person).token
    audit.add(connection, action, {"alert": found.id}, token)


def _find(connection: Connection, number: int) -> Stored:
    found = numbered(connection, number)
    if found is None or found.alert.state is State.PENDING:
        raise NotFoundError(f"there is no alert {number}: 'mien alerts list --all' shows them")
    return found


def _text(what: str, text: str) -> str:
    if len(text) > _MOST_TEXT or not text.isprintable():
        raise ConfigError(f"the {what} must be printable text of at most {_MOST_TEXT} characters")
    return text


def _name(who: str) -> str:
    if not who.strip() or len(who) > _MOST_NAME or not who.isprintable():
        raise ConfigError(f"--by needs a name of at most {_MOST_NAME} printable characters")
    return who
