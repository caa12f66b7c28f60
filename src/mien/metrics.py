"""Measures of a classifier, NumPy only.

``labels`` are (N,) class indices, ``probs`` (N, K) rows that sum to 1, ``confusion`` is (K, K)
counts with true classes as rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.int64]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, K) logits → (N, K) probabilities, safe for large logits."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True), np.float32)


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """(K, K) counts: row = true class, column = predicted class."""
    cells = np.bincount(labels * classes + predicted, minlength=classes**2)
    return np.asarray(cells.reshape(classes, classes), np.int64)


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share of right answers (weighted average recall), in [0, 1]."""
    return float(np.trace(confusion) / max(confusion.sum(), 1))


def precision_recall_f1(confusion: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Per-class precision, recall and F1, each (K,) in [0, 1]; 0 where the quotient has no base."""
    right = np.diag(confusion).astype(np.float64)
    predicted, actual = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = right / np.maximum(predicted, 1)
    recall = right / np.maximum(actual, 1)
    f1 = 2 * right / np.maximum(predicted + actual, 1)
    return precision, recall, f1


def balanced_accuracy(confusion: NDArray[np.int64]) -> float:
    """Mean recall over the classes that occur (unweighted average recall), in [0, 1]."""
    recall = precision_recall_f1(confusion)[1]
    present = confusion.sum(axis=1) > 0
    return float(recall[present].mean()) if present.any() else 0.0


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur or are predicted, in [0, 1]."""
    f1 = precision_recall_f1(confusion)[2]
    present = (confusion.sum(axis=1) + confusion.sum(axis=0)) > 0
    return float(f1[present].mean()) if present.any() else 0.0


def nll(probs: Floats, labels: Labels) -> float:
    """Mean negative log likelihood in nats; a probability of 0 counts as 1e-12."""
    return float(-np.log(np.maximum(probs[np.arange(len(labels)), labels], 1e-12)).mean())


def ece(probs: Floats, labels: Labels, bins: int = 15) -> float:
    """Expected calibration error over equal-width confidence bins (Guo et al. 2017), in [0, 1]."""
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)  # bins are (low, high]
    gap = np.zeros(bins)
    np.add.at(gap, index, right.astype(np.float64) - confidence)
    return float(np.abs(gap).sum() / max(len(labels), 1))


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
