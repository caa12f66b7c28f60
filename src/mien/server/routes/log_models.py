"""The shapes of what the log's operations take and answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Kind = Literal["share", "rate", "plain"]
ConsentState = Literal["in_force", "ended", "withdrawn", "none"]
AlertState = Literal["open", "acknowledged", "resolved"]
Reason = Literal["not_watched", "not_seen", "too_short", "too_little"]
RowKind = Literal[
    "observations", "hours", "readings", "sessions", "gaps", "consents", "alerts", "messages",
    "audit",
]  # fmt: skip
"""``mien.log.exporting.KINDS``, which needs the extra ``log``."""
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


class Session(BaseModel):
    """One recording."""

    session: int = Field(description="Its number.")
    kind: str
    source: str
    time_from: str
    start: str
    end: str | None
    place: str
    model: str
    detector: str
    others: list[str] = Field(description="Further persons whom it shows.")
    windows: int
    picture_files: int
    over: bool = Field(description="Whether it can be removed: it is not being recorded.")


class SessionRemoved(BaseModel):
    """What went with a recording."""

    session: int
    removed: dict[str, int] = Field(description="Table → rows.")


class Sessions(BaseModel):
    """Recordings of a person, in the order of time."""

    sessions: list[Session]


class Observations(BaseModel):
    """Windows of a person, the oldest first."""

    observations: list[dict[str, Any]]
    cursor: str | None = Field(description="For the next page; null after the last one.")


class Span(BaseModel):
    """First and last day."""

    first: str
    last: str


class Day(BaseModel):
    """A local day."""

    date: str
    watched_s: float
    usable_s: float
    usual_s: float | None
    coverage: float | None
    seen: str
    reason: Reason | None = Field(description="Why there is no statement.")
    restart: bool = Field(description="Another camera, place, model or setting began.")


class MeasureDay(BaseModel):
    """A measure on a day, beside what was usual then."""

    date: str
    value: float | None
    coverage: float | None
    usual: float | None
    low: float | None
    high: float | None
    alarm: bool
    words: str


class Baseline(BaseModel):
    """What is usual at the end of the time."""

    centre: float | None
    low: float | None
    high: float | None
    days: int


class Measure(BaseModel):
    """One measure from day to day."""

    name: str
    label: str
    kind: Kind
    unit: str
    rules: list[str]
    days: list[MeasureDay]
    baseline: Baseline | None


class Step(BaseModel):
    """One step of an alert."""

    state: str
    time: str
    who: str
    why: str


class Alert(BaseModel):
    """A warning about a lasting change."""

    number: int
    person: str | None = Field(description="null: it is about the installation.")
    rule: str
    state: AlertState
    since: str
    detail: str
    sent: list[str]
    history: list[Step]
    useful: bool | None
    feedback_by: str | None
    feedback_note: str | None


class Trends(BaseModel):
    """A person's days against the own earlier ones."""

    person: str
    recorded: Span | None
    first: str | None = Field(alias="from")
    last: str | None = Field(alias="to")
    days: list[Day]
    measures: list[Measure]
    changes: list[str]
    alerts: list[Alert]
    note: str
    limits: list[str]


class Precision(BaseModel):
    """What people said of a rule's alerts."""

    rule: str
    useful: int
    answered: int


class Alerts(BaseModel):
    """Alerts, the oldest first, and of each rule how many were useful."""

    alerts: list[Alert]
    precision: list[Precision]


class Acknowledgement(BaseModel):
    """Somebody has seen an alert."""

    note: str = Field("", max_length=LONG)


class Resolution(BaseModel):
    """Somebody closes an alert."""

    why: str = Field("", max_length=LONG)


class Feedback(BaseModel):
    """Whether an alert was useful."""

    useful: bool
    note: str = Field("", max_length=LONG)


class AuditEntry(BaseModel):
    """Who did what."""

    number: int
    time: str
    actor: str
    action: str
    person_number: str | None
    details: dict[str, Any]


class AuditTrail(BaseModel):
    """Entries, the newest first."""

    entries: list[AuditEntry]
