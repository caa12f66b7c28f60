"""How well a classifier does on corrupted pictures, alone and against others; NumPy only.

The corruption error is the mean error over the kinds and strengths of
``mien.evaluation.corruptions``. Hendrycks and Dietterich (2019) divide the error of each kind by
that of a fixed network (AlexNet) before they take the mean, so that hard kinds do not outweigh easy
ones. No network has that place for faces: here every comparison gives that quotient, with the other
model as the baseline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.comparison import Comparison, check_same
from mien.evaluation.metrics import Interval, middle, resampled_means


@dataclass(frozen=True, slots=True)
class KindScores:
    """Accuracy on pictures with one kind of corruption."""

    levels: tuple[float, ...]
    """What the five strengths stand for."""
    accuracies: tuple[float, ...]
    """Of each strength."""
    accuracy: float
    """Their mean."""


@dataclass(frozen=True, slots=True)
class Robustness:
    """A classifier measured on clean and corrupted pictures; shares are in [0, 1].

    Photos in which no face was found count as wrong everywhere.
    """

    n: int
    """Pictures, each measured clean and 40 times corrupted."""
    accuracy: float
    """On the clean pictures."""
    corruption_error: float
    """Mean share of wrong answers over kinds and strengths."""
    intervals: dict[str, Interval]
    """Bootstrapped 95 % intervals of ``accuracy`` and ``corruption_error``, over the pictures."""
    kinds: dict[str, KindScores]
    model: str
    dataset: str
    split: str
    splits: str
    """How the data set was divided: ``official``, or such as ``random:90/10``."""
    fingerprint: str
    """Of the clean pictures and labels: figures are comparable only if it is the same."""
    skipped: tuple[str, ...]
    """Pictures that could not be read, with the reason; they are in no figure."""
    no_face: tuple[str, ...]
    """Photos in which no face was found."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; floats are not rounded."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RobustnessRow:
    """One classifier of a comparison."""

    name: str
    scores: Robustness


@dataclass(frozen=True, slots=True)
class RobustnessPair:
    """The classifier of the lowest corruption error against another one.

    Intervals are bootstrapped from the same resampled pictures for both, 95 %. If one of a
    difference contains 0, or one of the quotient 1, the order of the two may be chance.
    """

    best: str
    other: str
    difference: float
    """Corruption error of the best minus that of the other."""
    difference_interval: Interval
    relative: float | None
    """Mean over the kinds of the best's error by the other's: the mean corruption error of
    Hendrycks and Dietterich (2019), with the other as the baseline. Below 1: fewer errors. ``None``
    if the other makes no errors on a kind."""
    relative_interval: Interval | None
    clean_difference: float
    """Accuracy of the best on clean pictures minus that of the other."""
    clean_interval: Interval


RobustnessComparison = Comparison[RobustnessRow, RobustnessPair]


def measure_robustness(answers: CorruptedAnswers) -> Robustness:
    """Accuracy by kind and strength, and the corruption error."""
    clean, corrupted = _wrong(answers)
    errors = corrupted.mean(axis=0)  # (C, S)
    both = np.column_stack([1 - clean, corrupted.mean(axis=(1, 2))])  # (N, 2)
    resampled = resampled_means(both)
    kinds = {}
    for kind, levels, accuracies in zip(answers.kinds, answers.levels, 1 - errors, strict=True):
        shares = tuple(accuracies.tolist())
        kinds[kind] = KindScores(tuple(levels.tolist()), shares, float(accuracies.mean()))
    return Robustness(
        n=len(clean),
        accuracy=float(both[:, 0].mean()),
        corruption_error=float(both[:, 1].mean()),
        intervals={
            "accuracy": middle(resampled[:, 0]),
            "corruption_error": middle(resampled[:, 1]),
        },
        kinds=kinds,
        model=answers.model,
        dataset=answers.dataset,
        split=answers.split,
        splits=answers.splits,
        fingerprint=answers.fingerprint,
        skipped=answers.skipped,
        no_face=answers.no_face,
    )


