"""The states of an alert: pending → open → acknowledged → resolved.

A pure function of state, event and time, so that whoever stores alerts can replay and test it.
A clock that is set back never makes an alert older or younger than nothing: what lies in the future
counts as just now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mien.errors import ConflictError, InputError
from mien.monitor.rules.signals import Observed, Signal


class State(StrEnum):
    """Of an alert."""

    PENDING = "pending"
    """The condition holds, but not for its minimum duration yet."""
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody has seen it; it is not escalated any more."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody has seen the alert."""

    who: str
    why: str = ""
    """A note."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Somebody closes the alert."""

    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message about the alert was sent."""


Event = Observed | Acknowledged | Resolved | Sent


@dataclass(frozen=True, slots=True)
class Change:
    """One step of an alert's history."""

    state: State
    at: datetime
    who: str
    """``mien``, or the name of who acknowledged or resolved it."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one rule about one person, or about the installation."""

    rule: str
    person: str | None
    state: State
    since: datetime
    """When the condition was first found, in UTC, as every other time here."""
    detail: str = ""
    """The newest words of the rule."""
    history: tuple[Change, ...] = ()
    sent: tuple[datetime, ...] = ()
    """When messages about it were sent."""
    armed: bool = False
    """Of a resolved one: whether the condition has ended, so that a new alert may begin."""

    @property
    def opened(self) -> datetime | None:
        """When it opened; ``None`` if it never did."""
        return next((step.at for step in self.history if step.state is State.OPEN), None)

    @property
    def is_live(self) -> bool:
        """Whether it is open or acknowledged."""
        return self.state in (State.OPEN, State.ACKNOWLEDGED)


MIEN = "mien"
"""Who acts where nobody does."""


def step(
    alert: Alert | None, event: Event, now: datetime, *, rule: str, person: str | None,
    minimum: timedelta = timedelta(0),
) -> Alert | None:  # fmt: skip
    """The alert after an event; ``None`` while there is none.

    ``alert`` is the newest one of this rule and person. A resolved one is followed by a new alert
    once the condition has ended and begins again: closing an alert by hand does not make it come
    back the next minute. ``minimum``: how long the condition must hold before an alert opens.

    Raises ``ConflictError`` for an acknowledgement or a resolution of an alert that is not live,
    and ``InputError`` for a ``now`` without a time zone.
    """
    if now.tzinfo is None:
        raise InputError("a time without a time zone was given: give it in UTC, for example")
    now = now.astimezone(UTC)  # times of one zone are subtracted by the clock on the wall
    if isinstance(event, Observed):
        return _observed(alert, event, now, rule, person, minimum)
    if alert is None or not alert.is_live:
        found = "there is none" if alert is None else f"it is {alert.state}"
        raise ConflictError(f"no open alert of the rule {rule!r}: {found}")
    if isinstance(event, Acknowledged):
        if alert.state is State.ACKNOWLEDGED and not event.why:
            return alert  # the first one counts; a further note is kept
        return _move(alert, State.ACKNOWLEDGED, now, event.who, event.why)
    if isinstance(event, Resolved):
        return _move(alert, State.RESOLVED, now, event.who, event.why)
    return replace(alert, sent=(*alert.sent, now))


def _observed(
    alert: Alert | None, event: Observed, now: datetime, rule: str, person: str | None,
    minimum: timedelta,
) -> Alert | None:  # fmt: skip
    signal = event.signal
    if signal is Signal.UNKNOWN:
        return alert
    if alert is not None and alert.state is State.RESOLVED:
        if not alert.armed:
            return replace(alert, armed=True) if signal is Signal.OFF else alert
        if signal is not Signal.ON:
            return alert
        alert = None
    if alert is None:
        if signal is not Signal.ON:
            return None
        begun = Change(State.PENDING, now, MIEN, event.detail)
        alert = Alert(rule, person, State.PENDING, now, event.detail, (begun,))
    elif signal is Signal.OFF:
        if alert.state is State.PENDING:
            return None
        return replace(_move(alert, State.RESOLVED, now, MIEN, "the condition ended"), armed=True)
    if signal is Signal.ON and event.detail:
        alert = replace(alert, detail=event.detail)
    if alert.state is State.PENDING and signal is Signal.ON and now - alert.since >= minimum:
        return _move(alert, State.OPEN, now, MIEN, event.detail)
    return alert


def _move(alert: Alert, state: State, now: datetime, who: str, why: str = "") -> Alert:
    return replace(alert, state=state, history=(*alert.history, Change(state, now, who, why)))
