"""A classifier on every fold of a data set: mean, interval, and the test between two classifiers.

Folds share most of their training pictures, so their scores are not independent. The variance is
therefore that of Nadeau and Bengio (2003, "Inference for the generalization error", Machine
Learning 52): with k folds of n2 pictures, trained on n1, (1/k + n2/n1) · s² instead of s²/k. The
folds of a model that was not trained on them are independent: n2/n1 is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mien.evaluation.classification.comparison import holm
from mien.evaluation.classification.measures import measure
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.comparison import Comparison, check_same
from mien.evaluation.student_t import quantile, two_sided_p

MEASURES = ("accuracy", "balanced_accuracy", "macro_f1", "ece", "nll")


@dataclass(frozen=True, slots=True)
class Fold:
    """Scores on one fold."""

    number: int
    """From 1."""
    n: int
    """Pictures measured."""
    trained: int | None
    """Pictures that the model of this fold was trained on; ``None``: it was not trained for it."""
    fingerprint: str
    scores: Mapping[str, float]
    """By measure: ``MEASURES``, and ``valence_ccc`` and ``arousal_ccc`` of a model with both."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One measure over the folds."""

    mean: float
    deviation: float
    """Sample standard deviation over the folds."""
    low: float
    """95 % confidence interval of the mean, by Student's t and the corrected variance."""
    high: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """A classifier measured on every fold."""

    model: str
    dataset: str
    splits: str
    """How the data was divided, such as ``fold:1/5`` of the first fold."""
    folds: tuple[Fold, ...]
    spread: Mapping[str, Spread]

    @property
    def ratio(self) -> float:
        """Pictures measured by pictures trained on, mean over the folds; 0 without training."""
        return float(np.mean([0 if f.trained is None else f.n / f.trained for f in self.folds]))


@dataclass(frozen=True, slots=True)
class FoldsRow:
    """One classifier of a comparison."""

    name: str
    scores: CrossValidation


@dataclass(frozen=True, slots=True)
class FoldsPair:
    """The most accurate classifier against another one, fold by fold."""

    best: str
    other: str
    difference: float
    """Mean difference of accuracy over the folds."""
    low: float
    """95 % confidence interval of the difference."""
    high: float
    t: float | None
    """Of the corrected resampled t-test; ``None`` if the difference is the same in every fold."""
    p: float
    """Two-sided, uncorrected for the number of pairs."""
    p_holm: float
    """Corrected for it (Holm 1979)."""


FoldsComparison = Comparison[FoldsRow, FoldsPair]


def cross_validation(
    answers: Sequence[Predictions], trained: Sequence[int | None]
) -> CrossValidation:
    """Measure the answers to each fold; ``trained`` counts the pictures of each training."""
    folds = []
    for number, (each, pictures) in enumerate(zip(answers, trained, strict=True), start=1):
        found = measure(each)
        scores = {name: float(getattr(found, name)) for name in MEASURES}
        scores |= {f"{name}_ccc": affect.ccc for name, affect in found.affect.items()}
        folds.append(Fold(number, found.n, pictures, found.fingerprint, scores))
    common = [name for name in folds[0].scores if all(name in fold.scores for fold in folds)]
    first = answers[0]
    made = CrossValidation(first.model, first.dataset, first.splits, tuple(folds), {})
    spread = {n: _spread([fold.scores[n] for fold in folds], made.ratio) for n in common}
    return CrossValidation(made.model, made.dataset, made.splits, made.folds, spread)


def compare_folds(found: Mapping[str, CrossValidation]) -> FoldsComparison:
    """The most accurate of several classifiers on the same folds against each of the others.

    Raises ``InputError`` if the folds differ.
    """
    check_same(found, _facts, "cross-validations")
    ranked = sorted(found.items(), key=lambda item: -item[1].spread["accuracy"].mean)
    (best, first), *others = ranked
    tests = [_test(first, other) for _, other in others]
    corrected = holm([p for *_, p in tests])
    pairs = [
        FoldsPair(best, name, spread.mean, spread.low, spread.high, t, p, p_holm)
        for (name, _), (spread, t, p), p_holm in zip(others, tests, corrected, strict=True)
    ]
    return Comparison(tuple(FoldsRow(*item) for item in ranked), tuple(pairs))


def corrected_t(differences: Sequence[float], ratio: float) -> tuple[float | None, float]:
    """T and two-sided p of the corrected resampled t-test (Nadeau and Bengio 2003).

    ``differences`` of two classifiers on k folds; ``ratio`` is n2/n1. t is ``None`` where the
    differences are all equal; p is then 1 for no difference, and 0 for any other.
    """
    k, mean = len(differences), float(np.mean(differences))
    variance = (1 / k + ratio) * float(np.var(differences, ddof=1))
    if variance <= 1e-24:  # equal up to rounding
        return None, 1.0 if abs(mean) < 1e-12 else 0.0
    t = mean / math.sqrt(variance)
    return t, two_sided_p(t, k - 1)


def _test(first: CrossValidation, other: CrossValidation) -> tuple[Spread, float | None, float]:
    pairs = zip(first.folds, other.folds, strict=True)
    differences = [a.scores["accuracy"] - b.scores["accuracy"] for a, b in pairs]
    ratio = max(first.ratio, other.ratio)
    return _spread(differences, ratio), *corrected_t(differences, ratio)


def _spread(values: Sequence[float], ratio: float) -> Spread:
    k, mean, deviation = len(values), float(np.mean(values)), float(np.std(values, ddof=1))
    reach = quantile(k - 1) * math.sqrt(1 / k + ratio) * deviation
    return Spread(mean, deviation, mean - reach, mean + reach)


def _facts(first: CrossValidation, other: CrossValidation) -> Iterable[tuple[str, object, object]]:
    yield "data set", first.dataset, other.dataset
    yield "folds", len(first.folds), len(other.folds)
    for a, b in zip(first.folds, other.folds, strict=False):
        yield f"pictures of fold {a.number}, by fingerprint,", a.fingerprint, b.fingerprint
