"""What a chart with a baseline makes of day values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.monitor.baseline import LEAST_DAYS, baseline
from mien.monitor.charts import ewma
from mien.monitor.detection import Chart, detect
from mien.monitor.simulation.series import World, draw, with_shift

EWMA = Chart(limit=3.0, weight=0.2)
CHARTS = [
    EWMA, replace(EWMA, learning=False), replace(EWMA, confirm=3, accept_after=0),
    replace(EWMA, autocorrelation="residuals"), replace(EWMA, autocorrelation="ignored"),
    Chart(kind="cusum", limit=5.0), Chart(kind="cusum", limit=5.0, learning=False, window=40),
]  # fmt: skip


def some(series: int = 15, days: int = 120, seed: int = 0) -> np.ndarray:
    return with_shift(draw(World(), series, days, np.random.default_rng(seed)), 2.0, 90)


@pytest.mark.parametrize("chart", CHARTS)
def test_no_day_depends_on_a_later_one(chart: Chart) -> None:
    values = some()
    restarts = np.zeros(values.shape, bool)
    restarts[::3, 70] = True
    whole = detect(values, chart, restarts)
    for days in (20, 75, 93):
        part = detect(values[:, :days], chart, restarts[:, :days])
        assert (part.alarm == whole.alarm[:, :days]).all()
        assert np.array_equal(part.statistic, whole.statistic[:, :days], equal_nan=True)


@pytest.mark.parametrize("chart", CHARTS)
def test_series_do_not_see_each_other(chart: Chart) -> None:
    values = some(series=4)
    together = detect(values, chart)
    for one in range(4):
        alone = detect(values[one : one + 1], chart)
        assert (alone.alarm[0] == together.alarm[one]).all()


def test_values_in_another_unit_alarm_alike() -> None:
    values = some()
    assert (detect(0.15 + 0.04 * values, EWMA).alarm == detect(values, EWMA).alarm).all()


@pytest.mark.parametrize("learning", [True, False])
def test_the_first_baseline_is_that_of_the_days_before(learning: bool) -> None:
    chart = replace(EWMA, learning=learning, baseline_days=20)
    values = draw(World(), 5, 60, np.random.default_rng(1))
    found = detect(values, chart)
    for one in range(5):
        seen = np.flatnonzero(~np.isnan(values[one]))
        first = seen[chart.least - 1] + 1
        assert (found.days[one, :first] == 0).all() and np.isnan(found.statistic[one, :first]).all()
        made = baseline(values[one : one + 1, :first])
        assert found.centre[one, first] == made.centre[0]
        assert found.days[one, first] == chart.least == (LEAST_DAYS if learning else 20)


def test_a_fixed_baseline_stays_and_a_learning_one_follows() -> None:
    values = np.random.default_rng(2).standard_normal((6, 200)) + np.linspace(0, 3, 200)
    fixed = detect(values, replace(EWMA, learning=False, accept_after=0))
    learning = detect(values, replace(EWMA, limit=50.0))
    assert (fixed.centre[:, 40] == fixed.centre[:, -1]).all()
    assert (learning.centre[:, -1] > learning.centre[:, 40] + 1).all()


def test_what_the_chart_says_is_the_textbook_s() -> None:
    """With a fixed baseline: λ-averages over L √(variance + error²)."""
    values = np.random.default_rng(3).standard_normal((1, 60))
    chart = Chart(learning=False, baseline_days=20, accept_after=0, cap=100.0, limit=2.5)
    found = detect(values, chart)
    made = baseline(values[:, :20])
    z = (values[0, 20:] - made.centre) / made.scale
    averages, deviations = ewma(z, chart.weight, float(made.phi[0]))
    wide = 2.5 * np.sqrt(deviations**2 + made.error**2)
    assert found.statistic[0, 20:] == pytest.approx(averages / wide)


def steps(levels: list[tuple[int, float]]) -> np.ndarray:
    """One series: so many days at each level, with a little noise of a standard deviation of 1."""
    days = sum(count for count, _ in levels)
    noise = np.random.default_rng(4).standard_normal(days)
    return (noise + np.repeat([each for _, each in levels], [n for n, _ in levels]))[None]


def test_an_alarm_begins_holds_and_ends() -> None:
    found = detect(steps([(60, 0.0), (20, 4.0), (60, 0.0)]), replace(EWMA, guard=14))
    begins = np.flatnonzero(found.begins[0])
    assert len(begins) == 1 and 60 <= begins[0] <= 66
    last = np.flatnonzero(found.alarm[0]).max()
    assert 80 <= last < 95
    # Hysteresis: within the limit, and still in alarm.
    inside = found.alarm[0] & (np.abs(found.statistic[0]) <= 1)
    assert inside.any() and (np.abs(found.statistic[0][inside]) > EWMA.clear).all()


def test_days_in_alarm_teach_nothing() -> None:
    values = steps([(60, 0.0), (25, 6.0), (30, 0.0)])
    kept = detect(values, replace(EWMA, accept_after=0, guard=0))
    assert abs(kept.centre[0, 84]) < 0.8


def test_a_level_that_stays_becomes_the_usual_one() -> None:
    values = steps([(60, 0.0), (120, 5.0)])
    found = detect(values, replace(EWMA, accept_after=28))
    assert found.alarm[0, 62:88].all()
    assert not found.alarm[0, 100:].any()
    assert found.centre[0, 110] == pytest.approx(5, abs=1)
    assert detect(values, replace(EWMA, accept_after=0)).alarm[0, 70:].all()


def test_a_new_camera_starts_a_new_baseline() -> None:
    values = steps([(60, 0.0), (60, 8.0)])
    restarts = np.zeros(values.shape, bool)
    restarts[0, 60] = True
    found = detect(values, EWMA, restarts)
    assert detect(values, EWMA).alarm.any() and not found.alarm.any()
    assert (found.days[0, 60:74] == 0).all() and found.days[0, 74] == LEAST_DAYS
    assert found.centre[0, 80] == pytest.approx(8, abs=1)


def test_one_direction() -> None:
    values = steps([(60, 0.0), (20, 4.0), (60, 0.0), (20, -4.0)])
    for kind, limit in (("ewma", 3.0), ("cusum", 5.0)):
        chart = Chart(kind=kind, limit=limit)  # type: ignore[arg-type]
        above = detect(values, replace(chart, direction="above")).alarm[0]
        below = detect(values, replace(chart, direction="below")).alarm[0]
        assert above[60:80].any() and not above[140:].any()
        assert below[140:].any() and not below[60:80].any()


def test_several_days_must_agree() -> None:
    values = steps([(60, 0.0), (20, 5.0)])
    one, three = (detect(values, replace(EWMA, confirm=days)).alarm[0] for days in (1, 3))
    assert np.argmax(three) == np.argmax(one) + 2


def test_one_wild_day_does_not_alarm_alone() -> None:
    for chart in (Chart(), Chart(kind="cusum", limit=5.0)):
        values = steps([(60, 0.0), (1, 1000.0), (1, 0.0)])
        assert not detect(values, chart).alarm.any()


def test_missing_days_hold_the_alarm() -> None:
    values = steps([(60, 0.0), (10, 5.0), (20, 0.0)])
    values[0, 70:78] = np.nan
    found = detect(values, EWMA).alarm[0]
    assert found[69] and found[70:78].all()


def test_nothing_is_said_of_what_never_varies() -> None:
    found = detect(np.full((1, 60), 0.2), EWMA)
    assert not found.days.any() and not found.alarm.any()
    changed = np.full((1, 60), 0.2)
    changed[0, 40:] = 0.5
    assert detect(changed, replace(EWMA, floor=0.02)).alarm[0, 45:].all()


def test_nothing_to_look_at() -> None:
    assert detect(np.empty((0, 30)), EWMA).alarm.shape == (0, 30)
    assert detect(np.empty((3, 0)), EWMA).alarm.shape == (3, 0)
    assert not detect(np.full((2, 50), np.nan), EWMA).alarm.any()
