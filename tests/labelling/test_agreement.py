"""Kappa against scikit-learn and published worked examples."""

from __future__ import annotations

import numpy as np
import pytest

from mien.labelling.agreement import (
    MISSING,
    agreement_of,
    cohen_kappa,
    confusion,
    counts_of,
    fleiss_kappa,
)

FLEISS_1971 = [
    "00060",
    "03003",
    "01401",
    "00006",
    "03030",
    "20400",
    "00402",
    "20310",
    "20040",
    "00006",
    "10050",
    "11040",
    "03300",
    "10050",
    "02031",
    "00501",
    "30012",
    "51000",
    "02040",
    "10203",
    "00006",
    "01050",
    "02013",
    "20040",
    "10041",
    "05010",
    "40002",
    "02040",
    "10500",
    "00006",
]
"""Table 1: 30 patients, six diagnoses each, in five categories; the paper gives 0.430."""

FOURTEEN_RATERS = np.array(
    [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
     [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
)  # fmt: skip
"""The worked example of Wikipedia's article on Fleiss' kappa: 0.210."""

N = MISSING
FOUR_RATERS = np.array(
    [[1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
     [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N]]
).T  # fmt: skip
"""Krippendorff's data with missing ratings, as in Gwet's book and R's irrCAC: 0.76117."""


def test_fleiss_own_example() -> None:
    counts = np.array([list(map(int, row)) for row in FLEISS_1971])
    assert (counts.sum(axis=1) == 6).all() and len(counts) == 30
    assert fleiss_kappa(counts) == pytest.approx(0.4302445, abs=1e-7)  # R's irr: all digits


def test_fleiss_of_fourteen_raters() -> None:
    assert fleiss_kappa(FOURTEEN_RATERS) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_with_missing_ratings() -> None:
    ratings = np.where(FOUR_RATERS == N, N, FOUR_RATERS - 1)
    assert fleiss_kappa(counts_of(ratings, 5)) == pytest.approx(0.76117, abs=5e-6)


@pytest.mark.parametrize("seed", range(20))
def test_cohen_against_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 8, 60)
    b = np.where(rng.random(60) < 0.6, a, rng.integers(0, 8, 60))
    table = confusion(a, b, 8)
    assert (table == metrics.confusion_matrix(a, b, labels=range(8))).all()
    assert cohen_kappa(table) == pytest.approx(metrics.cohen_kappa_score(a, b), abs=1e-12)
    assert agreement_of(a, b) == metrics.accuracy_score(a, b)
    hole = rng.random(60) < 0.2
    with_holes = np.where(hole, MISSING, b)
    expected = metrics.cohen_kappa_score(a[~hole], b[~hole])
    assert cohen_kappa(confusion(a, with_holes, 8)) == pytest.approx(expected, abs=1e-12)


def test_what_is_not_defined_is_none() -> None:
    same, none = np.zeros(5, np.int64), np.full(5, MISSING)
    assert cohen_kappa(confusion(same, same, 3)) is None
    assert agreement_of(same, same) == 1.0
    assert cohen_kappa(confusion(same, none, 3)) is None
    assert agreement_of(same, none) is None
    assert fleiss_kappa(counts_of(np.stack([same, same], axis=1), 3)) is None
    assert fleiss_kappa(counts_of(np.stack([same, none], axis=1), 3)) is None
    assert fleiss_kappa(np.zeros((0, 3), np.int64)) is None


def test_disagreement_is_negative() -> None:
    a = np.array([0, 1, 0, 1])
    assert cohen_kappa(confusion(a, 1 - a, 2)) == -1
    assert fleiss_kappa(counts_of(np.stack([a, 1 - a], axis=1), 2)) == -1
