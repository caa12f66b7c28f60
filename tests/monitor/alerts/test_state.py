from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from mien.errors import InputError
from mien.monitor.alerts.state import (
    Acknowledged,
    Alert,
    Event,
    Resolved,
    Sent,
    State,
    step,
)
from mien.monitor.rules.signals import Observed, Signal

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ON, HOLD, OFF, UNKNOWN = (Observed(signal, signal.value) for signal in Signal)


def walk(
    events: list[tuple[float, Event]], minimum_h: float = 0, alert: Alert | None = None
) -> Alert | None:
    for hours, event in events:
        alert = step(
            alert, event, NOON + timedelta(hours=hours), rule="r", person="p",
            minimum=timedelta(hours=minimum_h),
        )  # fmt: skip
    return alert


@pytest.mark.parametrize(
    ("minimum_h", "events", "state"),
    [
        (0, [(0, OFF)], None),
        (0, [(0, HOLD)], None),
        (0, [(0, UNKNOWN)], None),
        (0, [(0, ON)], State.OPEN),
        (6, [(0, ON)], State.PENDING),
        (0, [(0, ON), (1, ON)], State.OPEN),
        (0, [(0, ON), (1, OFF)], State.RESOLVED),
        (6, [(0, ON), (7, OFF)], None),
        (6, [(0, ON), (5, ON)], State.PENDING),
        (6, [(0, ON), (6, ON)], State.OPEN),
        (6, [(0, ON), (3, HOLD), (6, ON)], State.OPEN),
        (6, [(0, ON), (7, HOLD)], State.PENDING),
        (6, [(0, ON), (7, UNKNOWN)], State.PENDING),
        (6, [(0, ON), (3, OFF), (4, ON), (8, ON)], State.PENDING),
        (0, [(0, ON), (1, ON), (2, HOLD)], State.OPEN),
        (0, [(0, ON), (1, ON), (2, UNKNOWN)], State.OPEN),
        (0, [(0, ON), (1, ON), (2, OFF)], State.RESOLVED),
        (0, [(0, ON), (1, ON), (2, Acknowledged("eva"))], State.ACKNOWLEDGED),
        (0, [(0, ON), (1, ON), (2, Acknowledged("eva")), (3, ON)], State.ACKNOWLEDGED),
        (0, [(0, ON), (1, ON), (2, Acknowledged("eva")), (3, OFF)], State.RESOLVED),
        (0, [(0, ON), (1, ON), (2, Resolved("eva", "known"))], State.RESOLVED),
        # Closed by hand while it lasts: it does not come back until it has ended.
        (0, [(0, ON), (1, ON), (2, Resolved("eva")), (3, ON), (9, ON)], State.RESOLVED),
        (0, [(0, ON), (1, ON), (2, Resolved("eva")), (3, HOLD), (9, ON)], State.RESOLVED),
        (0, [(0, ON), (1, ON), (2, Resolved("eva")), (3, OFF), (9, ON)], State.OPEN),
        (0, [(0, ON), (1, ON), (2, OFF), (3, HOLD)], State.RESOLVED),
        (0, [(0, ON), (1, ON), (2, OFF), (3, ON), (4, ON)], State.OPEN),
    ],
)  # fmt: skip
def test_states(minimum_h: float, events: list[tuple[float, Event]], state: State | None) -> None:
    alert = walk(events, minimum_h)
    assert (alert.state if alert else None) == state


def test_history_says_who_and_when() -> None:
    alert = walk(
        [(0, ON), (1, ON), (2, Sent()), (3, Acknowledged("eva")), (4, Resolved("ben", "x"))]
    )
    assert alert is not None
    hours = [(change.at - NOON).total_seconds() / 3600 for change in alert.history]
    assert [(c.state, h, c.who, c.why) for c, h in zip(alert.history, hours, strict=True)] == [
        (State.PENDING, 0, "mien", "on"), (State.OPEN, 0, "mien", "on"),
        (State.ACKNOWLEDGED, 3, "eva", ""), (State.RESOLVED, 4, "ben", "x"),
    ]  # fmt: skip
    assert alert.sent == (NOON + timedelta(hours=2),)
    assert alert.opened == NOON


