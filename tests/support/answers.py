"""Made-up answers of a classifier, for whatever starts from ``Predictions``."""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.evaluation.classification.predictions import Predictions
from mien.labels import FER2013


def answers(
    n: int = 200, names: tuple[str, ...] = FER2013, seed: int = 0, **values: Any
) -> Predictions:
    """``n`` answers that are better than chance; the last name is nobody's label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(names) - 1, n)
    logits = rng.normal(size=(n, len(names)))
    logits[np.arange(n), labels] += 1.5
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    facts: dict[str, Any] = {
        "probs": probs.astype(np.float32),
        "labels": labels.astype(np.int64),
        "names": names,
        "keys": tuple(f"folder/{row}.png" for row in range(n)),
        "repeated": np.arange(n) % 4 == 0,
        "model": "made up",
        "model_hash": "",
        "dataset": "faces",
        "split": "valid",
        "splits": "official",
        "tta": False,
        "fingerprint": "0123456789abcdef",
        "repeats_of": "train",
    }
    return Predictions(**{**facts, **values})
