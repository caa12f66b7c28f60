"""What the operations on alerts and the audit trail take and answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from mien.server.routes.log_persons_models import LONG

AlertState = Literal["open", "acknowledged", "resolved"]


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
