"""Reading about persons that leaves a trace in the audit trail."""

from __future__ import annotations

from mien.log import audit
from mien.log.database import Log
from mien.log.persons import all_persons, find_person, last_seen_ms
from mien.log.times import iso, now_ms


def note_reading(log: Log, pseudonym: str, what: str) -> None:
    """Note that somebody reads about a person. Raises ``InputError`` for an unknown one."""
    with log.write() as connection:
        audit.add(connection, "read", {"what": what}, find_person(connection, pseudonym).token)


def list_persons(log: Log) -> list[dict[str, str | None]]:
    """A row for each person, noted as a reading of all."""
    with log.write() as connection:
        audit.add(connection, "read", {"what": "the list of persons"})
        rows: list[dict[str, str | None]] = []
        for one in all_persons(connection):
            consent = one.consent(now_ms()) or (one.consents[-1] if one.consents else None)
            last = last_seen_ms(connection, one)
            rows.append(
                {
                    "person": one.pseudonym,
                    "consent": one.until(),
                    "given_by": None if consent is None else consent.given_by,
                    "purpose": None if consent is None else consent.purpose,
                    "last_seen": None if last is None else iso(last),
                }
            )
    return rows
