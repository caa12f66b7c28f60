"""Judges what the log holds by rules, moves alerts on, and puts messages into the outbox.

Rules over day values judge each complete local day once, with the midnight at its end as the time,
so it does not matter when a check runs, or how often. The first check of a rule and person judges
the last complete day alone: what was long ago is for ``backtest``. Other rules judge this moment.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection

from mien.errors import did_you_mean
from mien.log.database import Log
from mien.log.persons import Person, all_persons
from mien.monitor.alerts import outbox
from mien.monitor.alerts.alert_rows import Key, Stored, judged, lock, ms, newest, save, set_judged
from mien.monitor.alerts.delivery import Held, plan
from mien.monitor.alerts.state import Alert, step
from mien.monitor.days import Days, day_values
from mien.monitor.from_log import last_seen, person_hours, watched_since
from mien.monitor.hours import Hours
from mien.monitor.local_time import date_of, day_number, local_day
from mien.monitor.rules.checking import (
    Installation,
    check_days,
    check_sudden,
    check_technical,
    check_unseen,
)
from mien.monitor.rules.config import (
    AnyRule,
    ChartRule,
    CoverageRule,
    Rules,
    SuddenRule,
    TechnicalRule,
    UnseenRule,
)
from mien.monitor.rules.signals import Observed

_OVER_DAYS = ChartRule | CoverageRule


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check did."""

    persons: int
    """Judged: those whose consent is in force."""
    changed: tuple[Alert, ...]
    """Alerts that are new or moved on."""
    queued: int
    """Messages put into the outbox."""
    held: tuple[Held, ...]
    """Alerts whose message waits, and why."""
    left_out: tuple[str, ...]
    """Rules that a single check cannot judge."""
    notes: tuple[str, ...] = ()
    """What is wrong with the rules, in words: persons whom the log does not know."""


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What the log says of one person."""

    person: Person
    hours: Hours
    days: Days
    last_seen: datetime | None = None
    watched_since: datetime | None = None


def check(
    log: Log, rules: Rules, now: datetime, where: tzinfo | None,
    installation: Installation | None = None, days: bool = True,
) -> Checked:  # fmt: skip
    """Judge every consenting person by ``rules`` at the moment ``now``.

    ``where``: the zone of local times, ``None`` for this machine's. ``installation``: what
    technical rules look at (default: the disk of the log). ``days``: whether rules over day values
    are judged too. Nothing is sent: ``deliver`` does that.
    """
    now = now.astimezone(UTC)
    asked = [rule for rule in rules.rules if days or not isinstance(rule, _OVER_DAYS)]
    found = _known(log, asked, now)
    state = installation or Installation(disk_free=disk_free(log))
    left_out = tuple(
        rule.name for rule in rules.rules
        if isinstance(rule, TechnicalRule) and installation is None and rule.what != "disk"
    )  # fmt: skip
    with log.write() as connection:
        lock(connection)
        run = _Run(
            connection, rules, now, where, {one.person.pseudonym: one.person.id for one in found}
        )
        for rule in asked:
            if isinstance(rule, TechnicalRule):
                if rule.name not in left_out:
                    run.observe(rule, None, check_technical(rule, state), now)
                continue
            for one in found:
                if rule.is_about(one.person.pseudonym):
                    run.judge(rule, one)
        queued, held = run.queue()
    notes = tuple(unknown_persons(log, rules))
    return Checked(len(found), tuple(run.changed), queued, held, left_out, notes)


def unknown_persons(log: Log, rules: Rules) -> Iterator[str]:
    """A line for each person whom a rule names and the log does not know, such as one erased."""
    with log.read() as connection:
        known = [one.pseudonym for one in all_persons(connection)]
    for rule in rules.rules:
        for name in rule.persons:
            if name not in known:
                hint = did_you_mean(name, known, "persons")
                yield f"the rule {rule.name!r} names {name!r}, who is not enrolled: {hint}"


class _Run:
    """The alerts in an open transaction."""

    def __init__(
        self, connection: Connection, rules: Rules, now: datetime, where: tzinfo | None,
        persons: Mapping[str, int],
    ) -> None:  # fmt: skip
        self.connection, self.rules, self.now, self.where = connection, rules, now, where
        self.persons = persons
        self.alerts: dict[Key, Stored] = newest(connection)
        self.judged = judged(connection)
        self.changed: list[Alert] = []

    def judge(self, rule: AnyRule, one: _Known) -> None:
        if isinstance(rule, _OVER_DAYS):
            for event, at in self._new_days(rule, one):
                self.observe(rule, one.person.pseudonym, event, at)
        elif isinstance(rule, UnseenRule):
            event = check_unseen(rule, one.last_seen, one.watched_since, self.now, self.where)
            self.observe(rule, one.person.pseudonym, event, self.now)
        elif isinstance(rule, SuddenRule):
            local = self.now.astimezone(self.where)
            day = day_number(local.date())
            event = check_sudden(rule, one.hours, day, local.hour)
            self.observe(rule, one.person.pseudonym, event, self.now)

    def _new_days(
        self, rule: ChartRule | CoverageRule, one: _Known
    ) -> Iterator[tuple[Observed, datetime]]:
        """The complete days that were not judged yet, each with the midnight at its end."""
        days = one.days
        last = day_number(local_day(self.now, self.where)) - 1
        complete = days.day[days.day <= last]
        if not len(complete):
            return
        key = (rule.name, one.person.id)
        after = self.judged.get(key, int(complete[-1]) - 1)
        if complete[-1] <= after:
            return
        events = check_days(rule, days)
        for day in complete[complete > after]:
            ends = datetime.combine(date_of(int(day) + 1), time(0), self.where)
            yield events[int(day - days.day[0])], ends.astimezone(UTC)
        set_judged(self.connection, one.person.id, rule.name, int(complete[-1]))

    def observe(self, rule: AnyRule, person: str | None, event: Observed, at: datetime) -> None:
        key, minimum = (rule.name, person), timedelta(hours=rule.minimum_h)
        before = self.alerts.pop(key, None)
        alert = None if before is None else before.alert
        after = step(alert, event, at, rule=rule.name, person=person, minimum=minimum)
        stored = save(self.connection, before, after, self.persons)
        if stored is not None:
            self.alerts[key] = stored
        if after is not None and (alert is None or after.state is not alert.state):
            self.changed.append(after)

    def queue(self) -> tuple[int, tuple[Held, ...]]:
        """Put the messages that are due into the outbox."""
        numbers = {id(one.alert): one for one in self.alerts.values()}
        waiting = outbox.waiting(self.connection)
        free = [
            one.alert for one in self.alerts.values()
            if one.id not in waiting and one.alert.person in (None, *self.persons)
        ]  # fmt: skip
        sent = outbox.sent_messages(self.connection, self.now)
        due = plan(free, self.rules, sent, self.now, self.where)
        for message in due.messages:
            alerts: Sequence[Stored] = [numbers[id(alert)] for alert in message.alerts]
            person_id = None if message.person is None else self.persons[message.person]
            targets = self.rules.targets
            outbox.queue(self.connection, message, alerts, person_id, targets, self.now)
        return len(due.messages), due.held


def _known(log: Log, rules: Sequence[AnyRule], now: datetime) -> list[_Known]:
    with log.read() as connection:
        persons = [one for one in all_persons(connection) if one.consent(ms(now))]
    asks_when = any(isinstance(rule, UnseenRule) for rule in rules)
    asks_hours = any(isinstance(rule, _OVER_DAYS | SuddenRule) for rule in rules)
    found = []
    for person in persons:
        name = person.pseudonym
        hours = person_hours(log, name, None if asks_hours else 0)  # none before 1970
        when = (last_seen(log, name), watched_since(log, name, now)) if asks_when else ()
        found.append(_Known(person, hours, day_values(hours), *when))
    return found


def disk_free(log: Log) -> float | None:
    """The share that is free of the disk on which the log is; ``None`` for a server's."""
    if log.file is None:
        return None
    usage = shutil.disk_usage(log.file.parent)
    return usage.free / usage.total
