"""Enrolled persons and their consent: only they are recorded, and only while it is in force."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, insert, or_, select, update

from mien.errors import (
    ConfigError,
    ConflictError,
    NoConsentError,
    NotFoundError,
    brief,
    did_you_mean,
)
from mien.log import audit
from mien.log.schema import CONSENTS, OBSERVATIONS, PERSONS
from mien.log.times import iso, now_ms

if TYPE_CHECKING:
    from mien.log.database import Log

_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.A)
_MOST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent of a person."""

    given_by: str
    """The person, or who may speak for them."""
    purpose: str
    given_ms: int
    until_ms: int | None = None
    withdrawn_ms: int | None = None
    pictures: bool = False
    """Whether it is to keeping pictures too."""
    pictures_withdrawn_ms: int | None = None
    """When that part alone was taken back."""

    def in_force(self, at_ms: int) -> bool:
        """Whether it allows recording at a moment."""
        ended = self.withdrawn_ms is not None or (
            self.until_ms is not None and self.until_ms <= at_ms
        )
        return self.given_ms <= at_ms and not ended

    def allows_pictures(self, at_ms: int) -> bool:
        """Whether pictures may be kept at a moment."""
        return self.in_force(at_ms) and self.pictures and self.pictures_withdrawn_ms is None


@dataclass(frozen=True, slots=True)
class Person:
    """An enrolled person: a pseudonym and consents, nothing more."""

    id: int
    pseudonym: str
    token: str
    """The random number that stands for the person in the audit trail."""
    enrolled_ms: int
    consents: tuple[Consent, ...] = ()

    def consent(self, at_ms: int) -> Consent | None:
        """The consent in force at a moment; of several the one that lasts longest."""
        found = [one for one in self.consents if one.in_force(at_ms)]
        return max(found, key=lambda one: one.until_ms or 2**62, default=None)

    def allows_pictures(self, at_ms: int) -> bool:
        """Whether pictures of the person may be kept at a moment."""
        return any(one.allows_pictures(at_ms) for one in self.consents)

    def until(self) -> str:
        """How the consent stands, in words."""
        at = now_ms()
        consent = self.consent(at)
        if consent is not None:
            return "no end" if consent.until_ms is None else f"until {iso(consent.until_ms)}"
        if any(one.withdrawn_ms is not None for one in self.consents):
            return "withdrawn"
        return "ended" if self.consents else "none"


def add_person(log: Log, pseudonym: str) -> Person:
    """Enrol a person.

    Raises ``ConfigError`` for a name that is not a pseudonym, ``ConflictError`` for one that is
    taken.
    """
    if not _PSEUDONYM.fullmatch(pseudonym):
        raise ConfigError(
            f"{brief(pseudonym)} is not a pseudonym: give letters, digits, '_', '.' and '-', at "
            "most 64"
        )
    token = secrets.token_hex(16)
    with log.write() as connection:
        taken = select(PERSONS.c.id).where(PERSONS.c.pseudonym == pseudonym)
        if connection.execute(taken).first():
            raise ConflictError(f"there is a person {pseudonym!r} already: give another pseudonym")
        row = {"pseudonym": pseudonym, "token": token, "enrolled_ms": now_ms()}
        connection.execute(insert(PERSONS).values(row))
        audit.add(connection, "enrol", {}, token)
        return find_person(connection, pseudonym)


def give_consent(
    log: Log, pseudonym: str, given_by: str, purpose: str, until_ms: int | None = None, *,
    pictures: bool = False,
) -> Person:  # fmt: skip
    """Note the consent of a person, to ``pictures`` too only if they say so.

    Raises ``ConfigError`` for one that is empty or has ended.
    """
    for name, value in (("given by", given_by), ("purpose", purpose)):
        if not value.strip() or len(value) > _MOST_TEXT or not value.isprintable():
            raise ConfigError(f"consent needs text under {name!r}, at most {_MOST_TEXT} characters")
    now = now_ms()
    if until_ms is not None and until_ms <= now:
        raise ConfigError(f"consent until {iso(until_ms)} has ended already: give a later time")
    with log.write() as connection:
        person = find_person(connection, pseudonym)
        row = {
            "person_id": person.id, "given_by": given_by, "purpose": purpose, "given_ms": now,
            "until_ms": until_ms, "pictures": int(pictures),
        }  # fmt: skip
        connection.execute(insert(CONSENTS).values(row))
        details = {"until_ms": until_ms, **({"pictures": True} if pictures else {})}
        audit.add(connection, "consent", details, person.token)
        return find_person(connection, pseudonym)


def withdraw_consent(log: Log, pseudonym: str) -> Person:
    """End every consent of a person now. What is recorded stays until it is erased.

    Raises ``ConflictError`` where none is in force.
    """
    now = now_ms()
    with log.write() as connection:
        person = find_person(connection, pseudonym)
        if person.consent(now) is None:
            raise ConflictError(f"{pseudonym!r} has no consent in force: there is none to withdraw")
        changed = update(CONSENTS).where(
            CONSENTS.c.person_id == person.id, CONSENTS.c.withdrawn_ms.is_(None)
        )
        connection.execute(changed.values(withdrawn_ms=now))
        audit.add(connection, "withdraw", {}, person.token)
        return find_person(connection, pseudonym)


