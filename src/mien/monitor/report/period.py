"""The days that a report is about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from mien.errors import ConfigError
from mien.monitor.local_time import check_order

MOST_DAYS = 93
"""Days of one page: a row each."""


class Period(NamedTuple):
    """Local days, the last one included."""

    first: date
    last: date

    def days(self) -> list[date]:
        """Every day of it."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(number) for number in range(count)]

    def __str__(self) -> str:
        """Such as ``16 to 22 November 2026``."""
        first, last = self
        end = f"{last.day} {last:%B} {last.year}"
        if first == last:
            return end
        if first.year != last.year:
            return f"{first.day} {first:%B} {first.year} to {end}"
        begin = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
        return f"{begin} to {end}"


def week_of(day: date) -> Period:
    """The week, Monday to Sunday, in which a day lies."""
    first = day - timedelta(day.weekday())
    return Period(first, first + timedelta(6))


def period(
    today: date, week: date | None = None, first: date | None = None, last: date | None = None
) -> Period:
    """The days asked for; without any, the last week that is over.

    ``last`` is yesterday if only ``first`` is given. Raises ``ConfigError``.
    """
    if first is None and last is None:
        return _until(today, week_of(week or today - timedelta(7)))
    if week is not None:
        raise ConfigError("--week stands alone: leave out --from and --to")
    if first is None:
        raise ConfigError("--to needs --from: give both, or --week")
    found = Period(first, last or max(first, today - timedelta(1)))
    check_order(found.first, found.last)
    if (found.last - found.first).days >= MOST_DAYS:
        raise ConfigError(
            f"{found.first} to {found.last} is more than {MOST_DAYS} days, which one page can show"
        )
    return _until(today, found)


def _until(today: date, found: Period) -> Period:
    """Without days that have not come yet. Raises ``ConfigError`` where none is left."""
    if found.first > today:
        raise ConfigError(f"{found} lies ahead: give days up to {today}")
    return Period(found.first, min(found.last, today))
