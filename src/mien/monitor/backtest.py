"""Rules over the recorded past: what they would have sent, before they are switched on.

Each day is judged on the next morning, when it is complete, by the same functions that run every
day: the rule, the states, the delivery. Nobody acknowledges anything in a backtest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from mien.errors import ConfigError
from mien.monitor.alerts.delivery import Message, SentMessage, plan
from mien.monitor.alerts.state import Alert, Sent, State, step
from mien.monitor.days import Days
from mien.monitor.local_time import check_order, date_of, day_number
from mien.monitor.rules.checking import check_days
from mien.monitor.rules.config import AnyRule, ChartRule, CoverageRule, Rules
from mien.monitor.rules.signals import Observed

MORNING = time(9)
"""Local time at which a day is judged, and what was held back is asked for again."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """What rules would have done."""

    first: date
    last: date
    """The first and the last day that was judged."""
    alerts: tuple[Alert, ...]
    """Every alert that opened, in order."""
    messages: tuple[tuple[datetime, Message], ...]
    """Every message that would have been sent, and when."""
    left_out: tuple[str, ...]
    """Rules that day values cannot replay."""

    def says(self) -> str:
        """Such as ``would have warned 3 times in 31 days``."""
        count = len(self.messages)
        times = {1: "once", 2: "twice"}.get(count, f"{count} times")
        warned = f"have warned {times}" if count else "not have warned"
        days = (self.last - self.first).days + 1
        return f"would {warned} in {days} day{'s' * (days != 1)}"


def backtest(
    rules: Rules, persons: Mapping[str, Days], where: tzinfo | None,
    *, first: date | None = None, last: date | None = None,
) -> Backtest:  # fmt: skip
    """Replay ``rules`` over the days of ``persons``; ``where`` is their time zone.

    Days before ``first`` are learnt from and judged, but what they would have sent is not counted.
    Raises ``ConfigError`` for a ``last`` before ``first``, and where no day was recorded between.
    """
    check_order(first, last)
    replayed = [rule for rule in rules.rules if isinstance(rule, ChartRule | CoverageRule)]
    found = {
        (rule.name, person): check_days(rule, days)
        for rule in replayed for person, days in persons.items()
    }  # fmt: skip
    starts = [int(days.day[0]) for days in persons.values() if len(days.day)]
    ends = [int(days.day[-1]) for days in persons.values() if len(days.day)]
    begin = date_of(min(starts, default=0))
    end = min(filter(None, (last, date_of(max(ends, default=0)))))
    replay = _Replay(rules, where)
    for number in range(day_number(begin), day_number(end) + 1):
        morning = datetime.combine(date_of(number + 1), MORNING, where).astimezone(UTC)
        for rule in replayed:
            for person, days in persons.items():
                at = number - int(days.day[0]) if len(days.day) else -1
                if rule.is_about(person) and 0 <= at < len(days.day):
                    replay.observe(rule, person, found[rule.name, person][at], morning)
        replay.deliver(morning)
    first = max(filter(None, (first, begin)))
    if first > end:
        raise ConfigError(
            f"no day was recorded in the time asked for: give one from {begin} to {end}"
        )
    after = datetime.combine(first + timedelta(1), time(0), where).astimezone(UTC)
    return Backtest(
        first, end,
        tuple(a for a in replay.opened() if a.opened is not None and a.opened >= after),
        tuple((at, message) for at, message in replay.messages if at >= after),
        tuple(rule.name for rule in rules.rules if rule not in replayed),
    )  # fmt: skip


class _Replay:
    """Alerts and messages so far."""

    def __init__(self, rules: Rules, where: tzinfo | None) -> None:
        self.rules, self.where = rules, where
        self.alerts: dict[tuple[str, str], Alert] = {}
        self.ended: list[Alert] = []
        self.sent: list[SentMessage] = []
        self.messages: list[tuple[datetime, Message]] = []

    def observe(self, rule: AnyRule, person: str, event: Observed, now: datetime) -> None:
        key, minimum = (rule.name, person), timedelta(hours=rule.minimum_h)
        before = self.alerts.pop(key, None)
        after = step(before, event, now, rule=rule.name, person=person, minimum=minimum)
        if after is not None:
            self.alerts[key] = after
        gone = after is None or after.since != (before and before.since)
        if before is not None and before.opened and gone:
            self.ended.append(before)

    def deliver(self, now: datetime) -> None:
        due = plan(list(self.alerts.values()), self.rules, self.sent, now, self.where)
        for message in due.messages:
            names = tuple(alert.rule for alert in message.alerts)
            self.sent.append(SentMessage(message.person, names, now))
            self.messages.append((now, message))
            for alert in message.alerts:
                after = step(alert, Sent(), now, rule=alert.rule, person=alert.person)
                assert after is not None and alert.person is not None
                self.alerts[alert.rule, alert.person] = after

    def opened(self) -> list[Alert]:
        every = [*self.ended, *(a for a in self.alerts.values() if a.state is not State.PENDING)]
        return sorted(every, key=lambda alert: alert.since)
