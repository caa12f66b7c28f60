"""What the operations on the log and its persons take and answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

ConsentState = Literal["in_force", "ended", "withdrawn", "none"]
PSEUDONYM = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"
"""Shown in the document; the log itself says better what is wrong."""
SHORT, LONG = 100, 1000
"""Characters of names and of texts."""


class LogFacts(BaseModel):
    """The open log."""

    name: str
    kind: Literal["sqlite", "postgresql"]
    persons: int
    sessions: int
    rows: int = Field(description="Windows of persons.")
    bytes: int | None = Field(description="Of the file; null for a database server.")
    keep_days: dict[str, float | None] = Field(description="Kind of data → days; null: for ever.")
    window_s: int
    encrypted: bool


class Marks(BaseModel):
    """Texts that differ whenever something has changed."""

    alerts: str
    persons: str


class PersonRow(BaseModel):
    """A person in a list."""

    pseudonym: str
    consent: ConsentState
    consent_until: str | None
    last_seen: str | None
    open_alerts: int = Field(description="Open and acknowledged ones.")


class Persons(BaseModel):
    """Every enrolled person, by pseudonym."""

    persons: list[PersonRow]


class Consent(BaseModel):
    """One consent of a person."""

    given_by: str
    purpose: str
    given: str
    until: str | None
    withdrawn: str | None
    pictures: bool = Field(description="Whether it was to keeping pictures too.")
    pictures_withdrawn: str | None = Field(description="When that part alone was taken back.")


class BaselineDays(BaseModel):
    """How far a baseline is."""

    days: int = Field(description="With a statement, since the last change of camera or model.")
    needed: int
    ready: bool
    since: str | None


class Person(PersonRow):
    """A person."""

    enrolled: str
    in_force: bool
    pictures: bool = Field(description="Whether pictures may be kept now.")
    picture_files: int = Field(description="Kept: one for each window that shows the person.")
    consents: list[Consent]
    baseline: BaselineDays


class Enrolment(BaseModel):
    """A new person."""

    pseudonym: str = Field(
        max_length=64, examples=["anna"], json_schema_extra={"pattern": PSEUDONYM}
    )


class ConsentGiven(BaseModel):
    """A consent to note."""

    given_by: str = Field(max_length=LONG, examples=["Anna herself"])
    purpose: str = Field(max_length=LONG, examples=["to see changes early"])
    until: str | None = Field(
        None, max_length=SHORT, examples=["2027-03-01"], description="A day or a time (ISO 8601)."
    )
    pictures: bool = Field(False, description="Whether it is to keeping pictures too.")


class Certificate(BaseModel):
    """What was erased, without a name."""

    time: str
    number: str = Field(description="What stood for the person in the audit trail.")
    removed: dict[str, int] = Field(description="Table → rows.")
    copies: list[str] = Field(description="Made before, and not reached.")
    entry: int
    hash: str
    text: str
