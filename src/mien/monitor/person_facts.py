"""What is known of the enrolled persons: consent, when they were seen, and their baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from mien.log import audit, pictures
from mien.log.database import Log
from mien.log.persons import Consent, Person, all_persons, find_person, last_seen_ms
from mien.log.times import iso, now_ms
from mien.monitor.alerts.alert_rows import listed
from mien.monitor.baseline import LEAST_DAYS
from mien.monitor.days import Days
from mien.monitor.from_log import person_days
from mien.monitor.local_time import date_of


def persons_facts(log: Log) -> list[dict[str, Any]]:
    """A JSON-ready row for each person, noted as a reading of all."""
    with log.write() as connection:
        audit.add(connection, "read", {"what": "the list of persons"})
        live = Counter(one.alert.person for one in listed(connection))
        return [_row(connection, one, live) for one in all_persons(connection)]


def person_facts(log: Log, pseudonym: str) -> dict[str, Any]:
    """The same of one person, with every consent and the days that a baseline can rest on.

    Noted in the audit trail. Raises ``NotFoundError``.
    """
    with log.write() as connection:
        person = find_person(connection, pseudonym)
        audit.add(connection, "read", {"what": "the person"}, person.token)
        live = Counter(one.alert.person for one in listed(connection))
        row = _row(connection, person, live)
    return {
        **row, "enrolled": iso(person.enrolled_ms),
        "in_force": row["consent"] == "in_force", "pictures": person.allows_pictures(now_ms()),
        "picture_files": pictures.count(log, person.id),
        "consents": list(map(_consent, person.consents)),
        "baseline": _baseline(person_days(log, pseudonym)),
    }  # fmt: skip


def _row(connection: Connection, person: Person, live: Mapping[str | None, int]) -> dict[str, Any]:
    consent = person.consent(now_ms())
    return {
        "pseudonym": person.pseudonym, "consent": _state(person, consent),
        "consent_until": None if consent is None else _iso(consent.until_ms),
        "last_seen": _iso(last_seen_ms(connection, person)),
        "open_alerts": live.get(person.pseudonym, 0),
    }  # fmt: skip


def _state(person: Person, consent: Consent | None) -> str:
    """``in_force``, ``withdrawn``, ``ended`` or ``none``."""
    if consent is not None:
        return "in_force"
    return person.until()


def _consent(one: Consent) -> dict[str, Any]:
    return {
        "given_by": one.given_by, "purpose": one.purpose, "given": iso(one.given_ms),
        "until": _iso(one.until_ms), "withdrawn": _iso(one.withdrawn_ms),
        "pictures": one.pictures, "pictures_withdrawn": _iso(one.pictures_withdrawn_ms),
    }  # fmt: skip


def _iso(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)


def _baseline(days: Days) -> dict[str, Any]:
    """Days with a statement under the newest setup: those before it are not compared."""
    count = len(days.day)
    restarts = [at for at in range(count) if days.restarts[at]]
    since = restarts[-1] if restarts else 0
    said = sum(reason is None for reason in days.reasons[since:])
    return {
        "days": said, "needed": LEAST_DAYS, "ready": said >= LEAST_DAYS,
        "since": date_of(int(days.day[since])).isoformat() if count else None,
    }  # fmt: skip
