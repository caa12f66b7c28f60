"""What is sent now and what waits, as a table of times."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from mien.monitor.alerts.delivery import Message, SentMessage, plan
from mien.monitor.alerts.state import Acknowledged, Alert, Sent, State, step
from mien.monitor.local_time import is_within, local_day
from mien.monitor.rules.config import Delivery, Rules, UnseenRule, span
from mien.monitor.rules.signals import Observed, Signal

BERLIN = ZoneInfo("Europe/Berlin")
RULES = Rules(
    (
        UnseenRule(name="a", hours=1, cooldown_h=48),
        UnseenRule(name="b", hours=1, cooldown_h=48, escalate_h=12, escalations=2),
        UnseenRule(name="urgent", hours=1, cooldown_h=1, urgent=True),
    ),
    Delivery(quiet="21:00-08:00", daily_budget=3),
)


def at(day: int, hour: float) -> datetime:
    midnight = datetime(2026, 3, day, tzinfo=BERLIN).astimezone(UTC)
    return midnight + timedelta(hours=hour)


def open_alert(rule: str, person: str, since: datetime) -> Alert:
    seen = Observed(Signal.ON, f"{rule} of {person}")
    alert = step(None, seen, since, rule=rule, person=person)
    assert alert is not None
    return alert


def sends(
    alerts: list[Alert], now: datetime, sent: list[SentMessage], rules: Rules = RULES
) -> list[str]:
    found = plan(alerts, rules, sent, now, BERLIN).messages
    return [f"{m.person}: {','.join(alert.rule for alert in m.alerts)}" for m in found]


def whys(
    alerts: list[Alert], now: datetime, sent: list[SentMessage], rules: Rules = RULES
) -> list[str]:
    return [each.why for each in plan(alerts, rules, sent, now, BERLIN).held]


def test_a_person_s_alerts_are_one_message() -> None:
    alerts = [open_alert("b", "eva", at(2, 9)), open_alert("a", "eva", at(2, 8)),
              open_alert("a", "ben", at(2, 9))]  # fmt: skip
    assert sends(alerts, at(2, 10), []) == ["eva: a,b", "ben: a"]
    (first, _) = plan(alerts, RULES, [], at(2, 10), BERLIN).messages
    assert first.lines == ("a: a of eva", "b: b of eva") and not first.escalation
    single = replace(RULES, delivery=replace(RULES.delivery, group=False))
    assert sends(alerts, at(2, 10), [], single) == ["eva: a", "eva: b", "ben: a"]


def test_quiet_hours() -> None:
    alerts = [open_alert("a", "eva", at(2, 20))]
    assert sends(alerts, at(2, 20.9), []) == ["eva: a"]
    for hour in (21, 23.5, 31.9):
        assert sends(alerts, at(2, hour), []) == []
        assert whys(alerts, at(2, hour), []) == ["quiet hours, 21:00-08:00"]
    assert sends(alerts, at(3, 8), []) == ["eva: a"]
    assert sends([open_alert("urgent", "eva", at(2, 23))], at(2, 23), []) == ["eva: urgent"]


def test_quiet_hours_end_by_the_wall_clock_when_it_changes() -> None:
    alerts = [open_alert("a", "eva", at(28, 20))]
    change = datetime(2026, 3, 29, 6, tzinfo=UTC)  # 8:00 of summer time
    assert sends(alerts, change - timedelta(minutes=1), []) == []
    assert sends(alerts, change, []) == ["eva: a"]


def test_what_is_pending_acknowledged_or_over_is_not_sent() -> None:
    pending = step(None, Observed(Signal.ON), at(2, 9), rule="a", person="eva",
                   minimum=timedelta(hours=5))  # fmt: skip
    opened = open_alert("a", "eva", at(2, 9))
    seen = step(opened, Acknowledged("ben"), at(2, 9), rule="a", person="eva")
    over = step(opened, Observed(Signal.OFF), at(2, 9), rule="a", person="eva")
    unknown = open_alert("gone", "eva", at(2, 9))
    assert pending and seen and over
    assert sends([pending, seen, over, unknown], at(2, 10), []) == []


def test_the_cool_down_begins_when_something_was_sent() -> None:
    again = open_alert("a", "eva", at(4, 9))
    assert sends([again], at(4, 9), []) == ["eva: a"]  # an earlier alert that was not sent
    sent = [SentMessage("eva", ("a",), at(2, 10))]
    assert whys([again], at(4, 9), sent) == ["the last message about it is less than 48 hours old"]
    assert sends([again], at(4, 10), sent) == ["eva: a"]
    other = [SentMessage("eva", ("b",), at(3, 10)), SentMessage("ben", ("a",), at(3, 10))]
    assert sends([again], at(4, 9), other) == ["eva: a"]


def test_one_message_a_person_and_day() -> None:
    late = open_alert("b", "eva", at(2, 15))
    sent = [SentMessage("eva", ("a",), at(2, 10))]
    assert whys([late], at(2, 15), sent) == ["a message about this person was sent today"]
    assert sends([open_alert("urgent", "eva", at(2, 15))], at(2, 15), sent) == ["eva: urgent"]
    assert sends([open_alert("b", "ben", at(2, 15))], at(2, 15), sent) == ["ben: b"]
    assert sends([late], at(3, 8), sent) == ["eva: b"]


def test_the_daily_budget() -> None:
    alerts = [open_alert("a", person, at(2, 9 + n / 10)) for n, person in enumerate("pqrst")]
    assert sends(alerts, at(2, 12), []) == ["p: a", "q: a", "r: a"]
    assert whys(alerts, at(2, 12), []) == ["3 messages were sent today, the daily budget"] * 2
    sent = [SentMessage(person, ("a",), at(2, 10)) for person in "pq"]
    assert sends(alerts[2:], at(2, 12), sent) == ["r: a"]
    assert sends(alerts[3:], at(3, 12), sent) == ["s: a", "t: a"]
    urgent = open_alert("urgent", "z", at(2, 11))
    assert sends([*alerts, urgent], at(2, 12), sent) == ["z: urgent"]  # it is first, and counts
    full = [SentMessage(person, ("a",), at(2, 10)) for person in "pqr"]
    assert sends([urgent], at(2, 12), full) == ["z: urgent"]


def test_escalation_until_somebody_acknowledges() -> None:
    alert = open_alert("b", "eva", at(2, 9))
    sent: list[SentMessage] = []
    times = []
    for hour in range(9, 120):
        now = at(2, hour)
        for message in plan([alert], RULES, sent, now, BERLIN).messages:
            assert message.escalation == bool(times)
            sent.append(SentMessage("eva", ("b",), now))
            after = step(alert, Sent(), now, rule="b", person="eva")
            assert after is not None
            alert = after
            times.append(hour)
    assert times == [9, 32, 44]  # 21:00 is quiet, so the first again at 8:00, and two at most
    once = replace(alert, sent=alert.sent[:1])
    seen = step(once, Acknowledged("ben"), at(2, 10), rule="b", person="eva")
    assert seen is not None and sends([seen], at(4, 12), sent) == []


def test_a_clock_that_was_set_back_sends_nothing_twice() -> None:
    sent = [SentMessage("eva", ("a",), at(9, 10))]
    assert sends([open_alert("a", "eva", at(4, 9))], at(4, 10), sent) == []


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_the_promises_hold(seed: int) -> None:
    """Weeks of random alerts of six persons, over the night in which the clock goes forward."""
    chance = random.Random(seed)
    alerts: dict[tuple[str, str], Alert] = {}
    sent: list[SentMessage] = []
    kept: list[tuple[datetime, Message]] = []
    now = at(15, 0)
    while now < at(31, 0):
        now += timedelta(minutes=chance.choice([20, 60, 90]))
        for key in [(rule.name, person) for rule in RULES.rules for person in "uvwxyz"]:
            signal = chance.choices(list(Signal), [1, 2, 2, 1])[0]
            after = step(alerts.pop(key, None), Observed(signal), now, rule=key[0], person=key[1],
                         minimum=timedelta(hours=1))  # fmt: skip
            if after:
                alerts[key] = after
        for message in plan(list(alerts.values()), RULES, sent, now, BERLIN).messages:
            sent.append(SentMessage(message.person, tuple(a.rule for a in message.alerts), now))
            kept.append((now, message))
            for alert in message.alerts:
                assert alert.state is State.OPEN and alert.person == message.person
                after = step(alert, Sent(), now, rule=alert.rule, person=alert.person)
                assert after is not None
                alerts[alert.rule, str(alert.person)] = after
    assert len(kept) > 20
    quiet = span(RULES.delivery.quiet, "quiet")
    plain = [(when, m) for when, m in kept if not m.urgent]
    assert plain and not any(is_within(when, quiet, BERLIN) for when, _ in plain)
    days = [local_day(when, BERLIN) for when, _ in plain]
    assert max(days.count(day) for day in days) <= RULES.delivery.daily_budget
    first = [(local_day(when, BERLIN), m.person) for when, m in plain if not m.escalation]
    assert len(first) == len(set(first))
    for rule in RULES.rules:
        for person in "uvwxyz":
            about = [when for when, m in kept if m.person == person
                     and any(a.rule == rule.name and not a.sent for a in m.alerts)]  # fmt: skip
            gaps = [b - a for a, b in pairwise(about)]
            assert all(gap >= timedelta(hours=rule.cooldown_h) for gap in gaps)
