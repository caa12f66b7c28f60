"""The service: a thread for each source, and one that checks, sends, prunes and beats.

Every step is a transaction of the log, so a kill at any moment leaves nothing half done; a new
process goes on from what is stored.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from threading import Event

from mien.errors import ConfigError, MienError
from mien.files import try_lock
from mien.log.database import Log
from mien.log.persons import all_persons, find_person
from mien.log.retention import prune
from mien.monitor.alerts.alert_rows import ms
from mien.monitor.alerts.checking import check, disk_free
from mien.monitor.alerts.deliver import deliver
from mien.monitor.alerts.state import Alert
from mien.monitor.local_time import zone
from mien.monitor.rules.checking import Installation
from mien.monitor.rules.config import Rules
from mien.monitor.service.clock import ClockWatch, Daily, Every
from mien.monitor.service.config import MonitorConfig
from mien.monitor.service.heartbeat import BEAT_S, heartbeat, write_heartbeat
from mien.monitor.service.sources import Note, RecordedSource
from mien.reading import open_file

LOOK_S = 0.5
"""Seconds between two looks at what is due."""
LONGEST_END_S = 30.0
"""Seconds that a source has to store its last window."""


@contextmanager
def alone(path: str | Path) -> Iterator[None]:
    """Keep a second service from the configuration at ``path``. Raises ``ConfigError``."""
    try:
        file = open_file(path)
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    with file:
        if not try_lock(file, Path(path)):
            raise ConfigError(f"another process runs with {path}: one is enough")
        yield


def check_known(log: Log, config: MonitorConfig) -> None:
    """Raise ``InputError`` for a person whom the log does not know."""
    with log.read() as connection:
        for name in {name for one in config.sources for name in one.shown}:
            find_person(connection, name)


class Service:
    """What ``mien monitor run`` does. ``now`` and ``monotonic`` are its clocks."""

    def __init__(
        self, log: Log, config: MonitorConfig, rules: Rules, sources: Sequence[RecordedSource], *,
        note: Note, print_line: Note, now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._log, self._config, self._rules, self._sources = log, config, rules, sources
        self._note, self._print_line = note, print_line
        self._now, self._monotonic = now, monotonic
        self._where: tzinfo | None = zone(config.timezone) if config.timezone else None
        self._watch = ClockWatch()
        self._checks, self._beats = Every(60 * config.check_minutes), Every(BEAT_S)
        self._daily = Daily(config.judges_at, self._where)
        self._checked: datetime | None = None
        self._problem = ""
        self._stopping = Event()

    def run(self, seconds: float | None = None) -> None:
        """Record and check for so long, or until an interrupt; then store what was seen.

        What is sent is not interrupted, so no message goes twice.
        """
        for source in self._sources:
            source.start()
        try:
            with ThreadPoolExecutor(1) as pool:
                turning = pool.submit(self._turn, seconds)
                try:
                    turning.result()
                finally:
                    self._stopping.set()
        finally:
            for source in self._sources:
                source.end()
            for source in self._sources:
                source.join(LONGEST_END_S)
            self._beat(self._now(), running=False)

    def _turn(self, seconds: float | None) -> None:
        end = math.inf if seconds is None else time.monotonic() + seconds
        while not self._stopping.is_set() and time.monotonic() < end:
            self.step()
            self._stopping.wait(LOOK_S)

    def step(self) -> None:
        """Do what is due now."""
        now, monotonic_s = self._now(), self._monotonic()
        self._watch.look(now, monotonic_s)
        daily = self._daily.due(now)
        due = self._checks.due(monotonic_s) or daily
        if due:
            self._work(now, daily)
        if self._beats.due(monotonic_s) or due:
            self._beat(now)

    def _work(self, now: datetime, daily: bool) -> None:
        try:
            self._allow(now)
            done = check(self._log, self._rules, now, self._where, self._installation(), days=daily)
            for alert in done.changed:
                self._note(_words(alert))
            failed = [
                one.problem
                for one in deliver(self._log, self._rules.targets, now, self._print_line)
                if one.problem
            ]
            if daily:
                self._prune(now)
                self._daily.done(now)
            self._checked = now
            self._say(failed[0] if failed else "")
        except MienError as error:  # such as a full disk: the next check tries again
            self._say(str(error))

    def _allow(self, now: datetime) -> None:
        with self._log.read() as connection:
            persons = all_persons(connection)
        allowed = frozenset(one.pseudonym for one in persons if one.consent(ms(now)))
        for source in self._sources:
            source.allow(allowed)

    def _installation(self) -> Installation:
        states = [source.state() for source in self._sources]
        return Installation(
            [(one.name, one.down_s) for one in states], disk_free(self._log), self._watch.jump_s
        )

    def _prune(self, now: datetime) -> None:
        if self._watch.jump_s:
            self._note("nothing is pruned today: the clock jumped")
        else:
            prune(self._log, ms(now))

    def _beat(self, now: datetime, *, running: bool = True) -> None:
        if not self._config.heartbeat:
            return
        states = [source.state() for source in self._sources]
        text = heartbeat(now, self._checked, states, self._problem, running)
        try:
            write_heartbeat(Path(self._config.heartbeat), text)
        except MienError as error:
            self._say(str(error))

    def _say(self, problem: str) -> None:
        """Note a problem once, not at each check."""
        if problem and problem != self._problem:
            self._note(problem)
        self._problem = problem


def _words(alert: Alert) -> str:
    about = alert.person or "the installation"
    return f"{alert.state}: {about}, {alert.rule}: {alert.detail}".removesuffix(": ")
