"""How much AP50 varies with the choice of pictures: a bootstrap over pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.detection.precision import Pool, interpolated
from mien.evaluation.metrics import RESAMPLES, Interval, middle


def resampled_ap(pooled: Pool, seed: int = 0) -> NDArray[np.float64]:
    """(B,) AP at the first threshold of ``pooled``, over pictures drawn with replacement.

    The same seed draws the same P pictures, so the values of two detectors are pairs. NaN for a
    draw without faces.
    """
    values = np.full(RESAMPLES, np.nan)
    if not pooled.faces.any():
        return values
    pictures = len(pooled.faces)
    drawn = np.random.default_rng(seed).multinomial(
        pictures, np.full(pictures, 1 / pictures), RESAMPLES
    )  # (B, P) how often each picture is drawn
    steps = np.flatnonzero(pooled.right[0])
    end = int(steps[-1]) + 1 if len(steps) else 0  # boxes after the last right one do not matter
    picture, wrong = pooled.picture[:end], pooled.wrong[0, :end]
    for i, weights in enumerate(drawn):
        total = int(weights @ pooled.faces)
        if total:
            # Boxes are matched within their picture, so a picture drawn twice counts twice.
            tp = np.cumsum(weights[picture[steps]])
            fp = np.cumsum(weights[picture] * wrong)[steps]
            values[i] = interpolated(tp, fp, total)
    return values


def interval(values: NDArray[np.float64]) -> Interval | None:
    """The middle 95 % of resampled values; ``None`` without finite values."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    return middle(known)
