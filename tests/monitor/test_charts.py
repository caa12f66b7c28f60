"""Charts against Montgomery's worked examples, published run lengths, and a covariance matrix."""

from __future__ import annotations

import numpy as np
import pytest

from mien.monitor.charts import Cusum, Ewma, cusum, ewma

# Introduction to Statistical Quality Control, table 9.1: the mean is 10, and 11 from the 21st on.
OBSERVED = np.array([
    9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34,
    9.03, 11.47, 10.51, 9.40, 10.08, 9.37, 10.62, 10.31, 8.52, 10.84,
    10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52,
])  # fmt: skip
# Table 9.2, with K = 0.5.
ABOVE = [
    0, 0, 0, 1.16, 2.82, 2.50, 0.04, 1.00, 0, 0,
    0, 0.97, 0.98, 0, 0, 0, 0.12, 0, 0, 0.34,
    0.74, 0, 1.79, 2.79, 2.89, 3.47, 3.35, 4.47, 5.28, 5.30,
]  # fmt: skip
BELOW = [
    0.05, 1.56, 1.77, 0, 0, 0, 1.46, 0, 0.30, 0,
    0.47, 0, 0, 0.10, 0, 0.13, 0, 0, 0.98, 0,
    0, 0.17, 0, 0, 0, 0, 0, 0, 0, 0,
]  # fmt: skip
# Table 9.11 (8th edition; 9.10 in others), with λ = 0.10.
AVERAGES = [
    9.945, 9.7495, 9.70355, 9.8992, 10.1253, 10.1307, 9.92167, 10.0755, 9.98796, 10.0232,
    9.92384, 10.0785, 10.1216, 10.0495, 10.0525, 9.98426, 10.0478, 10.074, 9.91864, 10.0108,
    10.0997, 10.0227, 10.2495, 10.3745, 10.3971, 10.4654, 10.4568, 10.5731, 10.6468, 10.6341,
]  # fmt: skip


def test_the_published_cusum() -> None:
    above, below = cusum(OBSERVED - 10, 0.5)
    assert above == pytest.approx(ABOVE, abs=1e-9)
    assert below == pytest.approx(BELOW, abs=1e-9)
    assert np.argmax(above > 5) == 28  # "the upper side CUSUM at period 29"


def test_the_published_ewma() -> None:
    averages, deviations = ewma(OBSERVED - 10, 0.1)
    # Every average follows from the one before it, so a digit of the book's rounding may remain.
    assert averages + 10 == pytest.approx(AVERAGES, abs=6e-4)
    limits = 10 + 2.7 * deviations
    assert limits[[0, 1]] == pytest.approx([10.27, 10.36], abs=0.005)  # its example 9.2
    assert limits[-1] == pytest.approx(10.62, abs=0.005)
    assert np.argmax(averages + 10 > limits) == 28


def run_lengths(chart: Ewma | Cusum, limit: float, shift: float, seed: int, by: float) -> list[int]:
    """Of as many series as the chart has, of independent normal values; ``by`` is λ or k."""
    random = np.random.default_rng(seed)
    count = len(chart.value if isinstance(chart, Ewma) else chart.above)
    left, found, day = np.ones(count, bool), [], 0
    while left.any():
        day += 1
        z = random.standard_normal(count) + shift
        if isinstance(chart, Ewma):
            chart.add(z)
            beyond = np.abs(chart.value) > limit * np.sqrt(by / (2 - by))  # limits that stand still
        else:
            chart.add(z, by)
            beyond = np.maximum(chart.above, chart.below) > limit
        found += [day] * int((beyond & left).sum())
        left &= ~beyond
        chart.restart(~left)
    return found


def agrees(lengths: list[int], published: float, digits: float) -> bool:
    """Within four standard errors, and the rounding of the table."""
    error = np.std(lengths) / np.sqrt(len(lengths))
    return bool(abs(np.mean(lengths) - published) < 4 * error + digits)


# Montgomery's table 9.3 (Hawkins 1993): two-sided, k = 0.5.
@pytest.mark.parametrize(
    ("limit", "shift", "published"),
    [(4, 0, 168), (4, 0.5, 26.6), (4, 1, 8.38), (4, 2, 3.34), (4, 3, 2.19),
     (5, 0, 465), (5, 0.5, 38.0), (5, 1, 10.4), (5, 2, 4.01), (5, 3, 2.57)],
)  # fmt: skip
def test_run_lengths_of_the_cusum(limit: float, shift: float, published: float) -> None:
    lengths = run_lengths(Cusum(2000), limit, shift, 1, 0.5)
    assert agrees(lengths, published, 0.5 if published > 100 else 0.05)


