"""One value a day, matched to the hours that are usual."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from mien.monitor.days import LEAST_USABLE_S, NoStatement, day_values
from mien.monitor.hours import Hours, Observations, hours_of
from tests.support.day_logs import FIRST, hours, joined

HOUR = np.arange(24)
RHYTHM = np.where(HOUR >= 18, 0.4, np.where(HOUR >= 8, 0.1, 0.0))
"""More smiles in the evening."""
AWAKE = np.where((HOUR >= 8) & (HOUR < 22), 1200.0, 0.0)


def smiling(days: int, levels: np.ndarray | float = 0.0) -> dict[str, np.ndarray]:
    each = np.broadcast_to(np.asarray(levels, float), (days,))
    return {"smiling": RHYTHM + each[:, None]}


def test_a_full_day_is_the_mean_over_its_usable_seconds() -> None:
    """Direct standardisation changes nothing where nothing is missing."""
    found = day_values(hours(20, smiling(20, np.linspace(0, 0.1, 20)), seconds=AWAKE))
    plain = (RHYTHM * AWAKE).sum() / AWAKE.sum() + np.linspace(0, 0.1, 20)
    assert found.values["smiling"] == pytest.approx(plain)
    assert found.coverage == pytest.approx(1)
    assert found.values["changes"] == pytest.approx(2)
    assert str(found.dates()[0]) == str(date.fromordinal(date(1970, 1, 1).toordinal() + FIRST))
    assert found.reasons == (None,) * 20


@pytest.mark.parametrize("seen", [HOUR < 14, HOUR >= 18, (HOUR % 3) == 0])
def test_a_day_seen_in_part_is_compared_with_the_same_hours(seen: np.ndarray) -> None:
    """The plain mean would say that the person smiled more, or less; the day was as always."""
    seconds = np.tile(AWAKE, (20, 1))
    seconds[17] *= seen
    found = day_values(hours(20, smiling(20), seconds=seconds))
    usual = found.values["smiling"][0]
    assert found.values["smiling"][17] == pytest.approx(usual)
    plain = (RHYTHM * seconds[17]).sum() / seconds[17].sum()
    assert abs(plain - usual) > 0.02
    assert found.coverage[17] == pytest.approx((AWAKE * seen).sum() / AWAKE.sum())
    # A change that holds all day is seen whole, whatever hours were seen.
    levels = np.zeros(20)
    levels[17] = 0.05
    changed = day_values(hours(20, smiling(20, levels), seconds=seconds))
    assert changed.values["smiling"][17] == pytest.approx(usual + 0.05)


def test_no_hour_counts_for_more_than_usual() -> None:
    """A long evening in front of the camera is not a day of evenings."""
    seconds = np.tile(AWAKE, (20, 1))
    seconds[17, 20] = 3600
    levels = smiling(20)
    levels["smiling"][17, 20] += 0.3
    found = day_values(hours(20, levels, seconds=seconds))
    assert found.values["smiling"][17] - found.values["smiling"][0] == pytest.approx(0.3 / 14)
    assert found.coverage[17] == pytest.approx(1)


def test_hours_that_are_never_seen_otherwise_say_nothing() -> None:
    seconds = np.tile(AWAKE, (20, 1))
    seconds[17] = np.where(HOUR < 6, 3600.0, 0.0)
    found = day_values(hours(20, smiling(20), seconds=seconds))
    assert np.isnan(found.values["smiling"][17])
    assert found.coverage[17] == 0 and found.reasons[17] is NoStatement.TOO_LITTLE


def test_why_a_day_has_no_value() -> None:
    seconds = np.tile(AWAKE, (6, 1))
    seconds[1] = 0
    seconds[1, 9] = LEAST_USABLE_S - 1
    seconds[2] = np.where(HOUR == 9, 1200.0, 0.0)
    rows = hours(6, smiling(6), seconds=seconds)
    keep = (rows.day != FIRST + 3) & (rows.day != FIRST + 4)
    parts = [
        Hours(*(getattr(rows, name)[keep] for name in ("day", "hour", "setup", "watched_s",
              "seen_s", "usable_s", "changes")), {"smiling": rows.means["smiling"][keep]}),
        Hours(np.array([FIRST + 4]), np.array([9]), np.array([0]), np.array([3600.0]),
              np.zeros(1), np.zeros(1), np.zeros(1), {"smiling": np.full(1, np.nan)}),
    ]  # fmt: skip
    found = day_values(joined(*parts))
    assert found.reasons == (
        None, NoStatement.TOO_SHORT, NoStatement.TOO_LITTLE, NoStatement.NOT_WATCHED,
        NoStatement.NOT_SEEN, None,
    )  # fmt: skip
    assert np.isnan(found.values["smiling"]).tolist() == [False, True, True, True, True, False]
    assert np.isnan(found.coverage[3]) and found.coverage[4] == 0
    assert not np.isnan(found.values["coverage"][[1, 2, 4]]).any()


def test_another_setup_restarts_and_has_its_own_reference() -> None:
    """A new camera sees twice as many smiles; only days of one camera are compared."""
    old = hours(20, smiling(20), seconds=AWAKE)
    new = hours(20, smiling(20, 0.2), seconds=AWAKE / 2, first=FIRST + 20, setup=1)
    found = day_values(joined(old, new))
    assert np.flatnonzero(found.restarts).tolist() == [20]
    assert found.setup.tolist() == [0] * 20 + [1] * 20
    assert found.coverage == pytest.approx(1)
    assert found.values["smiling"][25] == pytest.approx(found.values["smiling"][5] + 0.2)


def test_a_day_with_two_setups_is_of_the_one_seen_longer() -> None:
    old = hours(20, smiling(20), seconds=AWAKE)
    other = hours(
        1, smiling(1, 0.5), seconds=np.where(HOUR == 9, 700, 0), first=FIRST + 10, setup=7
    )
    found = day_values(joined(old, other))
    assert not found.restarts.any() and found.setup[10] == 0
    assert found.values["smiling"][10] == pytest.approx(found.values["smiling"][9])


def test_later_days_change_none_before() -> None:
    random = np.random.default_rng(0)
    levels = smiling(60, random.normal(0, 0.03, 60))
    seconds = AWAKE * random.uniform(0.2, 1.5, (60, 24))
    whole = day_values(hours(60, levels, seconds=seconds))
    part = day_values(hours(40, {"smiling": levels["smiling"][:40]}, seconds=seconds[:40]))
    for name, values in part.values.items():
        assert values == pytest.approx(whole.values[name][:40], nan_ok=True)


def test_a_measure_without_values_has_none() -> None:
    rows = hours(20, {**smiling(20), "valence": np.full((20, 24), np.nan)}, seconds=AWAKE)
    assert np.isnan(day_values(rows).values["valence"]).all()


def test_means_that_are_no_measures_are_left_out() -> None:
    rows = hours(20, {**smiling(20), "light": np.full((20, 24), 0.5)}, seconds=AWAKE)
    assert set(day_values(rows).values) == {"smiling", "changes", "coverage"}


def test_no_hours_are_no_days() -> None:
    none = np.empty(0)
    rows = hours_of(
        Observations(none.astype(np.int64), none.astype(np.int64), none, none, none, none,
                     {"smiling": none})
    )  # fmt: skip
    assert len(day_values(rows).day) == 0
