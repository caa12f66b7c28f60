from __future__ import annotations

import numpy as np
import pytest

from mien.monitor.simulation.series import World, coverages, draw, with_shift

PLAIN = World(phi=0.4, phi_spread=0.0, rhythm=0.0, missing=0.0, away=0.0)


def some(world: World, series: int = 200, days: int = 400, seed: int = 0) -> np.ndarray:
    return draw(world, series, days, np.random.default_rng(seed))


@pytest.mark.parametrize("tails", [5.0, float("inf")])
def test_values_have_mean_0_deviation_1_and_the_autocorrelation(tails: float) -> None:
    values = some(World(0.4, 0.0, 0.0, 0.0, 0.0, tails))
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.std() == pytest.approx(1, abs=0.03)
    for gap in (1, 2):
        assert (values[:, gap:] * values[:, :-gap]).mean() == pytest.approx(0.4**gap, abs=0.03)


def test_wild_days() -> None:
    calm, wild = (some(World(0, 0, 0, 0, 0, tails)) for tails in (float("inf"), 4.0))
    assert (np.abs(wild) > 4).mean() > 10 * (np.abs(calm) > 4).mean()


def test_persons_differ_in_autocorrelation() -> None:
    values = some(World(0.4, 0.2, 0.0, 0.0, 0.0), days=2000)
    each = (values[:, 1:] * values[:, :-1]).mean(axis=1)
    assert each.std() == pytest.approx(0.2, abs=0.05) and (each > -0.1).all()


def test_a_week_has_a_rhythm() -> None:
    values = some(World(0.0, 0.0, 1.0, 0.0, 0.0), days=700)
    week = values.reshape(200, 100, 7).mean(axis=1)
    heights = np.sqrt(2 * week.var(axis=1))
    assert heights.mean() == pytest.approx(1.0, rel=0.2)  # exponential: persons differ
    assert heights.std() == pytest.approx(1.0, rel=0.3)


def test_gaps() -> None:
    single = np.isnan(some(World(missing=0.1, away=0.0)))
    assert single.mean() == pytest.approx(0.1, abs=0.01)
    away = np.isnan(some(World(missing=0.0, away=0.02)))
    lengths = [len(run) for row in away for run in "".join("x" if g else " " for g in row).split()]
    assert np.mean(lengths) == pytest.approx(5, rel=0.15)


def test_shifts_are_planted_in_both_directions() -> None:
    values = some(PLAIN, series=4, days=20)
    apart = with_shift(values, 2.0, 12) - values
    assert (apart[:, :12] == 0).all()
    assert apart[:, 12:] == pytest.approx(np.tile([[2.0], [-2.0], [2.0], [-2.0]], 8))


def test_coverages_are_shares() -> None:
    values = coverages(World(), 300, 300, np.random.default_rng(0))
    known = values[~np.isnan(values)]
    assert known.min() > 0 and known.max() == 1
    assert (known < 0.3).mean() == pytest.approx(1 / 100, rel=0.3)