# Lucas and Saccucci (1990), as in Montgomery's table 9.11: limits that stand still.
@pytest.mark.parametrize(
    ("weight", "limit", "shift", "published"),
    [(0.4, 3.054, 0, 500), (0.4, 3.054, 1, 14.3), (0.4, 3.054, 2, 3.5), (0.25, 2.998, 1, 11.1),
     (0.2, 2.962, 0.5, 41.8), pytest.param(0.1, 2.814, 0, 500, marks=pytest.mark.slow),
     (0.1, 2.814, 0.5, 31.3), (0.1, 2.814, 1, 10.3), (0.1, 2.814, 2, 4.4),
     (0.05, 2.615, 1, 11.4)],
)  # fmt: skip
def test_run_lengths_of_the_ewma(
    weight: float, limit: float, shift: float, published: float
) -> None:
    lengths = run_lengths(Ewma(2000, weight), limit, shift, 2, weight)
    assert agrees(lengths, published, 0.5 if published > 100 else 0.05)


def test_the_run_length_that_sas_documents() -> None:
    """``EWMAARL(1.00, 0.25, 3.0)`` returns 11.154267016 (Crowder 1987)."""
    assert agrees(run_lengths(Ewma(10_000, 0.25), 3.0, 1.0, 3, 0.25), 11.154267016, 0)


def siegmund(limit: float, drift: float) -> float:
    """Siegmund's approximation of a one-sided CUSUM's run length, Montgomery's equation 9.6."""
    b = limit + 1.166
    return (
        b * b if not drift else (np.exp(-2 * drift * b) + 2 * drift * b - 1) / (2 * drift * drift)
    )


@pytest.mark.parametrize(
    ("slack", "limit", "shift"),
    [pytest.param(0.25, 8, 0, marks=pytest.mark.slow), (0.5, 5, 0.75), (1, 2.5, 1.5)],
)
def test_run_lengths_by_siegmund(slack: float, limit: float, shift: float) -> None:
    both = 1 / (1 / siegmund(limit, shift - slack) + 1 / siegmund(limit, -shift - slack))
    assert np.mean(run_lengths(Cusum(3000), limit, shift, 4, slack)) == pytest.approx(both, rel=0.1)


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.7])
def test_the_variance_of_the_ewma_is_exact(phi: float) -> None:
    """Against w' R w of the values seen, with their whole correlation matrix R."""
    z = np.ones(25)
    z[[3, 4, 9, 15, 16, 17, 18]] = np.nan
    _, deviations = ewma(z, 0.2, phi)
    for day in range(len(z)):
        seen = np.flatnonzero(~np.isnan(z[: day + 1]))
        weights = 0.2 * 0.8 ** np.arange(len(seen))[::-1]
        correlation = phi ** np.abs(seen[:, None] - seen) if phi else np.eye(len(seen))
        assert deviations[day] ** 2 == pytest.approx(weights @ correlation @ weights)


def test_a_missing_value_changes_nothing() -> None:
    whole = np.array([[0.5, 1.5, -0.5]])
    gaps = np.array([[0.5, np.nan, 1.5, np.nan, np.nan, -0.5]])
    at = [0, 2, 5]
    assert ewma(gaps, 0.3)[0][:, at] == pytest.approx(ewma(whole, 0.3)[0])
    assert ewma(gaps, 0.3)[0][0, 1] == ewma(gaps, 0.3)[0][0, 0]
    for with_gaps, without in zip(cusum(gaps, 0.2), cusum(whole, 0.2), strict=True):
        assert with_gaps[:, at] == pytest.approx(without)


def test_many_series_are_what_each_is_alone() -> None:
    z = np.random.default_rng(0).standard_normal((2, 3, 20))
    for each in (lambda x: ewma(x, 0.2)[0], lambda x: cusum(x, 0.5)[1]):
        assert each(z).shape == z.shape
        assert each(z)[1, 2] == pytest.approx(each(z[1, 2]))
