"""What is counted, and against what is published for one chart with a known baseline."""

from __future__ import annotations

import numpy as np
import pytest

from mien.monitor.detection import Chart
from mien.monitor.simulation.series import World
from mien.monitor.simulation.trial import YEAR, Delay, count_alarms, delays, false_alarms

TEXTBOOK = World(0.0, 0.0, 0.0, 0.0, 0.0, float("inf"))
"""Independent normal days, all of them there."""


def known(weight: float, limit: float) -> Chart:
    """A baseline of so many days that it is as good as known."""
    return Chart("ewma", limit, weight, learning=False, baseline_days=365, cap=1000.0,
                 autocorrelation="ignored", accept_after=0)  # fmt: skip


def test_alarms_are_counted_where_they_begin() -> None:
    alarm = np.array([[0, 1, 1, 0, 1, 0], [1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1]], bool)
    watched = np.ones_like(alarm)
    watched[1, 0] = False  # began before it was watched
    found = count_alarms(alarm, watched)
    assert (found.alarms, found.days_in_alarm) == (3, 6)
    assert found.years == pytest.approx(17 / YEAR)
    assert found.a_year == pytest.approx(3 / (17 / YEAR)) and found.upper > found.a_year
    assert found.share_of_days == pytest.approx(6 / 17)


def test_quantiles_of_delays() -> None:
    days = np.array([1, 2, 3, 4, 5, 6, 7, np.inf, np.inf, np.inf])
    found = Delay(1.0, days, 90)
    assert (found.median, found.ninth, found.detected) == (5, np.inf, 0.7)
    assert np.isnan(Delay(1.0, np.empty(0), 90).median)


@pytest.mark.parametrize(
    ("weight", "limit", "shift", "published"),
    [(0.1, 2.814, 1.0, 10.3), (0.1, 2.814, 2.0, 4.4), (0.4, 3.054, 2.0, 3.5)],
)
def test_delays_are_the_published_run_lengths(
    weight: float, limit: float, shift: float, published: float
) -> None:
    """Lucas and Saccucci (1990), for a chart that starts at 0; this one has run for weeks."""
    found = delays(known(weight, limit), TEXTBOOK, shift, 1500, np.random.default_rng(0))
    assert found.detected > 0.98
    assert found.days[np.isfinite(found.days)].mean() == pytest.approx(published, rel=0.12)


def test_false_alarms_are_the_published_run_length() -> None:
    """One in 500 days (Lucas and Saccucci), here with alarms that end by themselves."""
    found = false_alarms(known(0.1, 2.814), TEXTBOOK, 400, 365, np.random.default_rng(1))
    assert found.years == pytest.approx(400 * 365 / YEAR, rel=0.01)
    assert found.a_year == pytest.approx(YEAR / 500, rel=0.25)


def test_the_error_of_a_short_baseline_costs() -> None:
    """At one limit, more false alarms or later detection than with a long one; never neither."""
    world, random = World(), np.random.default_rng
    short = Chart(limit=3.0, weight=0.2, learning=False, baseline_days=14)
    long = Chart(limit=3.0, weight=0.2, learning=False, baseline_days=56)
    a, b = (false_alarms(chart, world, 600, 200, random(2)) for chart in (short, long))
    late, soon = (delays(chart, world, 2.0, 600, random(3)) for chart in (short, long))
    assert a.share_of_days > b.share_of_days
    assert late.ninth > soon.ninth and late.detected < soon.detected
