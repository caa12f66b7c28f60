"""What a tiny classifier answers, computed in plain float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier
from mien.datasets.base import Dataset
from mien.evaluation.classification.measures import Evaluation, measure
from mien.evaluation.classification.predict import predict
from tests.support.models import Tiny


def evaluate(classifier: Classifier, dataset: Dataset, split: str, **options: Any) -> Evaluation:
    return measure(predict(classifier, dataset, split, **options))


def pictures(data: Dataset, split: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    samples = list(data.samples(split))
    return np.stack([s.image / 255 for s in samples]), np.array([s.label for s in samples])


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def by_hand(tiny: Tiny, crops: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 44, 44) crops in [0, 1] → probabilities of ``tiny`` with a temperature of 1.7."""
    return softmax(tiny.logits((crops - 0.5) / 0.25) / 1.7)
