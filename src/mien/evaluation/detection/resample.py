"""How much of AP50 is the luck of which pictures were measured: the bootstrap over pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.detection.precision import Pool, interpolated
from mien.evaluation.metrics import RESAMPLES, Interval


def resampled_ap(found: Pool, seed: int = 0) -> NDArray[np.float64]:
    """(B,) AP at the first threshold of ``found`` over pictures drawn anew with replacement.

    The same draw of P pictures for the same seed: two detectors' values are pairs. NaN where a draw
    has no face.
    """
    values = np.full(RESAMPLES, np.nan)
    if not found.faces.any():
        return values
    pictures = len(found.faces)
    drawn = np.random.default_rng(seed).multinomial(
        pictures, np.full(pictures, 1 / pictures), RESAMPLES
    )  # (B, P) how often each picture is in
    steps = np.flatnonzero(found.right[0])
    end = int(steps[-1]) + 1 if len(steps) else 0  # no box below the last right one matters
    picture, wrong = found.picture[:end], found.wrong[0, :end]
    for i, weights in enumerate(drawn):
        total = int(weights @ found.faces)
        if total:
            # Boxes are judged within their picture, so a picture drawn twice has each box twice.
            tp = np.cumsum(weights[picture[steps]])
            fp = np.cumsum(weights[picture] * wrong)[steps]
            values[i] = interpolated(tp, fp, total)
    return values


def interval(values: NDArray[np.float64]) -> Interval | None:
    """The middle 95 % of resampled values; ``None`` where there are none."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return Interval(float(low), float(high))
