from __future__ import annotations

import numpy as np
import pytest

from mien.errors import UnknownNameError
from mien.monitor.days import day_values
from mien.monitor.detection import CUSUM, Chart
from mien.monitor.trend import trend, trends
from tests.support.day_logs import hours


def test_a_trend_is_in_the_measure_s_own_unit() -> None:
    random = np.random.default_rng(0)
    level = np.clip(0.15 + random.normal(0, 0.02, 50), 0, 1)
    found = trend(
        day_values(hours(50, {"smiling": np.tile(level[:, None], 24)})), "smiling", Chart()
    )
    assert found.value == pytest.approx(level)
    assert np.isnan(found.usual[:14]).all() and (found.baseline_days[:14] == 0).all()
    assert found.usual[14] == pytest.approx(np.median(level[:14]), abs=1e-3)
    inside = (found.value >= found.low) & (found.value <= found.high)
    assert 0.8 < inside[14:].mean() <= 1
    assert found.says(40) == (
        f"smiled {100 * level[40]:.0f} % of the time, usually {100 * found.usual[40]:.0f} %"
    )


def test_an_unknown_measure() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'smiling'"):
        trend(day_values(hours(3, {})), "smile", Chart())


def test_many_measures_in_one_pass_are_those_of_each_alone() -> None:
    random = np.random.default_rng(1)
    names = ("smiling", "happiness", "sadness", "expressivity")
    means = {name: np.clip(random.normal(0.2, 0.03, (60, 24)), 0, 1) for name in names}
    days = day_values(hours(60, means))
    wanted = [(name, chart) for name in names for chart in (Chart(), CUSUM)]
    for (name, chart), one in zip(wanted, trends(days, wanted), strict=True):
        alone = trend(days, name, chart)
        assert one.measure is alone.measure
        for field in ("value", "usual", "low", "statistic", "alarm", "baseline_days"):
            assert np.array_equal(getattr(one, field), getattr(alone, field), equal_nan=True)
