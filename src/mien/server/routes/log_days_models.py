"""What the operations on a person's recordings and days answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from mien.server.routes.log_alerts_models import Alert

Kind = Literal["share", "rate", "plain"]
Reason = Literal["not_watched", "not_seen", "too_short", "too_little"]
RowKind = Literal[
    "observations", "hours", "readings", "sessions", "gaps", "consents", "alerts", "messages",
    "audit",
]  # fmt: skip
"""``mien.log.exporting.KINDS``, which needs the extra ``log``."""


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
