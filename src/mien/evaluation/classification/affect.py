"""How good estimates of valence and arousal are; NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.metrics import Interval, middle, resampled_means

NAMES = ("valence", "arousal")
"""Columns of an (N, 2) array of affect."""


@dataclass(frozen=True, slots=True)
class AffectScores:
    """Measures of one of valence and arousal, over the pictures whose value is known."""

    n: int
    ccc: float
    """Concordance correlation coefficient in [-1, 1] (Lin 1989): 1 for equal values."""
    rmse: float
    """Root mean squared error, on the scale from -1 to 1."""
    pearson: float
    """Pearson's correlation, which ignores scale and offset; 0 if either does not vary."""
    intervals: dict[str, Interval]
    """Bootstrapped 95 % intervals of the three, by name."""


def measure_affect(
    estimated: NDArray[np.floating], known: NDArray[np.floating], seed: int = 0
) -> dict[str, AffectScores]:
    """``valence`` and ``arousal`` → their scores, from (N, 2) values; NaN in ``known``: unknown.

    One that is known of fewer than two pictures is left out. The intervals are percentiles over
    ``RESAMPLES`` draws of the pictures with replacement (Efron and Tibshirani 1993).
    """
    scores = {}
    for column, name in enumerate(NAMES):
        rows = np.isfinite(known[:, column])
        if rows.sum() >= 2:
            x, y = (each[rows, column].astype(np.float64) for each in (estimated, known))
            scores[name] = _scores(x, y, seed)
    return scores


def _scores(x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> AffectScores:
    n = len(x)
    # Every measure is a function of five means, so a resample needs only weighted means. Values
    # near 0 keep the differences of squares exact.
    mean = y.mean()
    x, y = x - mean, y - mean
    terms = np.stack([x, y, x * x, y * y, x * y], axis=1)  # (N, 5)
    whole = _measures(terms.mean(axis=0))
    resampled = _measures(resampled_means(terms, seed))
    intervals = {name: middle(values) for name, values in resampled.items()}
    return AffectScores(n, **{k: float(v) for k, v in whole.items()}, intervals=intervals)


def _measures(means: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """From (…, 5) means of x, y, x², y² and xy."""
    mx, my, mxx, myy, mxy = np.moveaxis(means, -1, 0)
    vx, vy = np.maximum(mxx - mx * mx, 0), np.maximum(myy - my * my, 0)
    covariance = mxy - mx * my
    return {
        "ccc": _quotient(2 * covariance, vx + vy + (mx - my) ** 2),
        "rmse": np.sqrt(np.maximum(mxx - 2 * mxy + myy, 0)),
        "pearson": np.clip(_quotient(covariance, np.sqrt(vx * vy)), -1, 1),
    }


def _quotient(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 where the denominator is 0 up to rounding."""
    varies = below > 1e-12
    return np.where(varies, above / np.where(varies, below, 1), 0.0)
