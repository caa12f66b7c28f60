"""Several classifiers on the same pictures: which is better, by how much, and significantly so?

Answers are comparable if they were given to the same pictures with the same labels, in the same
way; anything else is an error. Differences are tested in pairs (McNemar 1947): only pictures that
one of two classifiers gets right and the other wrong show which is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.classification.cost import Cost
from mien.evaluation.classification.measures import Evaluation, measure
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.comparison import Comparison, check_same, count_only

EXACT_UP_TO = 1000  # discordant pictures; with more, the exact sum and chi-square agree


@dataclass(frozen=True, slots=True)
class ClassifierRow:
    """One classifier of a comparison."""

    name: str
    scores: Evaluation
    cost: Cost


@dataclass(frozen=True, slots=True)
class ClassifierPair:
    """The most accurate classifier against another one, on the same pictures."""

    best: str
    other: str
    best_alone: int
    """Pictures that only the best classifies correctly."""
    other_alone: int
    """Pictures that only the other classifies correctly."""
    p: float
    """McNemar's two-sided p-value, uncorrected."""
    p_holm: float
    """Corrected for the number of pairs (Holm 1979)."""


ClassifierComparison = Comparison[ClassifierRow, ClassifierPair]


def compare(
    answers: Mapping[str, Predictions], costs: Mapping[str, Cost] | None = None
) -> ClassifierComparison:
    """Measure every classifier's answers and test the most accurate against the others.

    ``answers`` and ``costs`` are by the classifier's name in the comparison. Raises ``InputError``
    if the answers are to different pictures or were given in different ways.
    """
    check_comparable(answers)
    costs = costs or {}
    # A classifier trained on fewer pictures has fewer repeats: leave out those of any of them.
    repeated = np.any([each.repeated for each in answers.values()], axis=0)
    repeats_of = next((each.repeats_of for each in answers.values() if each.repeats_of), "")
    rows = []
    for name, each in answers.items():
        scores = measure(replace(each, repeated=repeated, repeats_of=repeats_of))
        rows.append(ClassifierRow(name, scores, costs.get(name, Cost())))
    rows.sort(key=lambda row: -row.scores.accuracy)
    best, *others = (row.name for row in rows)
    correct = {name: each.predicted == each.labels for name, each in answers.items()}
    alone = [
        (count_only(correct[best], correct[other]), count_only(correct[other], correct[best]))
        for other in others
    ]
    ps = [mcnemar(*counts) for counts in alone]
    pairs = [
        ClassifierPair(best, other, *counts, p, p_holm)
        for other, counts, p, p_holm in zip(others, alone, ps, holm(ps), strict=True)
    ]
    return Comparison(tuple(rows), tuple(pairs))


def disagreements(answers: Sequence[Predictions], count: int) -> NDArray[np.int64]:
    """Indices of at most ``count`` pictures to which classifiers answer differently, the most
    confident first: by the lower probability of the two surest different answers.

    A picture counts only if one of the answers is its label: else all are wrong in their own way.
    """
    predicted = np.stack([each.predicted for each in answers])  # (M, N)
    confidence = np.stack([each.probs.max(axis=1) for each in answers])
    strength = np.zeros(predicted.shape[1])
    for first in range(len(answers)):
        for second in range(first):
            lower = np.minimum(confidence[first], confidence[second])
            differs = predicted[first] != predicted[second]
            strength = np.maximum(strength, np.where(differs, lower, 0))
    strength[~(predicted == answers[0].labels).any(axis=0)] = 0
    order = np.argsort(-strength, kind="stable")
    return np.asarray(order[strength[order] > 0][:count], np.int64)


def check_comparable(answers: Mapping[str, Predictions]) -> None:
    """Raise ``InputError``, which names the difference, unless all were asked the same."""
    check_same(answers, _facts, "classifiers")


def _facts(first: Predictions, other: Predictions) -> Iterable[tuple[str, object, object]]:
    yield "data set", first.dataset, other.dataset
    yield "split", first.split, other.split
    yield "crops", _crops(first), _crops(other)
    yield "labels", ", ".join(first.names), ", ".join(other.names)
    yield "pictures", len(first), len(other)
    yield "photos without a face", len(first.no_face), len(other.no_face)
    if first.fingerprint != other.fingerprint:  # equal splits of two divisions do compare
        yield "division", first.splits, other.splits
        copies = f"copies of {other.dataset} {other.split}, by fingerprint,"
        yield copies, first.fingerprint, other.fingerprint


def _crops(answers: Predictions) -> str:
    return "ten crops" if answers.tta else "single crop"


def mcnemar(first_alone: int, second_alone: int) -> float:
    """The two-sided p-value of McNemar's test (1947) in [0, 1].

    The arguments count the pictures that only one of two classifiers gets right. Up to
    ``EXACT_UP_TO`` of them the p-value is exact, from the binomial distribution; beyond, it is that
    of chi-square with Edwards's continuity correction (1948).
    """
    n = first_alone + second_alone
    if n > EXACT_UP_TO:
        chi2 = max(0, abs(first_alone - second_alone) - 1) ** 2 / n
        return math.erfc(math.sqrt(chi2 / 2))  # the upper tail of chi-square with 1 degree
    tail = sum(math.comb(n, k) for k in range(min(first_alone, second_alone) + 1))
    return min(1.0, 2 * tail / (1 << n))  # integers up to this one division


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for multiple tests (Holm 1979), in the same order."""
    corrected = [0.0] * len(ps)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = largest
    return corrected
