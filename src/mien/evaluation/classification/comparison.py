"""Several classifiers on the same pictures: who is better, by how much, and is it more than luck.

Answers are comparable where they were given to the same pictures with the same labels, in the same
way; anything else is refused. Differences are tested in pairs (McNemar 1947): only pictures that
one of two classifiers gets right and the other wrong say anything about which is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mien.evaluation.classification.cost import Cost
from mien.evaluation.classification.measures import Evaluation, measure
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.comparison import Comparison, check_same

EXACT_UP_TO = 1000  # discordant pictures: beyond it the exact sum and chi-square agree


@dataclass(frozen=True, slots=True)
class ClassifierRow:
    """One classifier of a comparison."""

    name: str
    scores: Evaluation
    cost: Cost


@dataclass(frozen=True, slots=True)
class ClassifierPair:
    """The best classifier against another one, on the same pictures."""

    best: str
    other: str
    best_alone: int
    """Pictures that only the best gets right."""
    other_alone: int
    """Pictures that only the other gets right."""
    p: float
    """McNemar's two-sided p-value, on its own."""
    p_holm: float
    """The same, corrected for the number of pairs (Holm 1979)."""


ClassifierComparison = Comparison[ClassifierRow, ClassifierPair]


def compare(
    answers: Mapping[str, Predictions], costs: Mapping[str, Cost] | None = None
) -> ClassifierComparison:
    """Measure every classifier's answers and test the most accurate against the others.

    ``answers`` and ``costs`` are by the name that a classifier is to have in the comparison.
    Raises ``InputError`` where the answers are to different pictures or were given differently.
    """
    check_comparable(answers)
    known = costs or {}
    # Whoever learned from less repeats less: a picture that one of them may have seen is no test.
    repeated = np.any([found.repeated for found in answers.values()], axis=0)
    looked = next((found.repeats_of for found in answers.values() if found.repeats_of), "")
    rows = [
        ClassifierRow(
            name,
            measure(replace(found, repeated=repeated, repeats_of=looked)),
            known.get(name, Cost()),
        )
        for name, found in answers.items()
    ]
    rows.sort(key=lambda row: -row.scores.accuracy)
    best = rows[0].name
    right = {name: found.predicted == found.labels for name, found in answers.items()}
    counts = [
        (row.name, int((right[best] & ~right[row.name]).sum()),
         int((~right[best] & right[row.name]).sum()))
        for row in rows[1:]
    ]  # fmt: skip
    ps = [mcnemar(first, second) for _, first, second in counts]
    pairs = [
        ClassifierPair(best, other, first, second, p, corrected)
        for (other, first, second), p, corrected in zip(counts, ps, holm(ps), strict=True)
    ]
    return Comparison(tuple(rows), tuple(pairs))


def check_comparable(answers: Mapping[str, Predictions]) -> None:
    """Raise ``InputError``, which names the difference, unless all were asked the same."""
    check_same(answers, _facts, "classifiers")


def _facts(first: Predictions, other: Predictions) -> Iterable[tuple[str, object, object]]:
    yield "data set", first.dataset, other.dataset
    yield "split", first.split, other.split
    yield "crops", _crops(first), _crops(other)
    yield "labels", ", ".join(first.names), ", ".join(other.names)
    yield "pictures", len(first), len(other)
    if first.fingerprint != other.fingerprint:  # equal splits of two divisions do compare
        yield "division", first.splits, other.splits
        copies = f"copies of {other.dataset} {other.split}, by fingerprint,"
        yield copies, first.fingerprint, other.fingerprint


def _crops(found: Predictions) -> str:
    return "ten crops" if found.tta else "single crop"


def mcnemar(first_alone: int, second_alone: int) -> float:
    """The two-sided p-value of McNemar's test (1947) in [0, 1].

    Its arguments count the pictures that only one of two classifiers gets right. Exact, from the
    binomial distribution, up to ``EXACT_UP_TO`` of them; beyond, chi-square with Edwards's
    continuity correction (1948).
    """
    n = first_alone + second_alone
    if n > EXACT_UP_TO:
        chi2 = max(0, abs(first_alone - second_alone) - 1) ** 2 / n
        return math.erfc(math.sqrt(chi2 / 2))  # the upper tail of chi-square with 1 degree
    tail = sum(math.comb(n, k) for k in range(min(first_alone, second_alone) + 1))
    return min(1.0, 2 * tail / (1 << n))  # whole numbers until the one division


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for being several (Holm 1979), in the order given."""
    corrected = [0.0] * len(ps)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = largest
    return corrected
