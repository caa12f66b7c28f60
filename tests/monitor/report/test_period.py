from __future__ import annotations

from datetime import date

import pytest

from mien.errors import ConfigError
from mien.monitor.report.period import MOST_DAYS, Period, period, week_of

TODAY = date(2026, 11, 27)  # a Friday


@pytest.mark.parametrize("day", [date(2026, 11, 16), date(2026, 11, 19), date(2026, 11, 22)])
def test_a_week_is_the_iso_week(day: date) -> None:
    found = week_of(day)
    assert {one.isocalendar()[:2] for one in found.days()} == {day.isocalendar()[:2]}
    assert len(found.days()) == 7 and day in found.days()


def test_without_a_wish_it_is_the_last_week_that_is_over() -> None:
    assert period(TODAY) == period(TODAY, week=date(2026, 11, 20))
    assert period(TODAY).last < TODAY
    assert period(date(2026, 11, 23)).last == date(2026, 11, 22)  # a Monday


def test_days_are_asked_for() -> None:
    assert period(TODAY, first=date(2026, 11, 1)) == (date(2026, 11, 1), date(2026, 11, 26))
    assert period(TODAY, first=TODAY) == (TODAY, TODAY)


def test_days_that_have_not_come_yet_are_left_out() -> None:
    assert period(TODAY, week=TODAY) == (date(2026, 11, 23), TODAY)
    assert period(TODAY, first=TODAY, last=date(2026, 12, 24)) == (TODAY, TODAY)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((TODAY, TODAY, TODAY), "--week stands alone"),
        ((TODAY, None, None, TODAY), "--to needs --from"),
        ((TODAY, None, TODAY, date(2026, 11, 1)), "comes before"),
        ((TODAY, date(2026, 12, 1)), "lies ahead: give days up to 2026-11-27"),
        ((TODAY, None, date(2026, 1, 1)), f"more than {MOST_DAYS} days"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[date, ...], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        period(*arguments)


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ((2026, 11, 16), (2026, 11, 22), "16 to 22 November 2026"),
        ((2026, 10, 28), (2026, 11, 3), "28 October to 3 November 2026"),
        ((2025, 12, 29), (2026, 1, 4), "29 December 2025 to 4 January 2026"),
        ((2026, 11, 16), (2026, 11, 16), "16 November 2026"),
    ],
)
def test_it_is_put_into_words(first: tuple[int, ...], last: tuple[int, ...], says: str) -> None:
    assert str(Period(date(*first), date(*last))) == says
