from __future__ import annotations

import numpy as np
import pytest

from mien.monitor.baseline import USUAL_PHI, baseline, row_median


def ar1(phi: float, series: int, days: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = np.empty((series, days))
    values[:, 0] = random.standard_normal(series)
    for day in range(1, days):
        new = random.standard_normal(series)
        values[:, day] = phi * values[:, day - 1] + np.sqrt(1 - phi * phi) * new
    return values


def test_medians_are_those_of_numpy() -> None:
    random = np.random.default_rng(1)
    values = random.standard_normal((50, 15))
    values[random.random(values.shape) < 0.3] = np.nan
    count = np.count_nonzero(~np.isnan(values), axis=1)
    assert row_median(values, count) == pytest.approx(np.nanmedian(values, axis=1))
    found = baseline(values)
    apart = np.abs(values - np.nanmedian(values, axis=1)[:, None])
    assert found.centre == pytest.approx(np.nanmedian(values, axis=1))
    assert found.scale == pytest.approx(1.4826 * np.nanmedian(apart, axis=1))
    assert (found.days == count).all()


def test_the_spread_of_a_normal_distribution() -> None:
    found = baseline(np.random.default_rng(2).normal(5, 2, (3, 20_000)))
    assert found.centre == pytest.approx(5, abs=0.06)
    assert found.scale == pytest.approx(2, rel=0.03)
    assert found.phi == pytest.approx(0, abs=0.03)


def test_one_wild_day_moves_little() -> None:
    calm = np.random.default_rng(3).standard_normal((1, 15))
    wild = calm.copy()
    wild[0, 7] = 1000.0
    assert abs(baseline(wild).centre - baseline(calm).centre) < 0.5
    assert baseline(wild).scale < 2 * baseline(calm).scale


def test_a_floor_keeps_tiny_spreads_from_alarming() -> None:
    flat = np.full((1, 20), 0.3)
    assert baseline(flat).scale == 0
    assert baseline(flat, floor=0.02).scale == 0.02


@pytest.mark.parametrize("phi", [0.2, 0.6])
def test_autocorrelation_of_long_series(phi: float) -> None:
    assert baseline(ar1(phi, 20, 5000)).phi.mean() == pytest.approx(phi, abs=0.03)


def test_few_days_say_little_about_autocorrelation() -> None:
    """It stays near what is usual, and is not biased for persons who are usual."""
    found = baseline(ar1(USUAL_PHI, 4000, 28)).phi
    assert found.mean() == pytest.approx(USUAL_PHI, abs=0.03)
    assert found.std() < 0.12
    assert baseline(np.full((1, 5), np.nan)).phi == USUAL_PHI


@pytest.mark.parametrize(("phi", "days"), [(0.0, 30), (0.3, 30), (0.3, 90)])
def test_the_error_of_the_middle(phi: float, days: int) -> None:
    """What ``error`` says is what the medians of many such persons vary by, within a tenth."""
    found = baseline(ar1(phi, 6000, days))
    said = np.sqrt(np.pi / 2 / days * (1 + phi) / (1 - phi))
    assert found.centre.std() == pytest.approx(said, rel=0.12)
    if phi == USUAL_PHI:
        assert np.median(found.error) == pytest.approx(said, rel=0.1)


def test_without_a_value_there_is_nothing_to_say() -> None:
    found = baseline(np.full((2, 10), np.nan))
    assert np.isnan(found.centre).all() and np.isnan(found.error).all()
    assert (found.days == 0).all()