def withdraw_pictures(log: Log, pseudonym: str) -> int:
    """End the consent to pictures alone, and remove those that are kept; their files' number.

    Also those of a consent that has ended. Raises ``ConflictError`` where there is nothing to end
    or remove, and ``OutputError``.
    """
    from mien.log import pictures  # it decodes pictures: only where they are kept

    now = now_ms()
    with log.write() as connection:
        person = find_person(connection, pseudonym)
        if not person.allows_pictures(now) and not pictures.count(log, person.id):
            raise ConflictError(
                f"{pseudonym!r} has no consent to pictures in force, and none are kept: there is "
                "nothing to withdraw"
            )
        changed = update(CONSENTS).where(
            CONSENTS.c.person_id == person.id,
            CONSENTS.c.pictures != 0,
            CONSENTS.c.pictures_withdrawn_ms.is_(None),
        )
        connection.execute(changed.values(pictures_withdrawn_ms=now))
        removed = pictures.remove(log, person=person.id)
        audit.add(connection, "withdraw", {"what": "pictures", "files": removed}, person.token)
        return removed


def all_persons(connection: Connection) -> list[Person]:
    """Every enrolled person, by pseudonym."""
    rows = connection.execute(select(PERSONS).order_by(PERSONS.c.pseudonym)).all()
    return [_with_consents(connection, row._asdict()) for row in rows]


def find_person(connection: Connection, pseudonym: str) -> Person:
    """One person. Raises ``NotFoundError``, which names the nearest pseudonym."""
    row = None
    if _PSEUDONYM.fullmatch(pseudonym):  # databases do not take every text
        row = connection.execute(select(PERSONS).where(PERSONS.c.pseudonym == pseudonym)).first()
    if row is None:
        known = connection.execute(select(PERSONS.c.pseudonym)).scalars().all()
        hint = did_you_mean(pseudonym, known, "persons")
        raise NotFoundError(f"no person {brief(pseudonym)} is enrolled: {hint}")
    return _with_consents(connection, row._asdict())


def consented(
    connection: Connection, person_ids: list[int], at_ms: int, *, pictures: bool = False
) -> set[int]:
    """Those of the persons whose consent, or that to ``pictures``, is in force at a moment."""
    query = select(CONSENTS.c.person_id).where(
        CONSENTS.c.person_id.in_(person_ids),
        CONSENTS.c.given_ms <= at_ms,
        CONSENTS.c.withdrawn_ms.is_(None),
        or_(CONSENTS.c.until_ms.is_(None), CONSENTS.c.until_ms > at_ms),
    )
    if pictures:
        query = query.where(CONSENTS.c.pictures != 0, CONSENTS.c.pictures_withdrawn_ms.is_(None))
    return set(connection.execute(query).scalars())


def check_consent(connection: Connection, pseudonym: str) -> Person:
    """The person, if recording is allowed now. Raises ``NoConsentError`` otherwise."""
    person = find_person(connection, pseudonym)
    if person.consent(now_ms()) is None:
        state = {"none": "there is no consent"}.get(person.until(), f"consent has {person.until()}")
        state = state.replace("has withdrawn", "was withdrawn")
        raise NoConsentError(
            f"{pseudonym!r} cannot be recorded: {state}; note one with 'mien log person consent'"
        )
    return person


def check_pictures(connection: Connection, pseudonym: str) -> Person:
    """The person, if pictures may be kept now. Raises ``NoConsentError`` otherwise."""
    person = check_consent(connection, pseudonym)
    if not consented(connection, [person.id], now_ms(), pictures=True):
        raise NoConsentError(
            f"no picture of {pseudonym!r} may be kept: the consent is to numbers alone; note one "
            "with 'mien log person consent --pictures'"
        )
    return person


def last_seen_ms(connection: Connection, person: Person) -> int | None:
    """The begin of the last window that shows the person."""
    where = (OBSERVATIONS.c.person_id == person.id, OBSERVATIONS.c.seen_s > 0)
    found: int | None = connection.execute(
        select(func.max(OBSERVATIONS.c.start_ms)).where(*where)
    ).scalar()
    return found


def _with_consents(connection: Connection, row: dict[str, object]) -> Person:
    query = select(
        CONSENTS.c.given_by, CONSENTS.c.purpose, CONSENTS.c.given_ms, CONSENTS.c.until_ms,
        CONSENTS.c.withdrawn_ms, CONSENTS.c.pictures, CONSENTS.c.pictures_withdrawn_ms,
    ).where(CONSENTS.c.person_id == row["id"]).order_by(CONSENTS.c.id)  # fmt: skip
    rows = (one._asdict() for one in connection.execute(query))
    consents = tuple(Consent(**{**one, "pictures": bool(one["pictures"])}) for one in rows)
    return Person(**row, consents=consents)  # type: ignore[arg-type]  # the columns of the table
