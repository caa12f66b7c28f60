from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mien.monitor.hours import Observations, hours_of
from tests.support.day_logs import observed

BERLIN = ZoneInfo("Europe/Berlin")


def days(day: np.ndarray) -> list[date]:
    return list(day.astype("datetime64[D]").tolist())


def test_rows_are_weighted_by_their_usable_seconds() -> None:
    rows = Observations(
        np.array([0, 10_000, 20_000]), np.zeros(3, np.int64), np.full(3, 10.0), np.full(3, 10.0),
        np.array([10.0, 5.0, 0.0]), np.array([2.0, 1.0, 0.0]),
        {"smiling": np.array([0.5, 0.2, np.nan]), "valence": np.full(3, np.nan)},
    )  # fmt: skip
    found = hours_of(rows)
    assert found.means["smiling"] == pytest.approx([(0.5 * 10 + 0.2 * 5) / 15])
    assert np.isnan(found.means["valence"]).all()
    assert (found.usable_s, found.watched_s, found.changes) == (15, 30, 3)


def test_midnight_is_the_local_one() -> None:
    start = datetime(2026, 2, 16, 23, 59, 30, tzinfo=BERLIN)
    found = hours_of(observed(start, 60, "Europe/Berlin", 0.3))
    assert days(found.day) == [date(2026, 2, 16), date(2026, 2, 17)]
    assert found.hour.tolist() == [23, 0] and found.usable_s.tolist() == [30, 30]


def test_the_hour_that_autumn_repeats_is_one_of_7200_seconds() -> None:
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 2:00 in Berlin, and again an hour later
    found = hours_of(observed(start, 3 * 3600, "Europe/Berlin", 0.3))
    assert found.hour.tolist() == [2, 3] and found.usable_s.tolist() == [7200, 3600]


def test_the_hour_that_spring_leaves_out_is_not_there() -> None:
    start = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    found = hours_of(observed(start, 3 * 3600, "Europe/Berlin", 0.3))
    assert found.hour.tolist() == [1, 3, 4]


def test_setups_are_kept_apart() -> None:
    rows = Observations(
        np.arange(4) * 10_000, np.zeros(4, np.int64), *[np.full(4, 10.0)] * 3, np.zeros(4),
        {"smiling": np.array([0.1, 0.2, 0.3, 0.4])}, np.array([0, 1, 0, 1]),
    )  # fmt: skip
    found = hours_of(rows)
    assert found.setup.tolist() == [0, 1]
    assert found.means["smiling"] == pytest.approx([0.2, 0.3])


def test_no_rows_are_no_hours() -> None:
    empty = np.empty(0)
    none = Observations(
        empty.astype(np.int64), empty.astype(np.int64), empty, empty, empty, empty,
        {"smiling": empty},
    )  # fmt: skip
    assert len(hours_of(none).day) == 0
