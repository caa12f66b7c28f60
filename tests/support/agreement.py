"""How far two detectors may differ in what a classifier sees.

The bounds were written down before the first measurement. A kappa above 0.8 is "almost perfect"
agreement (Landis and Koch 1977); and no probability should move by more than a tenth, on average,
because of the box alone. ``benchmarks/detector_agreement.py`` measures the same on all pictures.
"""

from __future__ import annotations

import numpy as np

KAPPA, DISTANCE = 0.8, 0.1
SAME = 0.4
"""Overlap from which two boxes are one face."""
LEAST = 48
"""Pixels of the faces that are compared."""


def kappa(first: np.ndarray, second: np.ndarray) -> float:
    """Cohen's kappa of two lists of labels."""
    count = int(max(first.max(), second.max())) + 1
    shares = [np.bincount(each, minlength=count) / len(each) for each in (first, second)]
    chance = float((shares[0] * shares[1]).sum())
    return (float((first == second).mean()) - chance) / (1 - chance)
