from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.classification.robustness import compare_robustness, measure_robustness
from mien.evaluation.corruptions import CORRUPTIONS
from mien.evaluation.metrics import RESAMPLES
from tests.support.corrupted import corrupted_answers


def test_accuracies_are_counted_by_kind_and_strength() -> None:
    made = corrupted_answers()
    found = measure_robustness(made)
    assert found.n == 60 and found.accuracy == np.mean(made.clean == made.labels)
    every = []
    for number, (kind, corruption) in enumerate(CORRUPTIONS.items()):
        scores = found.kinds[kind]
        assert scores.levels == tuple(map(float, corruption.levels))
        for strength in range(5):
            right = np.mean(made.corrupted[:, number, strength] == made.labels)
            assert scores.accuracies[strength] == pytest.approx(right)
            every.append(1 - right)
        assert scores.accuracy == pytest.approx(np.mean(scores.accuracies))
    assert found.corruption_error == pytest.approx(np.mean(every))
    read = json.loads(json.dumps(found.to_dict()))
    assert read["kinds"]["blur"]["accuracies"] == list(found.kinds["blur"].accuracies)


def test_photos_without_a_face_are_wrong_everywhere() -> None:
    made = corrupted_answers()
    lost = replace(made, no_face=("a.png",) * 20, no_face_labels=np.zeros(20, np.int64))
    before, after = measure_robustness(made), measure_robustness(lost)
    assert after.n == 80
    assert after.accuracy == pytest.approx(before.accuracy * 60 / 80)
    assert 1 - after.corruption_error == pytest.approx((1 - before.corruption_error) * 60 / 80)


def test_intervals_are_those_of_resampled_pictures() -> None:
    made = corrupted_answers(n=40)
    found = measure_robustness(made)
    drawn = np.random.default_rng(5).integers(0, 40, (RESAMPLES, 40))
    wrong = (made.corrupted != made.labels[:, None, None]).mean(axis=(1, 2))
    for name, values in (
        ("accuracy", (made.clean == made.labels).astype(float)), ("corruption_error", wrong)
    ):  # fmt: skip
        low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
        spread = high - low
        assert found.intervals[name].low == pytest.approx(low, abs=0.15 * spread)
        assert found.intervals[name].high == pytest.approx(high, abs=0.15 * spread)


def test_the_best_is_compared_with_the_others_on_the_same_pictures() -> None:
    good, bad = corrupted_answers(seed=1, skill=0.9), corrupted_answers(seed=2, skill=0.5)
    found = compare_robustness({"bad": bad, "good": good})
    assert [row.name for row in found.rows] == ["good", "bad"]
    (pair,) = found.pairs
    one, two = (row.scores for row in found.rows)
    assert (pair.best, pair.other) == ("good", "bad")
    assert pair.difference == pytest.approx(one.corruption_error - two.corruption_error)
    assert pair.clean_difference == pytest.approx(one.accuracy - two.accuracy)
    # Hendrycks and Dietterich (2019), equation of CE: sums over the strengths, mean over kinds.
    quotients = [
        sum(1 - a for a in one.kinds[kind].accuracies)
        / sum(1 - a for a in two.kinds[kind].accuracies)
        for kind in CORRUPTIONS
    ]
    assert pair.relative == pytest.approx(np.mean(quotients))
    assert pair.difference_interval.low < pair.difference < pair.difference_interval.high < 0
    assert pair.relative_interval is not None
    assert pair.relative_interval.low < pair.relative < pair.relative_interval.high < 1
    assert pair.clean_interval.low < pair.clean_difference < pair.clean_interval.high


def test_the_interval_of_a_difference_is_paired() -> None:
    made = corrupted_answers(n=200)
    almost = replace(made, clean=made.clean.copy(), corrupted=made.corrupted.copy())
    right = np.flatnonzero(made.corrupted[:, 2, 4] == made.labels)[:3]
    almost.corrupted[right, 2, 4] = (made.labels[right] + 1) % 7
    pair = compare_robustness({"one": made, "almost": almost}).pairs[0]
    assert pair.difference == pytest.approx(-3 / (200 * 40))
    width = pair.difference_interval.high - pair.difference_interval.low
    alone = measure_robustness(made).intervals["corruption_error"]
    assert 0 < width < 0.1 * (alone.high - alone.low)
    assert pair.clean_difference == 0 == pair.clean_interval.low == pair.clean_interval.high


def test_a_kind_without_errors_has_no_quotient() -> None:
    made = corrupted_answers()
    perfect = replace(made, corrupted=np.broadcast_to(made.labels[:, None, None], (60, 8, 5)))
    pair = compare_robustness({"a": perfect, "b": perfect}).pairs[0]
    assert pair.difference == 0 and pair.relative is None is pair.relative_interval


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"split": "public"}, "split valid against public"),
        ({"dataset": "others"}, "data set faces against others"),
        ({"levels": np.ones((8, 5))}, r"corruptions brightness 0\.1 0\.2 .* against brightness 1"),
        ({"fingerprint": "ff"}, "by fingerprint"),
        ({"names": tuple("abcdefg")}, "labels"),
    ],
)
def test_other_pictures_and_corruptions_do_not_compare(
    changed: dict[str, object], problem: str
) -> None:
    made = corrupted_answers()
    with pytest.raises(InputError, match=problem):
        compare_robustness({"a": made, "b": replace(made, **changed)})  # type: ignore[arg-type]
