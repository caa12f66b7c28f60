from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.classification.cross_validation import (
    compare_folds,
    corrected_t,
    cross_validation,
)
from mien.evaluation.classification.measures import measure
from mien.evaluation.classification.predictions import Predictions
from tests.support.answers import answers


def fold_answers(seed: int, better: float = 0.0, count: int = 5) -> list[Predictions]:
    """Answers to ``count`` folds; ``better`` is the share of mistakes that are mended."""
    made = []
    for number in range(count):
        each = answers(40, seed=number, split="test", splits=f"fold:{number + 1}/{count}")
        probs, rng = each.probs.copy(), np.random.default_rng(100 * seed + number)
        for row in np.flatnonzero(each.predicted != each.labels):
            if rng.random() < better:
                probs[row] = np.roll(np.sort(probs[row])[::-1], each.labels[row])
        made.append(replace(each, probs=probs, fingerprint=f"{number:016}"))
    return made


def test_mean_and_interval_are_those_of_the_paper() -> None:
    stats = pytest.importorskip("scipy.stats")
    folds = fold_answers(0)
    values = np.array([measure(each).accuracy for each in folds])
    for trained, extra in ((160, 40 / 160), (None, 0.0)):
        found = cross_validation(folds, [trained] * 5)
        spread = found.spread["accuracy"]
        assert spread.mean == pytest.approx(values.mean())
        assert spread.deviation == pytest.approx(values.std(ddof=1))
        # Nadeau and Bengio (2003): 1/k + n2/n1 instead of 1/k.
        error = np.sqrt((1 / 5 + extra) * values.var(ddof=1))
        low, high = stats.t.interval(0.95, 4, values.mean(), error)
        assert (spread.low, spread.high) == pytest.approx((low, high))
    assert [fold.scores["accuracy"] for fold in found.folds] == values.tolist()


def test_the_test_is_the_corrected_one() -> None:
    stats = pytest.importorskip("scipy.stats")
    differences = [0.03, 0.05, -0.01, 0.04, 0.02, 0.06, 0.0, 0.03, 0.05, 0.01]
    plain = stats.ttest_1samp(differences, 0)
    assert corrected_t(differences, 0.0) == pytest.approx((plain.statistic, plain.pvalue))
    # Ten folds: n2/n1 = 1/9. The correction divides t by sqrt((1/k + n2/n1) / (1/k)).
    t = plain.statistic / np.sqrt((1 / 10 + 1 / 9) / (1 / 10))
    expected = (t, 2 * stats.t.sf(abs(t), 9))
    assert corrected_t(differences, 1 / 9) == pytest.approx(expected)
    assert expected[1] > 3 * plain.pvalue  # folds are not independent
    assert corrected_t([0.0] * 5, 0.25) == (None, 1.0)
    assert corrected_t([0.1] * 5, 0.25) == (None, 0.0)


def test_a_comparison_ranks_and_tests_pairs() -> None:
    stats = pytest.importorskip("scipy.stats")
    named = {
        name: cross_validation(fold_answers(1, better), [160] * 5)
        for name, better in (("poor", 0.0), ("good", 0.9), ("fair", 0.4))
    }
    found = compare_folds(named)
    assert [row.name for row in found.rows] == ["good", "fair", "poor"]
    by_name = {name: [f.scores["accuracy"] for f in each.folds] for name, each in named.items()}
    ps = []
    for pair in found.pairs:
        d = np.subtract(by_name["good"], by_name[pair.other])
        t = d.mean() / np.sqrt((1 / 5 + 40 / 160) * d.var(ddof=1))
        assert (pair.best, pair.difference) == ("good", pytest.approx(d.mean()))
        assert pair.t == pytest.approx(t)
        assert pair.p == pytest.approx(2 * stats.t.sf(abs(t), 4))
        assert pair.low < d.mean() < pair.high
        assert (pair.low > 0) == (pair.p < 0.05)  # the interval and the test agree
        ps.append(pair.p)
    assert max(pair.p_holm for pair in found.pairs) == pytest.approx(max(2 * min(ps), max(ps)))


def test_other_folds_are_refused() -> None:
    one, two = fold_answers(0), fold_answers(0)
    two[3] = replace(two[3], fingerprint="f" * 16)
    named = {"a": cross_validation(one, [160] * 5), "b": cross_validation(two, [160] * 5)}
    with pytest.raises(InputError, match="a and b cannot be compared: pictures of fold 4"):
        compare_folds(named)
    named["b"] = cross_validation(fold_answers(0, count=4), [120] * 4)
    with pytest.raises(InputError, match="folds 5 against 4"):
        compare_folds(named)


def test_valence_and_arousal_are_measured_where_every_fold_has_them() -> None:
    rng = np.random.default_rng(0)
    folds = [
        replace(each, affect=values, affect_known=values)
        for each in fold_answers(0)
        for values in [rng.uniform(-1, 1, (40, 2)).astype(np.float32)]
    ]
    found = cross_validation(folds, [None] * 5)
    assert found.spread["valence_ccc"].mean == pytest.approx(1)
    folds[2] = replace(folds[2], affect_known=None)
    assert "valence_ccc" not in cross_validation(folds, [None] * 5).spread
