"""Several classifiers on the same pictures: who is better, by how much, and is it more than luck.

Answers are comparable where they were given to the same pictures with the same labels, in the same
way; anything else is refused. Differences are tested in pairs (McNemar 1947): only pictures that
one of two classifiers gets right and the other wrong say anything about which is better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mien.errors import InputError
from mien.evaluation.classification.cost import Cost
from mien.evaluation.classification.measures import Evaluation, measure
from mien.evaluation.classification.predictions import Predictions

EXACT_UP_TO = 1000  # discordant pictures: beyond it the exact sum and chi-square agree


@dataclass(frozen=True, slots=True)
class Row:
    """One classifier of a comparison."""

    name: str
    scores: Evaluation
    cost: Cost


@dataclass(frozen=True, slots=True)
class Pair:
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """Classifiers side by side, the most accurate first, and the best against each other one."""

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; floats as they are."""
        return asdict(self)


def compare(
    answers: Mapping[str, Predictions], costs: Mapping[str, Cost] | None = None
) -> Comparison:
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
        Row(
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
        Pair(best, other, first, second, p, corrected)
        for (other, first, second), p, corrected in zip(counts, ps, holm(ps), strict=True)
    ]
    return Comparison(tuple(rows), tuple(pairs))


def check_comparable(answers: Mapping[str, Predictions]) -> None:
    """Raise ``InputError``, naming who differs, unless all answered the same in the same way."""
    if len(answers) < 2:
        raise InputError("a comparison needs two classifiers or more")
    (first, reference), *others = answers.items()
    for name, found in others:
        same = reference.fingerprint == found.fingerprint
        for what, a, b in (
            ("data set", reference.dataset, found.dataset),
            ("split", reference.split, found.split),
            ("crops", _crops(reference), _crops(found)),
            ("labels", ", ".join(reference.names), ", ".join(found.names)),
            ("pictures", len(reference), len(found)),
            # A split that is the same in two divisions of a data set is one split.
            ("division", reference.splits, reference.splits if same else found.splits),
        ):
            if a != b:
                raise InputError(
                    f"{first} and {name} cannot be compared: {what} {a} against {b}; "
                    "measure both alike"
                )
        if not same:
            raise InputError(
                f"{first} and {name} cannot be compared: they answered different copies of "
                f"{found.dataset} {found.split} (fingerprints {reference.fingerprint} and "
                f"{found.fingerprint}); measure both on one copy"
            )


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
