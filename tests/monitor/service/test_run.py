"""What a service does at each step, with clocks that the tests turn."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.errors import ConfigError, InputError, LogError
from mien.log.database import Log
from mien.log.opening import create_log
from mien.log.persons import add_person, give_consent, withdraw_consent
from mien.monitor.rules.reading import read_rules
from mien.monitor.service import run as service_run
from mien.monitor.service.config import MonitorConfig, read_config
from mien.monitor.service.run import Service, alone, check_known
from mien.monitor.service.sources import Recorded, SourceState

SOURCE = "[[source]]\nname = 'kitchen'\ncamera = '0'\npersons = ['anna']\n"
RULES = """
[delivery]
quiet = ''
group = false
[[rule]]
name = 'clock'
kind = 'technical'
what = 'clock'
[[rule]]
name = 'camera'
kind = 'technical'
what = 'camera'
cooldown_h = 0
"""


@dataclass
class Turned:
    """Both clocks."""

    now: datetime = datetime(2026, 11, 2, 10, tzinfo=UTC)
    passed_s: float = 100.0

    def go(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.passed_s += seconds


@dataclass
class Source:
    """In place of a thread."""

    down_s: float = 0.0
    allowed: frozenset[str] = frozenset()
    calls: list[str] = field(default_factory=list)

    def allow(self, persons: frozenset[str]) -> None:
        self.allowed = persons

    def state(self) -> SourceState:
        return SourceState("kitchen", Recorded.DOWN, self.down_s, "no picture comes")

    def start(self) -> None:
        self.calls.append("start")

    def end(self) -> None:
        self.calls.append("end")

    def join(self, timeout_s: float) -> None:
        self.calls.append("join")


@dataclass
class Stage:
    log: Log
    clock: Turned = field(default_factory=Turned)
    source: Source = field(default_factory=Source)
    notes: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def service(self, monitor: str = "timezone = 'UTC'", rules: str = RULES) -> Service:
        config = read_config(f"[monitor]\n{monitor}\n{SOURCE}", "c.toml")
        sources: Any = [self.source]
        return Service(
            self.log, config, read_rules(rules, "r.toml"), sources, note=self.notes.append,
            print_line=self.lines.append, now=lambda: self.clock.now,
            monotonic=lambda: self.clock.passed_s,
        )  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    with create_log(tmp_path / "log.db") as log:
        add_person(log, "anna")
        yield Stage(log)


def test_a_clock_that_jumps_is_one_message(stage: Stage) -> None:
    service = stage.service()
    service.step()
    assert stage.lines == []
    stage.clock.go(1)
    stage.clock.now -= timedelta(hours=2)
    service.step()  # no check is due yet
    for _ in range(4):
        stage.clock.go(301)
        service.step()
    (line,) = stage.lines
    assert "the clock jumped back by 7200 s" in line
    stage.clock.go(25 * 3600)
    service.step()
    assert stage.notes[-1].startswith("resolved: the installation, clock")
    again = stage.service()  # the process was killed and started again
    again.step()
    assert len(stage.lines) == 1


def test_a_camera_that_goes_and_comes_back(stage: Stage) -> None:
    service = stage.service()
    for down_s in (0, 600, 1000, 2000, 0, 0, 1000):
        stage.source.down_s = down_s
        service.step()
        stage.clock.go(301)
    assert ["no picture from kitchen for 17 minutes" in line for line in stage.lines] == [True] * 2
    stage.source.down_s = 0.5  # a new process, whose source is starting
    before = len(stage.notes)
    stage.service().step()
    assert stage.notes[before:] == []


def test_days_are_judged_at_their_time_and_pruned_then(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    real = service_run.check
    monkeypatch.setattr(
        service_run, "check", lambda *a, days, **k: (seen.append(days), real(*a, days=days, **k))[1]
    )
    monkeypatch.setattr(service_run, "prune", lambda *_: seen.append("prune"))
    service = stage.service("timezone = 'UTC'\ncheck_at = '10:10'\ncheck_minutes = 5")
    for _ in range(5):
        service.step()
        stage.clock.go(241)
    assert seen == [False, False, True, "prune", False]
    stage.clock.go(24 * 3600)
    stage.clock.now += timedelta(days=3)
    service.step()
    assert seen[5:] == [True] and "nothing is pruned today: the clock jumped" in stage.notes


def test_only_those_with_consent_are_recorded(stage: Stage) -> None:
    service = stage.service()
    stage.clock.now = datetime.now(UTC)
    service.step()
    assert stage.source.allowed == frozenset()
    give_consent(stage.log, "anna", "anna", "a test")
    stage.clock.go(301)
    service.step()
    assert stage.source.allowed == {"anna"}
    withdraw_consent(stage.log, "anna")
    stage.clock.go(301)
    service.step()
    assert stage.source.allowed == frozenset()


def test_a_problem_is_said_once_and_the_next_check_tries_again(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat = tmp_path / "beat.json"
    service = stage.service(f"timezone = 'UTC'\nheartbeat = '{beat}'")

    def broken(*_: object, **__: object) -> None:
        raise LogError("the log cannot be used (locked)")

    with monkeypatch.context() as patch:
        patch.setattr(service_run, "check", broken)
        for _ in range(3):
            service.step()
            stage.clock.go(301)
    assert stage.notes == ["the log cannot be used (locked)"]
    found = json.loads(beat.read_text())
    assert found["problem"] == stage.notes[0] and found["checked"] is None
    assert found["sources"][0]["state"] == "down"
    service.step()
    found = json.loads(beat.read_text())
    assert found["problem"] == "" and found["checked"] == found["time"] and found["running"]
    beat.unlink()
    beat.mkdir()
    stage.clock.go(11)
    service.step()
    assert "Is a directory" in stage.notes[-1]


def test_it_ends_with_what_was_asked_for(stage: Stage, tmp_path: Path) -> None:
    beat = tmp_path / "beat.json"
    stage.service(f"heartbeat = '{beat}'").run(0.01)
    assert stage.source.calls == ["start", "end", "join"]
    assert json.loads(beat.read_text())["running"] is False


def test_a_fault_of_the_program_ends_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(service_run, "check", broken)
    with pytest.raises(RuntimeError, match="a fault"):
        stage.service().run()
    assert stage.source.calls == ["start", "end", "join"]


def test_one_process_a_configuration(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "c.toml"
    path.write_text(SOURCE)
    with alone(path), pytest.raises(ConfigError, match="another process runs with"), alone(path):
        pass
    with alone(path):
        pass


def test_persons_must_be_known(stage: Stage) -> None:
    def config(name: str) -> MonitorConfig:
        return read_config(SOURCE.replace("anna", name), "c.toml")

    check_known(stage.log, config("anna"))
    with pytest.raises(InputError, match="anna"):
        check_known(stage.log, config("ana"))
