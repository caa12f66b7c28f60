"""What a report says, on days whose values are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.log import audit
from mien.log.database import Log
from mien.log.erasing import erase
from mien.log.opening import create_log
from mien.log.persons import add_person, give_consent
from mien.monitor.alerts.answers import acknowledge
from mien.monitor.alerts.checking import check
from mien.monitor.report.page import known_of
from mien.monitor.report.period import Period
from mien.monitor.report.shapes import HEIGHT, WIDTH
from mien.monitor.report.view import ReportView, view_of
from mien.monitor.rules.checking import Installation
from mien.monitor.rules.reading import DEFAULTS, load_rules
from tests.support.log_days import FIRST, HOURS, add_days, shares

DAYS = 40
RULES = load_rules(DEFAULTS)
WEEK = Period(date(2026, 7, 4), date(2026, 7, 10))  # days 33 to 39


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """Anna smiles less from day 27 on; on day 35 nobody is seen, on day 36 the camera is off."""
    smiling, minutes = shares(DAYS), np.full(DAYS, 30.0)
    smiling[27:], minutes[35], minutes[36] = 0.03, 0.0, -1.0
    path = tmp_path_factory.mktemp("report") / "log.db"
    with create_log(path, keep_days={"observations": None, "hours": None}) as log:
        for name in ("anna", "ben"):
            add_person(log, name)
            give_consent(log, name, name, "a test")
        add_days(log, "anna", smiling, minutes=minutes)
        add_days(log, "ben", shares(5))
        with log.write() as connection:  # consent counts from when it was given
            connection.exec_driver_sql("UPDATE consents SET given_ms = 0")
        for day in (33, 34):
            check(log, RULES, FIRST + timedelta(day, hours=1), UTC, Installation(disk_free=0.5))
        acknowledge(log, 1, "Eva", FIRST + timedelta(34, hours=9))
        yield log


def percent(number: int) -> str:
    return f"{number}\N{NO-BREAK SPACE}%"


def view(log: Log, about: Period = WEEK, today: date = date(2026, 8, 1)) -> ReportView:
    return view_of(known_of(log, "anna", RULES, about, UTC), about, today, UTC)


def test_it_says_what_was_seen_and_how_much(log: Log) -> None:
    found = view(log)
    assert (found.person, found.period) == ("anna", "4 to 10 July 2026")
    assert (found.said, found.asked) == (5, 7)
    assert found.seen == "12.5 hours"  # five days of five times half an hour
    assert found.usual == "17.5 hours"
    assert [row.day for row in found.days] == [
        "Sat 4 Jul", "Sun 5 Jul", "Mon 6 Jul", "Tue 7 Jul", "Wed 8 Jul", "Thu 9 Jul", "Fri 10 Jul"
    ]  # fmt: skip
    assert found.days[0].bars == [(hour, 0.5) for hour in HOURS]
    assert found.days[0].coverage == percent(100)
    assert found.days[0].smiled == percent(3)


def test_days_without_a_statement_say_why(log: Log) -> None:
    found = view(log)
    assert found.silent == {
        "the camera ran, but the person's face was not seen": ["Mon 6 Jul"],
        "nothing was recorded on this day": ["Tue 7 Jul"],
    }
    unseen, off = found.days[2], found.days[3]
    assert unseen.ran == list(HOURS) and unseen.bars == [] and unseen.smiled == ""
    assert off.ran == [] and off.seen == "–"


def test_it_says_what_changed_and_since_when(log: Log) -> None:
    found = view(log)
    assert f"smiled {percent(3)} of the time, usually {percent(15)}" in found.headline
    (change,) = found.changes
    begin = re.search(r"smiling changed: since (\S+);", change)
    assert begin is not None
    # The change was found before this week began, and the page does not say otherwise.
    assert date(2026, 6, 28) <= date.fromisoformat(begin[1]) < WEEK.first
    smiling = found.measures[0]
    assert (smiling.name, smiling.judged) == ("smiling", "change found")
    assert {one.judged for one in found.measures if one.name == "happiness"} == {"not judged"}


def test_alerts_of_the_time_have_their_states(log: Log) -> None:
    (alert,) = view(log).alerts
    assert (alert.number, alert.rule, alert.state) == (1, "smiling changed", "acknowledged")
    assert alert.steps[-1] == "acknowledged by Eva on 5 Jul, 09:00"
    assert view(log, Period(date(2026, 6, 20), date(2026, 6, 26))).alerts == []


def test_days_that_were_never_recorded_are_shown(log: Log) -> None:
    found = view(log, Period(date(2026, 7, 9), date(2026, 7, 14)), today=date(2026, 7, 14))
    assert (found.said, found.asked) == (2, 6)
    assert [len(days) for days in found.silent.values()] == [4]
    assert found.days[-1].reason == "nothing was recorded on this day"
    assert any("not over" in note for note in found.notes)


def test_a_new_camera_is_not_compared_with_the_old_one(tmp_path: Path) -> None:
    smiling = np.full(10, 0.3)
    with create_log(tmp_path / "log.db", keep_days={"observations": None, "hours": None}) as log:
        add_person(log, "anna")
        give_consent(log, "anna", "anna", "a test")
        add_days(log, "anna", shares(30))
        add_days(log, "anna", smiling, setup="hall", first=FIRST + timedelta(30))
        found = view(log, Period(date(2026, 6, 28), date(2026, 7, 4)))
    assert f"smiled {percent(30)} of the time" in found.headline  # nothing is usual
    assert found.changes == []
    assert "1 July another camera" in found.notes[0]
    assert [place for place, _ in found.setups] == ["room", "hall"]
    assert all(len(panel.restarts) == 1 for panel in found.panels)


def test_panels_lie_within_their_picture(log: Log) -> None:
    found = view(log)
    smiling = found.panels[0]
    assert smiling.title == "smiling"
    assert len(smiling.dots) + len(smiling.alarms) == DAYS - 2
    assert len(smiling.alarms) >= 5
    for panel in found.panels:
        for x, y in (*panel.dots, *panel.alarms):
            assert 0 < x < WIDTH and 0 < y < HEIGHT
        left, width = panel.period
        assert sum(left < x < left + width for x, _ in panel.dots + panel.alarms) in (5, 6)
    # Less is lower on the picture: y grows downwards.
    assert min(y for _, y in smiling.alarms) > max(y for _, y in smiling.dots[:25])


def test_a_report_counts_as_an_export(log: Log, tmp_path: Path) -> None:
    known_of(log, "ben", RULES, Period(date(2026, 6, 1), date(2026, 6, 7)), UTC)
    with log.read() as connection:
        last = list(audit.entries(connection))[-1]
    assert (last.action, last.details["kinds"]) == ("export", ["report"])
    done = erase(log, "ben")
    assert any("exported on" in copy for copy in done.copies)


def test_before_there_is_a_baseline_nothing_is_judged(log: Log) -> None:
    found = view(log, Period(date(2026, 6, 2), date(2026, 6, 8)))
    assert not found.judged and found.said == 7 and found.usual != ""
    assert found.headline[0] == f"smiled {found.measures[0].value} of the time"
    assert view(log).judged
