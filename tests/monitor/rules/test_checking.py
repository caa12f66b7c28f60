from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mien.monitor.days import Days, day_values
from mien.monitor.detection import Chart
from mien.monitor.rules.checking import (
    Installation,
    check_days,
    check_sudden,
    check_technical,
    check_unseen,
)
from mien.monitor.rules.config import (
    ChartRule,
    CoverageRule,
    SuddenRule,
    TechnicalRule,
    UnseenRule,
)
from mien.monitor.rules.signals import Signal
from tests.support.day_logs import FIRST, hours

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = np.arange(24)
AWAKE = np.where((HOUR >= 8) & (HOUR < 22), 1200.0, 0.0)


def person(days: int, level: np.ndarray, seconds: np.ndarray = AWAKE, seed: int = 0) -> Days:
    noise = np.random.default_rng(seed).normal(0, 0.015, (days, 24))
    smiling = np.clip(level[:, None] + noise, 0, 1)
    return day_values(hours(days, {"smiling": smiling}, seconds=seconds))


def test_a_change_is_said_in_words() -> None:
    level = np.full(60, 0.15) + np.random.default_rng(1).normal(0, 0.01, 60)
    level[40:] -= 0.07
    found = check_days(ChartRule(name="r", measure="smiling", chart=Chart()), person(60, level))
    signals = [each.signal for each in found]
    assert signals[:14] == [Signal.UNKNOWN] * 14
    assert Signal.ON not in signals[:40] and signals[50] is Signal.ON
    assert (
        found[50].detail.startswith("smiled ") and "of the time, usually 15 %" in found[50].detail
    )


def test_a_measure_that_a_model_does_not_give() -> None:
    rule = ChartRule(name="r", measure="contempt", chart=Chart())
    assert {each.signal for each in check_days(rule, person(30, np.full(30, 0.1)))} == {
        Signal.UNKNOWN
    }


def test_coverage_lost() -> None:
    seconds = np.tile(AWAKE, (30, 1))
    seconds[20:24] *= 0.2
    seconds[24] *= 0.4
    found = check_days(CoverageRule(name="r"), person(30, np.full(30, 0.1), seconds))
    signals = [each.signal for each in found]
    assert signals[:13] == [Signal.UNKNOWN] * 13
    assert signals[13:20] == [Signal.OFF] * 7
    on, hold = Signal.ON, Signal.HOLD
    assert signals[20:26] == [hold, hold, on, on, hold, Signal.OFF]
    assert found[22].detail == (
        "was seen 20 % of the usual time, usually 100 %; so little for 3 days in a row"
    )


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("last_seen", "watched", "now", "signal"),
    [
        ("2026-03-02T10:00", "2026-03-01T00:00", "2026-03-02T15:59", Signal.OFF),
        ("2026-03-02T10:00", "2026-03-01T00:00", "2026-03-02T16:00", Signal.ON),
        ("2026-03-02T20:00", "2026-03-01T00:00", "2026-03-03T12:59", Signal.OFF),
        ("2026-03-02T20:00", "2026-03-01T00:00", "2026-03-03T13:00", Signal.ON),
        (None, "2026-03-02T08:00", "2026-03-02T13:00", Signal.HOLD),
        (None, "2026-03-02T08:00", "2026-03-02T14:00", Signal.ON),
        # The camera was down in between: only the hours since then count.
        ("2026-03-02T10:00", "2026-03-02T15:00", "2026-03-02T20:00", Signal.HOLD),
        ("2026-03-02T10:00", None, "2026-03-05T20:00", Signal.UNKNOWN),
        # The night in which clocks go forward has no waking hour less.
        ("2026-03-28T20:00", "2026-03-01T00:00", "2026-03-29T12:59", Signal.OFF),
        ("2026-03-28T20:00", "2026-03-01T00:00", "2026-03-29T13:00", Signal.ON),
    ],
)
def test_unseen(last_seen: str | None, watched: str | None, now: str, signal: Signal) -> None:
    rule = UnseenRule(name="r", hours=6, waking="08:00-21:00")
    found = check_unseen(
        rule, last_seen and berlin(last_seen), watched and berlin(watched), berlin(now), BERLIN
    )
    assert found.signal is signal
    if signal is Signal.ON:
        assert found.detail == "not seen for 6.0 hours between 08:00 and 21:00"


