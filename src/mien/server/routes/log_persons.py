"""The log's persons: who is enrolled, with which consent; enrolling and erasing."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response

from mien.server.log_visit import Caring, Ruling, Visit, Watching
from mien.server.problems import Problem
from mien.server.routes.log_persons_models import (
    Certificate,
    ConsentGiven,
    Enrolment,
    LogFacts,
    Marks,
    Person,
    Persons,
)

router = APIRouter(prefix="/v1/log", tags=["log"])

Pseudonym = Annotated[str, Path(max_length=64, description="The person's pseudonym.")]


@router.get("", response_model=LogFacts)
def get_log(visit: Watching) -> Any:
    """What the log holds, without a name."""
    from mien.log.summary import log_facts

    return log_facts(visit.log)


@router.get("/changes", response_model=Marks)
def get_changes(visit: Watching) -> Any:
    """Whether alerts or persons have changed since the last look. Not noted in the audit trail."""
    from mien.log.changes import change_marks

    return change_marks(visit.log)


@router.get("/persons", response_model=Persons)
def get_persons(visit: Watching) -> Any:
    """The enrolled persons."""
    from mien.monitor.person_facts import persons_facts

    with visit.audited() as log:
        return {"persons": persons_facts(log)}


@router.post("/persons", response_model=Person, status_code=201)
def enrol_person(visit: Ruling, body: Enrolment, response: Response) -> Any:
    """Enrol a person under a pseudonym. Nothing is recorded before there is consent."""
    from mien.log.persons import add_person

    with visit.audited() as log:
        add_person(log, body.pseudonym)
    response.headers["Location"] = f"{router.prefix}/persons/{body.pseudonym}"
    return _person(visit, body.pseudonym)


@router.get("/persons/{person}", response_model=Person)
def get_person(visit: Watching, person: Pseudonym) -> Any:
    """A person: consents, when last seen, and how far the baseline is."""
    return _person(visit, person)


@router.post("/persons/{person}/consents", response_model=Person, status_code=201)
def give_consent(visit: Ruling, person: Pseudonym, body: ConsentGiven) -> Any:
    """Note a consent: who gives it, what for, until when, and whether pictures may be kept."""
    from mien.log import persons

    until = None if body.until is None else _moment(body.until)
    with visit.audited() as log:
        persons.give_consent(
            log, person, body.given_by, body.purpose, until, pictures=body.pictures
        )
    return _person(visit, person)


@router.post("/persons/{person}/withdrawal", response_model=Person)
def withdraw_consent(visit: Caring, person: Pseudonym) -> Any:
    """End the consent now. Recordings end with their window; what was recorded stays."""
    from mien.log import persons

    with visit.audited() as log:
        persons.withdraw_consent(log, person)
    return _person(visit, person)


@router.post("/persons/{person}/pictures/withdrawal", response_model=Person)
def withdraw_pictures(visit: Caring, person: Pseudonym) -> Any:
    """End the consent to keeping pictures alone. Those that are kept are removed."""
    from mien.log import persons

    with visit.audited() as log:
        persons.withdraw_pictures(log, person)
    return _person(visit, person)


@router.delete("/persons/{person}", response_model=Certificate)
def erase_person(
    visit: Ruling,
    person: Pseudonym,
    x_confirm: Annotated[str | None, Header(description="The pseudonym once more.")] = None,
) -> Any:
    """Remove a person and all that was recorded of them; the answer is a certificate."""
    from mien.log.erasing import erase
    from mien.log.queries import person as find

    with visit.audited() as log:
        find(log, person)  # a name that is wrong needs no confirmation
        if x_confirm != person:
            raise Problem(422, f"to erase {person!r} for ever, give the header X-Confirm: {person}")
        return erase(log, person).to_dict()


def _person(visit: Visit, pseudonym: str) -> dict[str, Any]:
    from mien.monitor.person_facts import person_facts

    with visit.audited() as log:
        return person_facts(log, pseudonym)


def _moment(text: str) -> int:
    """Of a time, or of the end of a day of this machine. Raises ``ConfigError``."""
    from mien.log.times import Zone, parse_time
    from mien.monitor.local_time import day_span_ms

    moment = parse_time(text, Zone())[0]
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return day_span_ms(day, day, None)[1]
    return moment
