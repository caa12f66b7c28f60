"""Which messages are sent now, and why the others wait.

The order of the checks: escalation, cool-down, quiet hours, one message a person and day, the daily
budget. What waits is asked again at the next call; an alert that ends before its message was sent
is not sent any more, only shown. A cool-down begins when something was sent, never when something
was held back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from mien.monitor.alerts.state import Alert, State
from mien.monitor.local_time import is_within, local_day
from mien.monitor.rules.config import AnyRule, Delivery, Rules, span


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that was sent; the caller keeps these, of the newest year at least."""

    person: str | None
    rules: tuple[str, ...]
    at: datetime
    """Aware."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent now: alerts of one person, or of the installation."""

    person: str | None
    alerts: tuple[Alert, ...]
    urgent: bool
    escalation: bool
    """Whether an alert in it was sent before and is not acknowledged."""

    @property
    def lines(self) -> tuple[str, ...]:
        """One line an alert: its rule, and what the rule saw."""
        return tuple(
            f"{alert.rule}: {alert.detail}" if alert.detail else alert.rule for alert in self.alerts
        )


@dataclass(frozen=True, slots=True)
class Held:
    """An alert whose message waits, and why, in words."""

    alert: Alert
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send now, and what waits."""

    messages: tuple[Message, ...]
    held: tuple[Held, ...]


def plan(
    alerts: Sequence[Alert], rules: Rules, sent: Sequence[SentMessage], now: datetime,
    where: tzinfo | None,
) -> Plan:  # fmt: skip
    """The messages that are due ``now``; ``where`` is the local time zone.

    ``alerts``: the newest one of each rule and person; those of rules that no longer exist are left
    out. For each message that was really sent, the caller keeps a ``SentMessage`` and gives every
    alert in it the event ``Sent``.
    """
    due: dict[str | None, list[Alert]] = {}
    held: list[Held] = []
    named = {rule.name: rule for rule in rules.rules}
    for alert in sorted(alerts, key=lambda each: each.since):
        rule = named.get(alert.rule)
        if rule is None or not _is_due(alert, rule, now):
            continue
        if why := _waits(alert, rule, rules.delivery, sent, now, where):
            held.append(Held(alert, why))
        else:
            due.setdefault(alert.person, []).append(alert)
    messages, over = _within_budget(_grouped(due, rules, named), rules, sent, now, where)
    return Plan(tuple(messages), (*held, *over))


def _is_due(alert: Alert, rule: AnyRule, now: datetime) -> bool:
    if alert.state is not State.OPEN:
        return False
    if not alert.sent:
        return True
    if not rule.escalate_h or len(alert.sent) > rule.escalations:
        return False
    return _elapsed(alert.sent[-1], now) >= timedelta(hours=rule.escalate_h)


def _waits(
    alert: Alert, rule: AnyRule, delivery: Delivery, sent: Sequence[SentMessage], now: datetime,
    where: tzinfo | None,
) -> str:  # fmt: skip
    """Why the alert's message waits; empty if it does not."""
    if not alert.sent:
        cooldown = timedelta(hours=rule.cooldown_h)
        about = (s.at for s in sent if s.person == alert.person and alert.rule in s.rules)
        if any(_elapsed(at, now) < cooldown for at in about):
            return f"the last message about it is less than {rule.cooldown_h:g} hours old"
    if rule.urgent:
        return ""
    if delivery.quiet and is_within(now, span(delivery.quiet, "quiet"), where):
        return f"quiet hours, {delivery.quiet}"
    today = local_day(now, where)
    if delivery.group and not alert.sent:
        days = (local_day(s.at, where) for s in sent if s.person == alert.person)
        if today in days:
            return "a message about this person was sent today"
    return ""


def _grouped(
    due: Mapping[str | None, Sequence[Alert]], rules: Rules, named: Mapping[str, AnyRule]
) -> list[Message]:
    """Messages, urgent ones first, then the oldest."""
    messages = []
    for person, alerts in due.items():
        for part in [alerts] if rules.delivery.group else [[alert] for alert in alerts]:
            urgent = any(named[alert.rule].urgent for alert in part)
            again = any(alert.sent for alert in part)
            messages.append(Message(person, tuple(part), urgent, again))
    return sorted(messages, key=lambda message: (not message.urgent, message.alerts[0].since))


def _within_budget(
    messages: Sequence[Message], rules: Rules, sent: Sequence[SentMessage], now: datetime,
    where: tzinfo | None,
) -> tuple[list[Message], list[Held]]:  # fmt: skip
    today = local_day(now, where)
    left = rules.delivery.daily_budget - sum(local_day(s.at, where) == today for s in sent)
    kept, held = [], []
    for message in messages:
        if message.urgent or left > 0:
            kept.append(message)
            left -= 1
        else:
            why = f"{rules.delivery.daily_budget} messages were sent today, the daily budget"
            held += [Held(alert, why) for alert in message.alerts]
    return kept, held


def _elapsed(then: datetime, now: datetime) -> timedelta:
    """0 for what lies in the future, after a clock was set back."""
    return max(now.astimezone(UTC) - then.astimezone(UTC), timedelta(0))
