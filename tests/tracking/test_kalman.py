from __future__ import annotations

import numpy as np
import pytest

from mien.tracking import kalman
from mien.tracking.kalman import BoxFilter
from mien.types import Box

SIDE = 50.0


def at(x: float, y: float = 0.0, side: float = SIDE) -> Box:
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def test_as_the_matrices_say() -> None:
    """The general equations (Kalman 1960) for x and its velocity, with matrices."""
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.01, 0.4, 20))
    places = rng.normal(0, 5, 20) + 30 * times
    state, covariance = (
        np.array([places[0], 0]),
        np.diag(np.square([kalman.MEASURED * SIDE, kalman.START_SPEED * SIDE])),
    )
    found = BoxFilter(at(places[0]))
    for before, now, place in zip(times, times[1:], places[1:], strict=False):
        dt = now - before
        motion = np.array([[1, dt], [0, 1]])
        noise = np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        state = motion @ state
        covariance = motion @ covariance @ motion.T + noise * (kalman.ACCELERATION * SIDE) ** 2
        found.predict(dt)
        assert found.box.center[0] == pytest.approx(state[0])
        assert found.spread >= np.sqrt(covariance[0, 0]) * 0.999
        gain = covariance[:, 0] / (covariance[0, 0] + (kalman.MEASURED * SIDE) ** 2)
        state = state + gain * (place - state[0])
        covariance = covariance - np.outer(gain, covariance[0])
        found.update(at(place))
        assert found.box.center[0] == pytest.approx(state[0])
        assert found.box_in(0.5).center[0] == pytest.approx(state[0] + 0.5 * state[1])


def test_many_short_steps_are_one_long_step() -> None:
    one, many = BoxFilter(at(0)), BoxFilter(at(0))
    for step in (one, many):
        step.predict(0.1)
        step.update(at(10))
    one.predict(0.3)
    for _ in range(18):
        many.predict(1 / 60)
    assert many.box.to_list() == pytest.approx(one.box.to_list())
    assert many.spread == pytest.approx(one.spread)


@pytest.mark.parametrize("rate", [3, 60])
def test_it_follows_a_steady_walk_at_any_rate(rate: int) -> None:
    found = BoxFilter(at(0))
    for step in range(1, 3 * rate):
        found.predict(1 / rate)
        found.update(at(80 * step / rate))
    found.predict(1 / rate)
    assert found.box.center[0] == pytest.approx(80 * 3, abs=1)


def test_sizes_stay_positive_however_long_nobody_is_seen() -> None:
    found = BoxFilter(at(0, side=100))
    for step, side in enumerate((80, 50, 20), 1):
        found.predict(0.1)
        found.update(at(0, side=side))
        assert found.box.width > 0, step
    found.predict(60)
    assert 0 < found.box.width < 100


def test_an_empty_box() -> None:
    found = BoxFilter(Box(5, 5, 5, 5))
    found.predict(0.1)
    found.update(Box(5, 5, 5, 5))
    assert np.isfinite(found.box.to_list()).all()
