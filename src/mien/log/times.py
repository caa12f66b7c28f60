"""Moments and local time: zones, times as people type them, and a clock that may be set."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mien.errors import ConfigError

JUMP_S = 2.0
"""Seconds by which the clock may be off what passed before it counts as set anew."""
DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
_YEARS = (1900, 9000)


def now_ms() -> int:
    """The time of this machine, in milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000


class Zone:
    """A time zone: by name, of a fixed offset, or this machine's own."""

    def __init__(self, name: str | None = None, fixed_min: int | None = None) -> None:
        """``name``: such as ``Europe/Berlin``. Raises ``ConfigError`` for an unknown one."""
        self._zone: tzinfo | None = None
        if name is not None:
            try:
                self._zone = ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ConfigError(
                    f"no time zone {name!r}: give one such as Europe/Berlin or UTC"
                ) from None
        elif fixed_min is not None:
            self._zone = timezone(timedelta(minutes=fixed_min))

    def offset_min(self, utc_ms: int) -> int:
        """Minutes by which local time is ahead of UTC at a moment."""
        offset = self.local(utc_ms).utcoffset()
        assert offset is not None
        return round(offset.total_seconds() / 60)

    def local(self, utc_ms: int) -> datetime:
        """The local time of a moment, with its offset."""
        return moment(utc_ms).astimezone(self._zone)

    def utc_ms(self, local: datetime) -> int:
        """The moment of a local time, which has no offset of its own.

        Raises ``ConfigError`` for one that daylight saving skips or repeats.
        """
        first, second = (self._aware(local.replace(fold=fold)) for fold in (0, 1))
        one, other = _ms(first), _ms(second)
        if one == other:
            return one
        if self.local(one).replace(tzinfo=None, fold=0) != local.replace(fold=0):
            raise ConfigError(f"{local.isoformat(' ')} does not exist: clocks were put forward")
        raise ConfigError(
            f"{local.isoformat(' ')} came twice, because clocks were put back: add the offset, "
            f"such as {first.isoformat()}"
        )

    def _aware(self, local: datetime) -> datetime:
        return local.astimezone() if self._zone is None else local.replace(tzinfo=self._zone)


def moment(utc_ms: int) -> datetime:
    """The moment as a ``datetime`` in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=utc_ms)


def iso(utc_ms: int, offset_min: int = 0) -> str:
    """``2026-03-01T10:00:00+01:00``: the local time with its offset."""
    zone = timezone(timedelta(minutes=offset_min))
    spec = "milliseconds" if utc_ms % 1000 else "seconds"
    return moment(utc_ms).astimezone(zone).isoformat(timespec=spec)


def parse_time(text: str, zone: Zone) -> tuple[int, Zone]:
    """The moment of ``2026-03-01T10:00``, with seconds and an offset or without, and its zone.

    Without an offset it is local time in ``zone``. Raises ``ConfigError``.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not re.match(r"\d{4}-\d\d-\d\d", text, re.A):
        raise ConfigError(
            f"{text!r} is not a time: give 2026-03-01T10:00, or with an offset, …+01:00"
        )
    if not _YEARS[0] <= found.year <= _YEARS[1]:  # others do not bear a change of zone
        raise ConfigError(f"{text!r} is not a time that a recording can have")
    offset = found.utcoffset()
    if offset is None:
        return zone.utc_ms(found), zone
    return _ms(found), Zone(fixed_min=round(offset.total_seconds() / 60))


def _ms(aware: datetime) -> int:
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class FromStart:
    """The moments of a recording that began at a known one: ``start_ms`` and seconds since."""

    def __init__(self, start_ms: int) -> None:
        self._start_ms = start_ms

    def at(self, time_s: float) -> tuple[int, int]:
        """(moment, by how many ms the clock jumped just before, always 0)."""
        return self._start_ms + round(time_s * 1000), 0


class LiveClock:
    """The moments of a live source: this machine's clock, watched for jumps.

    A clock that is corrected by less than ``JUMP_S`` between two frames is followed, and moments
    never go back. A larger difference from the seconds that passed is a jump.
    """

    def __init__(self, now: Callable[[], int] = now_ms) -> None:
        self._now = now
        self._last: tuple[float, int, int] | None = None  # time_s, clock, moment

    def at(self, time_s: float) -> tuple[int, int]:
        """(moment, by how many ms the clock jumped just before; mostly 0)."""
        now = self._now()
        if self._last is None:
            self._last = time_s, now, now
            return now, 0
        before_s, clock, moment_ms = self._last
        jump = now - clock - round((time_s - before_s) * 1000)
        if abs(jump) <= JUMP_S * 1000:
            jump, found = 0, max(now, moment_ms)
        else:
            found = now
        self._last = time_s, now, found
        return found, jump
