"""Made-up answers to clean and corrupted pictures, for whatever starts from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from mien.labels import FER2013


def corrupted_answers(
    n: int = 60, seed: int = 0, skill: float = 0.8, **values: Any
) -> CorruptedAnswers:
    """``n`` answers; ``skill`` of the clean ones are right, and fewer with each strength.

    The labels do not depend on ``seed``.
    """
    labels = np.arange(n) % 7
    rng = np.random.default_rng(seed)
    shape = (n, len(CORRUPTIONS), len(STRENGTHS))
    right = rng.random(shape) < skill * (1 - 0.12 * np.array(STRENGTHS))
    guesses = rng.integers(0, 7, shape)
    clean = np.where(rng.random(n) < skill, labels, (labels + 1) % 7)
    facts: dict[str, Any] = {
        "clean": clean,
        "corrupted": np.where(right, labels[:, None, None], guesses),
        "labels": labels,
        "names": FER2013,
        "keys": tuple(f"folder/{row}.png" for row in range(n)),
        "kinds": tuple(CORRUPTIONS),
        "levels": np.array([each.levels for each in CORRUPTIONS.values()], np.float64),
        "model": "made up",
        "model_hash": "",
        "dataset": "faces",
        "split": "valid",
        "splits": "official",
        "fingerprint": "0123456789abcdef",
    }
    return CorruptedAnswers(**{**facts, **values})
