from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.classification.comparison import (
    EXACT_UP_TO,
    Cost,
    check_comparable,
    compare,
    holm,
    mcnemar,
)
from mien.evaluation.classification.predictions import Predictions
from mien.labels import FER2013


def answers(right: np.ndarray, **changes: Any) -> Predictions:
    """Answers that are correct where ``right`` says so, and otherwise the next class."""
    n = len(right)
    labels = np.arange(n) % 7
    probs = np.full((n, 7), 0.05, np.float32)
    probs[np.arange(n), np.where(right, labels, (labels + 1) % 7)] = 0.7
    found = Predictions(
        probs=probs, labels=labels, names=FER2013, keys=tuple(map(str, range(n))),
        repeated=np.zeros(n, bool), model="m", model_hash="", dataset="fer2013", split="public",
        splits="official", tta=False, fingerprint="0123", repeats_of="",
    )  # fmt: skip
    return dataclasses.replace(found, **changes)


def drawn(share: float, n: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=n) < share


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (1, 0), (0, 9), (5, 5), (10, 25), (120, 160), (480, 520)]
)
def test_the_exact_test_is_scipys_binomial_test(first: int, second: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    n = first + second
    expected = stats.binomtest(first, n, 0.5).pvalue if n else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(first, second) == mcnemar(second, first)


@pytest.mark.parametrize(("first", "second"), [(600, 700), (1200, 1201), (2000, 900)])
def test_many_discordant_pictures_go_by_chi_square(first: int, second: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert first + second > EXACT_UP_TO
    chi2 = (abs(first - second) - 1) ** 2 / (first + second)
    assert mcnemar(first, second) == pytest.approx(stats.chi2.sf(chi2, 1), rel=1e-9)
    exact = stats.binomtest(first, first + second, 0.5).pvalue
    assert mcnemar(first, second) == pytest.approx(exact, rel=0.05, abs=1e-12)


def test_mcnemars_test_keeps_its_level() -> None:
    """Of classifiers that are equally good, one pair in twenty or fewer differs at 5 %."""
    rng = np.random.default_rng(0)
    firsts = rng.binomial(60, 0.5, 4000)
    share = np.mean([mcnemar(int(k), 60 - int(k)) < 0.05 for k in firsts])
    assert 0.02 < share <= 0.05


def test_holm_by_hand() -> None:
    """Holm's own procedure: the smallest p times all, the next times one fewer, never falling."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_the_best_comes_first_and_is_tested_against_the_others() -> None:
    best, worse, same = drawn(0.7), drawn(0.5, seed=1), drawn(0.7)
    same[np.flatnonzero(same)[0]] = False
    found = compare({"worse": answers(worse), "best": answers(best), "same": answers(same)})
    assert [row.name for row in found.rows] == ["best", "same", "worse"]
    assert found.rows[0].scores.accuracy == best.mean()
    low, high = dataclasses.astuple(found.rows[0].scores.intervals["accuracy"])
    # The normal approximation of a binomial share, computed here.
    spread = 1.96 * math.sqrt(best.mean() * (1 - best.mean()) / len(best))
    assert (low, high) == pytest.approx((best.mean() - spread, best.mean() + spread), abs=0.01)
    same_pair, worse_pair = found.pairs
    assert (same_pair.best_alone, same_pair.other_alone) == (1, 0)
    assert same_pair.p == 1.0
    assert worse_pair.best_alone == (best & ~worse).sum()
    assert worse_pair.other_alone == (~best & worse).sum()
    assert worse_pair.p < 0.01 and worse_pair.p_holm == pytest.approx(2 * worse_pair.p)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": "private"}, "split public against private"),
        ({"tta": True}, "crops single crop against ten crops"),
        ({"dataset": "ferplus"}, "data set fer2013 against ferplus"),
        (
            {"splits": "random:90/10", "fingerprint": "4567"},
            "division official against random:90/10",
        ),
        ({"names": (*FER2013[:-1], "contempt")}, "labels anger, "),
        (
            {"fingerprint": "4567"},
            "copies of fer2013 public, by fingerprint, 0123 against 4567; measure both in the same",
        ),
    ],
)
def test_what_differs_is_refused_and_named(changes: dict[str, Any], words: str) -> None:
    right = drawn(0.5)
    found = {"a": answers(right), "b": answers(right), "c": answers(right, **changes)}
    with pytest.raises(InputError) as caught:
        check_comparable(found)
    assert words in str(caught.value) and "a and c cannot be compared" in str(caught.value)


def test_fewer_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="pictures 400 against 399"):
        compare({"a": answers(drawn(0.5)), "b": answers(drawn(0.5)[1:])})


def test_copies_of_training_are_left_out_of_all_of_them() -> None:
    """One has looked for copies in all of Training, the other in a part; 50 are wrong there."""
    right = np.arange(400) >= 50
    few, many = np.arange(400) < 30, np.arange(400) < 50
    found = compare({
        "a": answers(right, repeated=few, repeats_of="train", splits="random:90/10"),
        "b": answers(right, repeated=many, repeats_of="train"),
    })  # fmt: skip
    for row in found.rows:
        without = row.scores.without_duplicates
        assert without is not None and (without.n, without.accuracy) == (350, 1.0)


def test_one_alone_is_not_compared() -> None:
    with pytest.raises(InputError, match="two classifiers"):
        compare({"a": answers(drawn(0.5))})


def test_a_damaged_file_of_costs_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "cost.json"
    Cost(parameters=7, note="a note").save(path)
    assert Cost.load(path) == Cost(parameters=7, note="a note")
    for text in (
        "",
        "[1]",
        '{"price": 1}',
        '{"macs": 1.5}',
        '{"macs": -1}',
        '{"ms_per_face": 1e400}',
        '{"megabytes": true}',
        '{"note": 5}',
        '{"parameters": ' + "9" * 5000 + "}",
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=r"cost\.json is not a cost file"):
            Cost.load(path)
