from __future__ import annotations

import math

import pytest

from mien.evaluation.student_t import quantile, two_sided_p


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 10, 29, 99])
def test_it_is_scipys(freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    for t in (0.0, 0.1, 0.5, -1.0, 2.0, 3.0, -7.0, 12.7, 60.0):
        expected = 2 * stats.t.sf(abs(t), freedom)
        assert two_sided_p(t, freedom) == pytest.approx(expected, abs=1e-12)
    for share in (0.5, 0.9, 0.95, 0.99):
        expected = stats.t.ppf(0.5 + share / 2, freedom)
        assert quantile(freedom, share) == pytest.approx(expected, rel=1e-9)


def test_by_hand() -> None:
    assert two_sided_p(1.0, 1) == pytest.approx(0.5)  # Cauchy: quartiles at -1 and 1
    assert two_sided_p(math.sqrt(2), 2) == pytest.approx(1 - math.sqrt(0.5))
    assert two_sided_p(math.inf, 4) == 0.0
