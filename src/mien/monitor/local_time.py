"""Local days and hours of moments in UTC, right over daylight saving.

Moments are aware ``datetime``; what lies between two is always taken in UTC. A zone of ``None`` is
this machine's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mien.errors import ConfigError, brief

Span = tuple[time, time]
"""Two local times of day; past midnight if the second is earlier."""

_MOST_DAYS = 100
_EPOCH = date(1970, 1, 1)


def zone(name: str) -> ZoneInfo:
    """The time zone called ``name``, such as ``Europe/Berlin``. Raises ``ConfigError``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"unknown time zone {brief(name)}: give one such as Europe/Berlin or UTC"
        ) from None


def day_number(day: date) -> int:
    """Days since 1970-01-01, as day values count them."""
    return (day - _EPOCH).days


def date_of(number: int) -> date:
    """The date of a ``day_number``."""
    return _EPOCH + timedelta(number)


def check_order(first: date | None, last: date | None) -> None:
    """Raise ``ConfigError`` for a last day before the first."""
    if first is not None and last is not None and last < first:
        raise ConfigError(f"{last} comes before {first}: change --from or --to")


def local_day(moment: datetime, where: tzinfo | None) -> date:
    """The local date."""
    return moment.astimezone(where).date()


def day_span_ms(first: date, last: date, where: tzinfo | None) -> tuple[int, int]:
    """UTC milliseconds of the begin of ``first`` and of the end of ``last``, local days."""
    ends = (datetime.combine(day, time(0), where) for day in (first, last + timedelta(1)))
    start, end = (round(moment.timestamp() * 1000) for moment in ends)
    return start, end


def is_within(moment: datetime, span: Span, where: tzinfo | None) -> bool:
    """Whether the local time of day lies in ``span``; its end does not belong to it."""
    now = moment.astimezone(where).time()
    first, last = span
    return first <= now < last if first < last else now >= first or now < last


def seconds_within(start: datetime, end: datetime, span: Span, where: tzinfo | None) -> float:
    """Seconds from ``start`` to ``end`` that lie in ``span`` of their local day.

    0 if ``end`` is earlier. Of more than 100 days, the last 100 count.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    first, last = span
    day = max(local_day(start, where), local_day(end, where) - timedelta(_MOST_DAYS))
    day -= timedelta(1)  # the span of the evening before may reach into this day
    total = 0.0
    while day <= local_day(end, where):
        opens = datetime.combine(day, first, where).astimezone(UTC)
        until = day if first < last else day + timedelta(1)
        closes = datetime.combine(until, last, where).astimezone(UTC)
        total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
        day += timedelta(1)
    return total
