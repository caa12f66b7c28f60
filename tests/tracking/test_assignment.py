from __future__ import annotations

import numpy as np
import pytest

from mien.tracking.assignment import assign, assign_above

optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")


@pytest.mark.parametrize("seed", range(4))
def test_as_good_as_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for number in range(100):
        shape = rng.integers(0, 9, 2)
        values = rng.normal(size=shape)
        if number % 2:  # equal values
            values = np.round(values)
        rows, columns = assign(values)
        assert len(rows) == len(columns) == min(shape)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert len(set(columns.tolist())) == len(columns)
        best = values[optimize.linear_sum_assignment(values, maximize=True)].sum()
        assert values[rows, columns].sum() == pytest.approx(best)


def test_the_total_counts_and_not_the_best_pair() -> None:
    assert assign_above(np.array([[0.9, 0.8], [0.8, 0.1]]), 0.0) == [(0, 1), (1, 0)]


def test_nothing_at_or_below_the_least() -> None:
    assert assign_above(np.array([[0.9, 0.1], [0.2, 0.2]]), 0.2) == [(0, 0)]
    assert assign_above(np.zeros((3, 0)), 0.0) == assign_above(np.zeros((0, 2)), 0.0) == []


def test_a_far_pair_costs_no_near_one() -> None:
    """What lies under the limit adds nothing, however many pairs it would make."""
    assert assign_above(np.array([[1.0, 0.19], [0.19, 0.0]]), 0.2) == [(0, 0)]
