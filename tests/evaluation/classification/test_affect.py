from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.classification.affect import measure_affect


def lin(x: np.ndarray, y: np.ndarray) -> float:
    """Lin (1989) in his own form: Pearson's r times the bias correction C_b."""
    r = np.corrcoef(x, y)[0, 1]
    v = x.std() / y.std()
    u = (x.mean() - y.mean()) / np.sqrt(x.std() * y.std())
    return float(r * 2 / (v + 1 / v + u * u))


def pairs(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    known = rng.uniform(-0.8, 0.8, (n, 2))
    estimated = np.clip(0.6 * known + [0.1, -0.3] + rng.normal(0, 0.2, (n, 2)), -1, 1)
    return estimated.astype(np.float32), known.astype(np.float32)


def test_the_measures_are_those_of_the_papers() -> None:
    stats = pytest.importorskip("scipy.stats")
    estimated, known = pairs()
    found = measure_affect(estimated, known)
    for column, name in enumerate(("valence", "arousal")):
        x, y = (each[:, column].astype(np.float64) for each in (estimated, known))
        assert found[name].n == 300
        assert found[name].ccc == pytest.approx(lin(x, y), abs=1e-9)
        assert found[name].pearson == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
        assert found[name].rmse == pytest.approx(np.sqrt(np.mean((x - y) ** 2)), abs=1e-9)
        assert abs(found[name].ccc) < abs(found[name].pearson)  # scale and offset are off


def test_the_intervals_are_those_of_pictures_drawn_one_by_one() -> None:
    estimated, known = pairs(80)
    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(2000):
        rows = rng.integers(0, 80, 80)
        x, y = estimated[rows, 0].astype(np.float64), known[rows, 0].astype(np.float64)
        drawn.append((lin(x, y), np.sqrt(np.mean((x - y) ** 2)), np.corrcoef(x, y)[0, 1]))
    ends = np.quantile(drawn, (0.025, 0.975), axis=0)
    found = measure_affect(estimated, known)["valence"].intervals
    for column, name in enumerate(("ccc", "rmse", "pearson")):
        assert (found[name].low, found[name].high) == pytest.approx(ends[:, column], abs=0.02)


def test_unknown_values_are_left_out() -> None:
    estimated, known = pairs(60)
    holes = known.copy()
    holes[::3, 0] = np.nan
    holes[1:, 1] = np.nan
    found = measure_affect(estimated, holes)
    assert list(found) == ["valence"] and found["valence"].n == 40  # one value measures nothing
    rows = np.isfinite(holes[:, 0])
    assert found["valence"] == measure_affect(estimated[rows], known[rows])["valence"]


def test_values_that_do_not_vary() -> None:
    known = np.full((5, 2), 0.25, np.float32)
    found = measure_affect(known, known)["valence"]
    assert (found.ccc, found.pearson, found.rmse) == (0.0, 0.0, 0.0)
    exact = np.linspace(-1, 1, 5, dtype=np.float32)[:, None].repeat(2, axis=1)
    found = measure_affect(exact, exact)["arousal"]
    assert (found.ccc, found.pearson, found.rmse) == pytest.approx((1.0, 1.0, 0.0), abs=1e-6)
