from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")

from mien.monitor.service.clock import KEPT_S, ClockWatch, Daily, Every

NOON = datetime(2026, 10, 24, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")  # 02:00 to 03:00 comes twice on 2026-10-25


def test_a_jump_is_what_the_two_clocks_differ_by() -> None:
    watch = ClockWatch()
    watch.look(NOON, 5.0)
    watch.look(NOON + timedelta(seconds=61), 65.0)  # as a correction by NTP
    assert watch.jump_s == 0
    watch.look(NOON + timedelta(seconds=71) - timedelta(hours=1), 75.0)
    assert watch.jump_s == pytest.approx(-3600)
    watch.look(NOON + timedelta(seconds=81) - timedelta(minutes=50), 85.0)
    assert watch.jump_s == pytest.approx(-3600)  # the larger of the two
    later = KEPT_S + 80
    watch.look(NOON - timedelta(minutes=50) + timedelta(seconds=later), later + 4)
    assert watch.jump_s == pytest.approx(600)
    watch.look(NOON - timedelta(minutes=50) + timedelta(seconds=later + 60), later + 64)
    assert watch.jump_s == 0


def test_every_is_due_at_once_and_then_by_the_monotonic_clock() -> None:
    every = Every(10)
    assert [every.due(at) for at in (3.0, 3.5, 12.9, 13.0, 40.0, 49.9, 50.0)] == [
        True, False, False, True, True, False, True,
    ]  # fmt: skip


def test_daily_is_due_once_a_local_day() -> None:
    daily = Daily(time(8, 30), BERLIN)
    at_6 = datetime(2026, 10, 24, 6, tzinfo=UTC)  # 08:00 in Berlin
    assert not daily.due(at_6)
    assert daily.due(at_6 + timedelta(hours=1)) and daily.due(at_6 + timedelta(hours=1))
    daily.done(at_6 + timedelta(hours=1))
    assert not daily.due(at_6 + timedelta(hours=2))
    assert not daily.due(at_6 + timedelta(hours=25))  # 08:00 again: an hour was added at night
    assert daily.due(at_6 + timedelta(hours=25, minutes=30))
    started_late = Daily(time(8, 30), BERLIN)
    assert started_late.due(at_6 + timedelta(hours=9))


def test_a_time_of_day_that_is_skipped_is_not_missed() -> None:
    daily = Daily(time(2, 30), BERLIN)  # on 2026-03-29 clocks go from 02:00 to 03:00
    assert not daily.due(datetime(2026, 3, 29, 0, 59, tzinfo=UTC))
    assert daily.due(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
