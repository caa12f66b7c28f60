from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import ConfigError, InputError
from mien.evaluation.tracking.stability import flicker
from mien.labels import FER2013
from mien.tracking.smoothing import Smoothed, Smoother, smooth_track
from mien.types import EmotionScores, Reading
from tests.support.tracks import person


def reading(probs: list[float], number: int | None = 1, valence: float | None = None) -> Reading:
    scores = EmotionScores(FER2013[: len(probs)], tuple(probs))
    return Reading(person(number, 100), scores, valence, valence)


def noisy(seed: int = 0, seconds: float = 4.0, rate: int = 30) -> tuple[list[Reading], list[float]]:
    """Anger for the first half, disgust for the second, with answers that waver."""
    rng = np.random.default_rng(seed)
    times = (np.arange(seconds * rate) / rate).tolist()
    found = []
    for time_s in times:
        first = 0.6 if time_s < seconds / 2 else 0.4
        p = float(np.clip(first + rng.normal(0, 0.15), 0.02, 0.98))
        found.append(reading([p, 1 - p]))
    return found, times


def labels(found: list[Smoothed]) -> list[str]:
    return [one.expression for one in found]


def test_a_steady_label_that_is_right() -> None:
    readings, times = noisy()
    smoother = Smoother(0.3, margin=0.1)
    live = [smoother.update(one, t) for one, t in zip(readings, times, strict=True)]
    offline = smooth_track(readings, times, 0.3, margin=0.1)
    raw = [one.emotions.top for one in readings]
    assert flicker(raw, times) > 5
    for found in (live, offline):
        assert labels(found)[30] == "anger" and labels(found)[-1] == "disgust"
        assert flicker(labels(found), times) < 1
        assert [one.raw for one in found] == readings
    change = [labels(found).index("disgust") for found in (live, offline)]
    assert abs(times[change[1]] - 2) <= abs(times[change[0]] - 2)


def test_means_are_those_of_logarithms() -> None:
    smoother = Smoother(1.0)
    smoother.update(reading([0.9, 0.1]), 0)
    found = smoother.update(reading([0.2, 0.8]), 1.0).emotions
    kept = np.exp(-1)
    logs = (kept * np.log([0.9, 0.1]) + np.log([0.2, 0.8])) / (kept + 1)
    assert found.probs == pytest.approx(np.exp(logs) / np.exp(logs).sum())


def test_each_person_has_an_own_past() -> None:
    smoother = Smoother(10)
    for step in range(5):
        smoother.update(reading([0.9, 0.1], 1), step)
        found = smoother.update(reading([0.1, 0.9], 2), step)
    assert found.emotions.probs == pytest.approx((0.1, 0.9))


def test_nobody_in_particular_stays_as_it_is() -> None:
    smoother = Smoother(10)
    smoother.update(reading([0.9, 0.1], None), 0)
    one = reading([0.2, 0.8], None, 0.5)
    assert smoother.update(one, 0) == Smoothed(one, one.emotions, "disgust", 0.5, 0.5)


def test_without_a_constant_and_a_margin_nothing_changes() -> None:
    readings, times = noisy()
    smoother = Smoother(0, margin=0)
    live = [smoother.update(one, t) for one, t in zip(readings, times, strict=True)]
    for found in (live, smooth_track(readings, times, 0, margin=0)):
        assert labels(found) == [one.emotions.top for one in readings]
        for one, raw in zip(found, readings, strict=True):
            assert one.emotions.probs == pytest.approx(raw.emotions.probs)


def test_valence_and_arousal_are_averaged() -> None:
    readings = [reading([0.5, 0.5], 1, value) for value in (0.0, 1.0, 0.0)]
    smoother = Smoother(1e6)
    live = [smoother.update(one, t) for t, one in enumerate(readings)]
    assert (live[-1].valence, live[-1].arousal) == pytest.approx((1 / 3, 1 / 3), abs=1e-5)
    middle = smooth_track(readings, [0, 1, 2], 1e6)[1]
    assert (middle.valence, middle.arousal) == pytest.approx((1 / 3, 1 / 3), abs=1e-5)


def test_no_readings() -> None:
    assert smooth_track([], []) == []


def test_bad_input() -> None:
    one = reading([0.5, 0.5])
    smoother = Smoother()
    smoother.update(one, 1)
    with pytest.raises(InputError, match="later than 1"):
        smoother.update(one, 1)
    for other in (reading([0.2, 0.3, 0.5]), reading([0.5, 0.5], 1, 0.1)):
        with pytest.raises(InputError, match="two models"):
            smoother.update(other, 2)
        with pytest.raises(InputError, match="two models"):
            smooth_track([one, other], [0, 1])
    for times in ([0, 0], [1, 0], [0, float("nan")]):
        with pytest.raises(InputError, match="increase"):
            smooth_track([one, one], times)
    with pytest.raises(InputError, match="2 readings for 1 times"):
        smooth_track([one, one], [0])


@pytest.mark.parametrize("options", [(-1, 0.1), (float("nan"), 0.1), (1, 1), (1, -0.1)])
def test_options_out_of_range(options: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        Smoother(options[0], margin=options[1])
    with pytest.raises(ConfigError, match="must be"):
        smooth_track([], [], options[0], margin=options[1])


def test_memory_stays_flat() -> None:
    smoother = Smoother()
    for number in range(200):
        one = reading([0.5, 0.5])
        smoother.update(replace(one, face=replace(one.face, track_id=number)), number * 2)
    assert len(smoother._people) < 40
