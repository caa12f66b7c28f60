"""Local time against ``zoneinfo``, and clocks that are set."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("sqlalchemy")

from mien.errors import ConfigError
from mien.log.times import DAY_MS, FromStart, LiveClock, Zone, iso, parse_time

BERLIN = Zone("Europe/Berlin")


def ms(text: str) -> int:
    return parse_time(text, Zone("UTC"))[0]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59"),
        ("2026-03-29T03:00", "2026-03-29T01:00:00"),
        ("2026-10-25T01:59:59.500", "2026-10-24T23:59:59.500"),
        ("2026-10-25T03:00", "2026-10-25T02:00:00"),
        ("2026-10-25T02:30+02:00", "2026-10-25T00:30:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30:00"),
        ("2026-01-01", "2025-12-31T23:00:00"),
    ],
)
def test_local_times(text: str, utc: str) -> None:
    assert parse_time(text, BERLIN)[0] == ms(utc)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-03-29T02:30", "does not exist"),
        ("2026-10-25T02:30", "came twice"),
        ("tomorrow", "is not a time"),
        ("20260101", "is not a time"),
        ("2026-13-01", "is not a time"),
        ("0001-01-01T00:00+00:00", "not a time that a recording"),
    ],
)
def test_what_is_no_time(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_time(text, BERLIN)


def test_an_offset_that_is_given_is_kept() -> None:
    assert parse_time("2026-07-01T10:00-03:30", BERLIN)[1].offset_min(0) == -210


def test_random_moments_have_the_offset_of_zoneinfo() -> None:
    chance = random.Random(5)
    for name in ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"):
        zone = Zone(name)
        for _ in range(100):
            moment = chance.randrange(1_600_000_000_000, 1_900_000_000_000)
            local = datetime.fromtimestamp(moment / 1000, UTC).astimezone(ZoneInfo(name))
            offset = local.utcoffset()
            assert offset is not None
            assert timedelta(minutes=zone.offset_min(moment)) == offset
            assert datetime.fromisoformat(iso(moment, zone.offset_min(moment))) == (
                datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=moment)
            )


def test_an_unknown_zone() -> None:
    for name in ("Europe/Berlinn", "../etc/passwd", ""):
        with pytest.raises(ConfigError, match="no time zone"):
            Zone(name)


def test_a_recording_goes_on_from_its_start() -> None:
    assert FromStart(1_000).at(2.5) == (3_500, 0)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def test_a_clock_that_is_corrected_is_followed_and_one_that_is_set_jumps() -> None:
    clock, seconds = Clock(), 0.0
    live = LiveClock(clock)
    moments = [live.at(seconds)[0]]
    for step, wall in ((0.1, 100), (0.1, 90), (0.1, -500), (0.1, 100), (0.1, 900)):
        seconds += step
        clock.now += wall
        moment, jump = live.at(seconds)
        assert jump == 0
        moments.append(moment)
    assert moments == sorted(moments)
    for jump_ms in (-3_600_000, 3_600_000, -2_500, DAY_MS):
        seconds += 0.1
        clock.now += 100 + jump_ms
        assert live.at(seconds) == (clock.now, jump_ms)
    seconds += 60  # nothing came for a minute, which is no jump
    clock.now += 60_000
    assert live.at(seconds) == (clock.now, 0)
