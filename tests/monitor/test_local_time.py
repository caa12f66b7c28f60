from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mien.errors import ConfigError
from mien.monitor.local_time import is_within, local_day, seconds_within, zone

BERLIN = ZoneInfo("Europe/Berlin")
WAKING = (time(8), time(21))
NIGHT = (time(21), time(8))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_zones() -> None:
    assert zone("Europe/Berlin") == BERLIN
    for name in ("Europe/Berlim", "", "../etc/passwd", "a\0b", "/etc"):
        with pytest.raises(ConfigError, match="unknown time zone"):
            zone(name)


def test_the_local_day() -> None:
    assert local_day(datetime(2026, 2, 16, 23, 30, tzinfo=UTC), BERLIN) == date(2026, 2, 17)


@pytest.mark.parametrize(
    ("now", "span", "inside"),
    [
        ("2026-02-16T08:00", WAKING, True), ("2026-02-16T20:59:59", WAKING, True),
        ("2026-02-16T21:00", WAKING, False), ("2026-02-16T07:59", WAKING, False),
        ("2026-02-16T21:00", NIGHT, True), ("2026-02-17T00:00", NIGHT, True),
        ("2026-02-17T07:59", NIGHT, True), ("2026-02-17T08:00", NIGHT, False),
    ],
)  # fmt: skip
def test_spans(now: str, span: tuple[time, time], inside: bool) -> None:
    assert is_within(berlin(now), span, BERLIN) is inside
    assert is_within(berlin(now).astimezone(UTC), span, BERLIN) is inside


@pytest.mark.parametrize(
    ("start", "end", "span", "hours"),
    [
        ("2026-02-16T10:00", "2026-02-16T12:30", WAKING, 2.5),
        ("2026-02-16T06:00", "2026-02-16T22:00", WAKING, 13),
        ("2026-02-16T20:00", "2026-02-17T09:00", WAKING, 2),
        ("2026-02-16T22:00", "2026-02-17T06:00", WAKING, 0),
        ("2026-02-16T20:00", "2026-02-18T09:00", WAKING, 15),
        ("2026-02-16T20:00", "2026-02-17T09:00", NIGHT, 11),
        ("2026-02-17T01:00", "2026-02-17T03:00", NIGHT, 2),
        # Clocks go forward on 2026-03-29 at 2:00, back on 2026-10-25 at 3:00.
        ("2026-03-28T12:00", "2026-03-29T12:00", NIGHT, 10),
        ("2026-10-24T12:00", "2026-10-25T12:00", NIGHT, 12),
        ("2026-03-28T12:00", "2026-03-29T12:00", WAKING, 13),
        ("2026-02-17T12:00", "2026-02-16T12:00", WAKING, 0),
    ],
)  # fmt: skip
def test_seconds_within(start: str, end: str, span: tuple[time, time], hours: float) -> None:
    found = seconds_within(berlin(start), berlin(end), span, BERLIN)
    assert found == hours * 3600
    moved = seconds_within(berlin(start).astimezone(UTC), berlin(end).astimezone(UTC), span, BERLIN)
    assert moved == found


@pytest.mark.parametrize("span", [WAKING, NIGHT, (time(2, 30), time(3, 30))])
def test_seconds_within_minute_by_minute(span: tuple[time, time]) -> None:
    """Counted one by one over both changes of the clock."""
    for day in ("2026-03-28T10:00", "2026-10-24T10:00"):
        start = berlin(day)
        minutes = [start.astimezone(UTC) + timedelta(minutes=n) for n in range(40 * 60)]
        counted = 60 * sum(is_within(at, span, BERLIN) for at in minutes)
        end = start.astimezone(UTC) + timedelta(minutes=40 * 60)
        if span[0] != time(2, 30):  # a span that a change cuts is taken as its ends lie
            assert seconds_within(start, end, span, BERLIN) == counted


def test_a_century_is_counted_at_once() -> None:
    found = seconds_within(datetime(1926, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
                           WAKING, BERLIN)  # fmt: skip
    assert 100 * 13 * 3600 <= found <= 102 * 13 * 3600