def compare_robustness(answers: Mapping[str, CorruptedAnswers]) -> RobustnessComparison:
    """Measure every classifier's answers and compare the one of the lowest corruption error with
    the others.

    ``answers`` are by the classifier's name in the comparison. Raises ``InputError`` if they are to
    other pictures or other corruptions.
    """
    check_same(answers, _facts, "classifiers")
    rows = [RobustnessRow(name, measure_robustness(each)) for name, each in answers.items()]
    rows.sort(key=lambda row: row.scores.corruption_error)
    best, *others = (row.name for row in rows)
    pairs = [_pair(answers, best, other) for other in others]
    return Comparison(tuple(rows), tuple(pairs))


def _pair(answers: Mapping[str, CorruptedAnswers], best: str, other: str) -> RobustnessPair:
    columns = []
    for name in (best, other):
        clean, corrupted = _wrong(answers[name])
        columns.append(np.column_stack([clean, corrupted.mean(axis=2)]))  # (N, 1 + C)
    values = np.hstack(columns)
    difference, relative, clean_difference = map(float, _differences(values.mean(axis=0)))
    differences, quotients, clean_differences = _differences(resampled_means(values))
    known = quotients[np.isfinite(quotients)]
    has_quotient = bool(np.isfinite(relative)) and len(known) > 0
    return RobustnessPair(
        best=best,
        other=other,
        difference=difference,
        difference_interval=middle(differences),
        relative=relative if has_quotient else None,
        relative_interval=middle(known) if has_quotient else None,
        clean_difference=clean_difference,
        clean_interval=middle(clean_differences),
    )


def _differences(errors: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """(…, 2 · (1 + C)) mean errors of two models, each clean and by kind → difference of the
    corruption error, mean quotient, and difference of the clean accuracy.

    The quotient is NaN where the second model has no errors of a kind.
    """
    ours, theirs = np.split(errors, 2, axis=-1)
    below = np.where(theirs[..., 1:] > 0, theirs[..., 1:], np.nan)
    return (
        ours[..., 1:].mean(axis=-1) - theirs[..., 1:].mean(axis=-1),
        (ours[..., 1:] / below).mean(axis=-1),
        theirs[..., 0] - ours[..., 0],
    )


def _wrong(answers: CorruptedAnswers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """1 for a wrong answer: (N,) to clean pictures, and (N, C, S) to corrupted ones.

    Photos without a face come last, and are wrong.
    """
    lost = len(answers.no_face)
    clean = answers.clean != answers.labels
    corrupted = answers.corrupted != answers.labels[:, None, None]
    everywhere = np.ones((lost, *corrupted.shape[1:]), bool)
    return (
        np.concatenate([clean, np.ones(lost, bool)]).astype(np.float64),
        np.concatenate([corrupted, everywhere]).astype(np.float64),
    )


def _facts(
    first: CorruptedAnswers, other: CorruptedAnswers
) -> Iterable[tuple[str, object, object]]:
    yield "data set", first.dataset, other.dataset
    yield "split", first.split, other.split
    yield "labels", ", ".join(first.names), ", ".join(other.names)
    yield "pictures", len(first), len(other)
    yield "photos without a face", len(first.no_face), len(other.no_face)
    yield "corruptions", _levels_text(first), _levels_text(other)
    if first.fingerprint != other.fingerprint:  # equal splits of two divisions do compare
        yield "division", first.splits, other.splits
        copies = f"copies of {other.dataset} {other.split}, by fingerprint,"
        yield copies, first.fingerprint, other.fingerprint


def _levels_text(answers: CorruptedAnswers) -> str:
    """Every kind and what its strengths stand for, such as ``jpeg 65 50 35 20 10``."""
    return ", ".join(
        " ".join([kind, *(f"{level:g}" for level in levels)])
        for kind, levels in zip(answers.kinds, answers.levels.tolist(), strict=True)
    )
