from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.tracking.averaging import (
    LEAST_PROB,
    Average,
    gaussian_means,
    log_probs,
    next_label,
    probs_of,
    steady_labels,
)


def test_each_value_weighs_by_its_age() -> None:
    rng = np.random.default_rng(0)
    times, values = np.cumsum(rng.uniform(0.01, 0.5, 30)), rng.normal(size=(30, 3))
    average = Average(0.7)
    for i in range(30):
        found = average.add(values[i], times[i])
        weights = np.exp((times[: i + 1] - times[i]) / 0.7)
        assert found == pytest.approx(np.average(values[: i + 1], axis=0, weights=weights))


def test_the_rate_does_not_matter() -> None:
    """A step of 1 at 0 seconds: what is reached after a time constant, at 5 and 50 a second."""
    reached = []
    for rate in (5, 50):
        average = Average(1.0)
        for step in range(-20 * rate, rate + 1):
            mean = average.add(np.array([float(step > 0)]), step / rate)
        reached.append(mean[0])
    assert reached == pytest.approx([1 - np.exp(-1)] * 2, abs=1e-6)


def test_without_a_constant_it_is_the_last_value() -> None:
    average = Average(0)
    assert [average.add(np.array([v]), v)[0] for v in (1.0, 5.0)] == [1, 5]


def test_times_must_grow() -> None:
    average = Average(1)
    average.add(np.zeros(1), 2)
    for time_s in (2, 1, np.nan, np.inf):
        with pytest.raises(InputError, match="later than 2"):
            average.add(np.zeros(1), time_s)


def test_gaussian_means_as_scipy_has_them() -> None:
    ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")
    values = np.random.default_rng(1).normal(size=(200, 2))
    found = gaussian_means(values, np.arange(200) / 20, 0.25)
    expected = ndimage.gaussian_filter1d(values, 5, axis=0, truncate=4)
    assert found[20:-20] == pytest.approx(expected[20:-20], abs=1e-3)  # where they are cut off


def test_gaussian_means_of_uneven_times() -> None:
    times = np.array([0, 0.1, 0.9, 1.0])
    (first, *_), values = gaussian_means(np.array([[0.0], [0], [1], [1]]), times, 0.5), None
    weights = np.exp(-0.5 * (times / 0.5) ** 2)
    assert values is None and first[0] == pytest.approx(weights[2:].sum() / weights.sum())
    assert gaussian_means(np.ones((3, 1)), np.arange(3.0), 0).tolist() == [[1], [1], [1]]


def test_logarithms_and_back() -> None:
    probs = np.array([[0.5, 0.3, 0.2], [1.0, 0, 0]])
    assert probs_of(log_probs(probs[:1])) == pytest.approx(probs[:1])
    assert log_probs(probs).min() == np.log(LEAST_PROB)


def test_the_label_needs_a_margin_to_change() -> None:
    probs = np.array([[0.6, 0.4], [0.45, 0.55], [0.4, 0.6], [0.54, 0.46], [0.6, 0.4]])
    assert steady_labels(probs, 0.15) == [0, 0, 1, 1, 0]
    assert steady_labels(probs, 0) == [0, 1, 1, 0, 0]
    assert next_label(None, probs[1], 0.5) == 1
    assert steady_labels(probs[:0], 0.1) == []