def test_unseen_after_a_clock_was_set_back() -> None:
    now = berlin("2026-03-02T12:00")
    seen = now + timedelta(days=3)
    rule = UnseenRule(name="r", hours=6)
    assert check_unseen(rule, seen, now - timedelta(days=9), now, BERLIN).signal is Signal.OFF


def sudden_log(days: int = 30) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    rhythm = np.where(HOUR >= 18, 0.3, 0.1)
    return {"anger": rhythm + random.normal(0, 0.02, (days, 24))}


@pytest.mark.parametrize(
    ("direction", "signal"), [("both", Signal.ON), ("above", Signal.ON), ("below", Signal.OFF)]
)
def test_a_sudden_change_within_the_day(direction: str, signal: Signal) -> None:
    means = sudden_log()
    means["anger"][25, 14:17] = 0.45
    rows = hours(30, means, seconds=AWAKE)
    rule = SuddenRule(name="r", measure="anger", hours=3, direction=direction)  # type: ignore[arg-type]
    found = check_sudden(rule, rows, FIRST + 25, 17)
    assert found.signal is signal
    if signal is Signal.ON:
        assert found.detail == (
            "from 14:00 to 17:00 anger was 45 % of what the face showed, usually 10 %"
        )
        # The evening is compared with evenings.
        assert check_sudden(rule, rows, FIRST + 25, 21).signal is Signal.OFF


def test_when_nothing_is_said_of_a_sudden_change() -> None:
    rows = hours(30, sudden_log(), seconds=AWAKE)
    rule = SuddenRule(name="r", measure="anger", hours=3)
    assert check_sudden(rule, rows, FIRST + 25, 17).signal is Signal.OFF
    for day, hour in ((FIRST + 25, 2), (FIRST + 13, 17), (FIRST + 25, 4), (FIRST + 90, 17)):
        assert check_sudden(rule, rows, day, hour).signal is Signal.UNKNOWN
    other = replace(rows, setup=np.where(rows.day >= FIRST + 20, 1, 0))
    assert check_sudden(rule, other, FIRST + 25, 17).signal is Signal.UNKNOWN
    short = hours(30, sudden_log(), seconds=AWAKE / 20)
    assert check_sudden(rule, short, FIRST + 25, 17).signal is Signal.UNKNOWN
    other_measure = SuddenRule(name="r", measure="fear", hours=3)
    assert check_sudden(other_measure, rows, FIRST + 25, 17).signal is Signal.UNKNOWN
    changes = SuddenRule(name="r", measure="changes", hours=3)
    assert check_sudden(changes, rows, FIRST + 25, 17).signal is Signal.OFF


@pytest.mark.parametrize(
    ("keys", "now", "signal", "words"),
    [
        ({"what": "camera"}, Installation([("a", 0.0)]), Signal.OFF, ""),
        ({"what": "camera"}, Installation([("a", 0.0), ("b", 899.0)]), Signal.HOLD, ""),
        ({"what": "camera"}, Installation([("a", 5400.0), ("b", 900.0)]), Signal.ON,
         "no picture from a for 90 minutes, b for 15 minutes"),
        ({"what": "disk"}, Installation(), Signal.UNKNOWN, ""),
        ({"what": "disk"}, Installation(disk_free=0.049), Signal.ON,
         "the disk is nearly full: 4.9% is free"),
        ({"what": "disk"}, Installation(disk_free=0.06), Signal.HOLD, ""),
        ({"what": "disk"}, Installation(disk_free=0.08), Signal.OFF, ""),
        ({"what": "clock"}, Installation(clock_jump_s=119), Signal.OFF, ""),
        ({"what": "clock"}, Installation(clock_jump_s=-3600), Signal.ON,
         "the clock jumped back by 3600 s"),
    ],
)  # fmt: skip
def test_technical(keys: dict[str, str], now: Installation, signal: Signal, words: str) -> None:
    found = check_technical(TechnicalRule(name="r", **keys), now)  # type: ignore[arg-type]
    assert (found.signal, found.detail) == (signal, words)
