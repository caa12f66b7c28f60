"""Measures of a classifier, NumPy only.

``labels`` are (N,) class indices, ``probs`` (N, K) rows that sum to 1, ``confusion`` is (K, K)
counts with true classes as rows. It may have more columns, for pictures without an answer: they
count as wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.probabilities import softmax

Floats = NDArray[np.floating]
Labels = NDArray[np.int64]

RESAMPLES = 1000
"""Bootstrap samples: 25 lie beyond each end of a 95 % interval."""
_AT_A_TIME = 1 << 24  # values of resampled pictures in memory


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """(K, K) counts: row = true class, column = predicted class."""
    cells = np.bincount(labels * classes + predicted, minlength=classes**2)
    return np.asarray(cells.reshape(classes, classes), np.int64)


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share of correct answers (weighted average recall), in [0, 1]."""
    return float(_accuracy(confusion))


def precision_recall_f1(confusion: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Per-class precision, recall and F1, each (…, K) in [0, 1] for (…, K, K) counts.

    A quotient with a denominator of 0 is 0.
    """
    classes = confusion.shape[-2]
    right = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    predicted, actual = confusion.sum(axis=-2)[..., :classes], confusion.sum(axis=-1)
    precision = right / np.maximum(predicted, 1)
    recall = right / np.maximum(actual, 1)
    f1 = 2 * right / np.maximum(predicted + actual, 1)
    return precision, recall, f1


def balanced_accuracy(confusion: NDArray[np.int64]) -> float:
    """Mean recall over the classes that occur (unweighted average recall), in [0, 1]."""
    return float(_balanced_accuracy(confusion))


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur or are predicted, in [0, 1]."""
    return float(_macro_f1(confusion))


def bootstrap(confusion: NDArray[np.int64], seed: int = 0) -> dict[str, Interval]:
    """95 % percentile intervals (Efron and Tibshirani 1993) of accuracy, balanced accuracy, macro
    F1, by the names of their functions.

    Pictures are drawn with replacement, ``RESAMPLES`` times. These measures depend only on the
    confusion matrix, so a resample is one multinomial draw of its cells.
    """
    total = int(confusion.sum())
    shares = confusion.ravel() / max(total, 1)
    if not total:
        shares = np.full(confusion.size, 1 / confusion.size)
    drawn = np.random.default_rng(seed).multinomial(total, shares, RESAMPLES)
    resamples = drawn.reshape(RESAMPLES, *confusion.shape)  # (B, K, K)
    intervals = {}
    for name, measure in (
        ("accuracy", _accuracy), ("balanced_accuracy", _balanced_accuracy), ("macro_f1", _macro_f1)
    ):  # fmt: skip
        intervals[name] = middle(measure(resamples))
    return intervals


def _accuracy(confusion: NDArray[np.int64]) -> Floats:
    """(…, K, K) counts → (…)."""
    right = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(right / np.maximum(confusion.sum(axis=(-2, -1)), 1))


def _balanced_accuracy(confusion: NDArray[np.int64]) -> Floats:
    return _mean_over(precision_recall_f1(confusion)[1], confusion.sum(axis=-1) > 0)


def _macro_f1(confusion: NDArray[np.int64]) -> Floats:
    predicted = confusion.sum(axis=-2)[..., : confusion.shape[-2]]
    present = (confusion.sum(axis=-1) + predicted) > 0
    return _mean_over(precision_recall_f1(confusion)[2], present)


def _mean_over(values: Floats, present: NDArray[np.bool_]) -> Floats:
    """Mean over the last axis where ``present``; 0 where nothing is present."""
    return np.asarray((values * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1))


def resampled_means(values: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """(``RESAMPLES``, M) means of the columns of (N, M) ``values``, over pictures drawn with
    replacement (Efron and Tibshirani 1993).

    The same seed draws the same pictures: the means of two models on N pictures are pairs.
    """
    n = len(values)
    rng = np.random.default_rng(seed)
    means = []
    left = RESAMPLES
    while left:
        count = min(left, max(1, _AT_A_TIME // n))
        drawn = rng.multinomial(n, np.full(n, 1 / n), count)  # (B, N) times each is drawn
        means.append(drawn @ values / n)
        left -= count
    return np.concatenate(means)


def middle(resampled: Floats) -> Interval:
    """The middle 95 % of (B,) resampled values: a percentile interval."""
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Interval(float(low), float(high))


def nll(probs: Floats, labels: Labels) -> float:
    """Mean negative log likelihood in nats; a probability of 0 counts as 1e-12."""
    return float(-np.log(np.maximum(probs[np.arange(len(labels)), labels], 1e-12)).mean())


def calibration_bins(
    probs: Floats, labels: Labels, bins: int = 15
) -> tuple[Labels, Floats, Floats]:
    """Answers, mean confidence and accuracy of each bin, (B,) each: a reliability diagram.

    Bins are equally wide: ((m - 1)/B, m/B]; both means of an empty bin are 0.
    """
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(index, minlength=bins)
    sums = [np.bincount(index, values, minlength=bins) for values in (confidence, right)]
    mean_confidence, accuracies = (total / np.maximum(counts, 1) for total in sums)
    return counts, mean_confidence, accuracies


def ece(probs: Floats, labels: Labels, bins: int = 15) -> float:
    """Expected calibration error over equal-width confidence bins (Guo et al. 2017), in [0, 1]."""
    counts, confidence, accuracies = calibration_bins(probs, labels, bins)
    return float((counts * np.abs(accuracies - confidence)).sum() / max(len(labels), 1))


def risk_coverage(probs: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Share of answers kept, most confident first, and the share of errors among them, (N,) each.

    El-Yaniv and Wiener (2010), with the largest probability as confidence. Answers of equal
    confidence share their errors evenly, so the order of the pictures does not matter.
    """
    _, rank, counts = np.unique(-probs.max(axis=1), return_inverse=True, return_counts=True)
    wrong = np.bincount(rank, probs.argmax(axis=1) != labels) / counts  # a share a confidence
    kept = np.arange(1, len(labels) + 1)
    return kept / max(len(labels), 1), np.cumsum(np.repeat(wrong, counts)) / kept


def aurc(probs: Floats, labels: Labels) -> float:
    """Area under the risk-coverage curve: mean risk over all coverages (Geifman et al. 2019)."""
    return float(risk_coverage(probs, labels)[1].mean())


def fit_temperature(logits: NDArray[np.float32], labels: Labels) -> float:
    """The temperature in [0.05, 20] that minimises the NLL of softmax(logits / T).

    NLL is unimodal in log T, so a golden-section search finds it (to a relative 1e-4).
    """

    def loss(log_t: float) -> float:
        return nll(softmax(logits / np.float32(np.exp(log_t))), labels)

    low, high = float(np.log(0.05)), float(np.log(20))
    ratio = (5**0.5 - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = loss(a), loss(b)
    while high - low > 1e-4:
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = loss(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = loss(b)
    return float(np.exp((low + high) / 2))
