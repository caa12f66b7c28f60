from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mien.evaluation.detection.precision import average_precision, in_order, judge, pool
from mien.evaluation.detection.resample import interval, resampled_ap
from mien.evaluation.metrics import RESAMPLES
from tests.support.detections import answer, made_up

AT_50 = np.array([0.5])


def test_each_draw_is_the_ap_of_its_pictures() -> None:
    """Pictures that are drawn several times are put into the pool as often."""
    answers = in_order(made_up(4, pictures=15, ties=False).answers)
    verdicts = [judge(one, AT_50) for one in answers]
    values = resampled_ap(pool(verdicts), seed=3)
    assert values.shape == (RESAMPLES,)
    drawn = np.random.default_rng(3).multinomial(15, np.full(15, 1 / 15), RESAMPLES)
    for i in range(0, RESAMPLES, 50):
        again = [verdicts[k] for k in np.repeat(np.arange(15), drawn[i])]
        expected = average_precision(pool(again))
        assert expected is not None and values[i] == pytest.approx(expected[0], abs=1e-12)


def test_the_interval_holds_the_middle() -> None:
    answers = in_order(made_up(0).answers)
    found = pool([judge(one) for one in answers])
    values = resampled_ap(found)
    between = interval(values)
    whole = average_precision(found)
    assert between is not None and whole is not None
    assert between.low < whole[0] < between.high and between.high - between.low < 0.4
    assert ((values >= between.low) & (values <= between.high)).mean() == pytest.approx(
        0.95, abs=0.01
    )
    # Four times the pictures, half as wide.
    four = [dataclasses.replace(one, key=f"{k}{one.key}") for k in "abcd" for one in answers]
    narrow = interval(resampled_ap(pool([judge(one, AT_50) for one in four])))
    assert narrow is not None
    ratio = (narrow.high - narrow.low) / (between.high - between.low)
    assert ratio == pytest.approx(0.5, abs=0.1)


def test_draws_without_a_face_are_left_out() -> None:
    face = [[0, 0, 40, 40]]
    found = pool([judge(answer(face, face), AT_50), judge(answer(key="b.jpg"), AT_50)])
    values = resampled_ap(found)
    assert np.isnan(values).any() and np.nanmin(values) == pytest.approx(1)
    assert interval(values) is not None
    for empty in (pool([judge(answer())]), pool([])):
        assert interval(resampled_ap(empty)) is None
    missed = interval(resampled_ap(pool([judge(answer(face))])))
    assert missed is not None and missed.low == missed.high == 0