def test_the_first_acknowledgement_counts() -> None:
    alert = walk([(0, ON), (1, ON), (2, Acknowledged("eva")), (3, Acknowledged("ben"))])
    assert alert is not None and alert.history[-1].who == "eva"


@pytest.mark.parametrize("event", [Acknowledged("eva"), Resolved("eva"), Sent()])
@pytest.mark.parametrize("before", [[], [(0, ON)], [(0, ON), (1, ON), (2, OFF)]])
def test_only_live_alerts_can_be_acted_on(event: Event, before: list[tuple[float, Event]]) -> None:
    alert = walk(before, minimum_h=0 if len(before) == 3 else 6)
    with pytest.raises(InputError, match="no open alert of the rule 'r'"):
        step(alert, event, NOON, rule="r", person="p")


def test_the_newest_words_are_kept() -> None:
    alert = walk([(0, Observed(Signal.ON, "9 %")), (1, Observed(Signal.ON, "8 %")), (2, HOLD)])
    assert alert is not None and alert.detail == "8 %"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InputError, match="without a time zone"):
        step(None, ON, datetime(2026, 3, 1), rule="r", person=None)


def test_durations_are_real_over_daylight_saving() -> None:
    """From 1:30 to 3:30 on the wall is one hour in this night, and two by naive subtraction."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 3, 29, 1, 30, tzinfo=berlin)
    later = datetime(2026, 3, 29, 3, 30, tzinfo=berlin)
    minimum = timedelta(hours=1.5)
    alert = step(None, ON, first, rule="r", person="p", minimum=minimum)
    alert = step(alert, ON, later, rule="r", person="p", minimum=minimum)
    assert alert is not None and alert.state is State.PENDING
    after = step(alert, ON, later + timedelta(minutes=31), rule="r", person="p", minimum=minimum)
    assert after is not None and after.state is State.OPEN


def test_a_clock_set_back_opens_nothing_early() -> None:
    alert = walk([(10, ON), (2, ON), (15, ON)], minimum_h=6)
    assert alert is not None and alert.state is State.PENDING
    assert walk([(10, ON), (2, ON), (16, ON)], minimum_h=6).state is State.OPEN  # type: ignore[union-attr]


def allowed(before: Alert | None, after: Alert | None) -> bool:
    """Every change that the drawing pending → open → acknowledged → resolved has."""
    kinds = {
        None: {None, State.PENDING, State.OPEN},
        State.PENDING: {None, State.PENDING, State.OPEN},
        State.OPEN: {State.OPEN, State.ACKNOWLEDGED, State.RESOLVED},
        State.ACKNOWLEDGED: {State.ACKNOWLEDGED, State.RESOLVED},
        State.RESOLVED: {State.RESOLVED, State.PENDING, State.OPEN},
    }
    return (after.state if after else None) in kinds[before.state if before else None]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_the_drawing_holds(seed: int) -> None:
    chance = random.Random(seed)
    events: list[Event] = [
        ON, ON, ON, HOLD, OFF, UNKNOWN, Acknowledged("eva"), Resolved("ben"), Sent()
    ]  # fmt: skip
    minimum = timedelta(hours=chance.choice([0, 1, 5]))
    alert, now, seen_off = None, NOON, True
    for _ in range(300):
        now += timedelta(minutes=chance.randint(-40, 120))
        event = chance.choice(events)
        zone = timezone(timedelta(hours=chance.randint(-5, 5)))
        try:
            after = step(alert, event, now.astimezone(zone), rule="r", person="p", minimum=minimum)
        except InputError:
            assert not isinstance(event, Observed)
            assert alert is None or not alert.is_live
            continue
        assert allowed(alert, after)
        if event is UNKNOWN:
            assert after is alert
        if alert and alert.state is State.RESOLVED and after is not alert and event is ON:
            assert seen_off and after is not None and not after.sent
        if after and after.state is State.OPEN and not (alert and alert.is_live):
            assert event is ON and now - after.since >= minimum
        if after and after.state is State.RESOLVED and (not alert or alert.is_live):
            seen_off = event is OFF
        seen_off = seen_off or event is OFF
        if after:
            assert after.since.tzinfo is UTC
            times = [change.state for change in after.history]
            assert times[0] is State.PENDING and len(times) == len(set(times))
        alert = after
