from __future__ import annotations

import pytest

from mien.errors import ConfigError, InputError
from mien.log.database import Log
from mien.log.retention import kept_days, prune, set_days
from mien.log.times import DAY_MS, now_ms
from mien.log.verifying import verify
from tests.support.logs import frames, record, rows


def test_each_kind_is_kept_for_its_days(any_log: Log) -> None:
    today = now_ms() // DAY_MS * DAY_MS
    for age in (1, 5, 20):
        record(any_log, frames(10), start_ms=today - age * DAY_MS, keep_readings=age < 7)
    set_days(any_log, {"observations": 10, "hours": 30, "readings": 3})
    removed = prune(any_log)
    assert {kind: count for kind, count in removed.items() if count} == {
        "readings": 100, "observations": 1, "sessions": 1,
    }  # fmt: skip
    assert len(rows(any_log, "observations")) == 2 and len(rows(any_log, "hours")) == 3
    assert len(rows(any_log, "sessions")) == 2
    assert prune(any_log, now_ms() + 60 * DAY_MS)["hours"] == 3
    assert not any(rows(any_log, name) for name in ("observations", "readings", "sessions"))
    assert verify(any_log).problems == ()


def test_recording_prunes(log: Log) -> None:
    today = now_ms() // DAY_MS * DAY_MS
    record(log, frames(10), start_ms=today - 20 * DAY_MS)
    set_days(log, {"observations": 10})
    record(log, frames(10), start_ms=today - DAY_MS)
    assert len(rows(log, "observations")) == 1
    with pytest.raises(InputError, match="older than observations are kept"):
        record(log, frames(10), start_ms=today - 20 * DAY_MS)


@pytest.mark.parametrize("ahead_days", [0, 365 * 12])
def test_a_clock_that_is_years_ahead_does_not_prune(
    ahead_days: int, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that jumps in a recording, nor one that is wrong when the next one begins."""
    set_days(log, {"observations": 10})
    old = now_ms() // DAY_MS * DAY_MS - 5 * DAY_MS
    record(log, frames(10), start_ms=old)
    ahead = now_ms() + ahead_days * DAY_MS + 6 * DAY_MS  # six days: used as it should be
    for module in ("sink", "retention", "sessions", "audit"):
        monkeypatch.setattr(f"mien.log.{module}.now_ms", lambda: ahead)
    record(log, frames(10), start_ms=ahead - DAY_MS)
    assert (rows(log, "observations")[0]["start_ms"] == old) == bool(ahead_days)


class Jumping:
    """A clock that is right for five seconds, and then days ahead."""

    def __init__(self, days: int) -> None:
        self.start, self.ahead, self.now = now_ms(), days * DAY_MS, now_ms()

    def at(self, time_s: float) -> tuple[int, int]:
        late = self.ahead if time_s >= 5 else 0
        self.now = self.start + round(time_s * 1000) + late
        return self.now, self.ahead if time_s == 5 else 0


@pytest.mark.parametrize("days", [20, 365 * 12])
def test_a_clock_that_jumps_does_not_prune(
    days: int, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_days(log, {"observations": 10})
    old = now_ms() // DAY_MS * DAY_MS - 5 * DAY_MS
    record(log, frames(10), start_ms=old)
    clock = Jumping(days)
    for module in ("sink", "retention", "sessions", "audit"):
        monkeypatch.setattr(f"mien.log.{module}.now_ms", lambda: clock.now)
    record(log, frames(30), clock=clock)
    assert len(rows(log, "sessions")) == 3
    assert rows(log, "observations")[0]["start_ms"] == old


def test_wrong_limits(log: Log) -> None:
    with pytest.raises(ConfigError, match="did you mean 'readings'"):
        set_days(log, {"reading": 3})
    with pytest.raises(ConfigError, match="give a number above 0"):
        set_days(log, {"readings": 0})
    with pytest.raises(ConfigError, match="at most 1,000,000, or forever"):
        set_days(log, {"readings": 1e20})  # more than SQLite's whole numbers
    with log.read() as connection:
        assert kept_days(connection) == {
            "readings": 7,
            "observations": None,
            "hours": None,
            "alerts": 400,
            "pictures": 21,
        }
