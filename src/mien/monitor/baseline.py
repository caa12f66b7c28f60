"""What is usual for a person: middle, spread and autocorrelation of their own earlier days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_DAYS = 14
"""Own earlier days with a value, without which there is no baseline."""
MAD_TO_SD = 1.4826
"""A normal distribution's standard deviation in units of its median absolute deviation."""
USUAL_PHI = 0.3
"""Autocorrelation of neighbouring days that is assumed before there are days to tell."""
_PHI_DAYS = 30.0
"""How many days of evidence ``USUAL_PHI`` counts for."""
_CAP = 3.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """Of many series at once; each field is (series,)."""

    centre: Floats
    """Median of the days."""
    scale: Floats
    """1.4826 times the median absolute deviation, or the floor where that is larger."""
    phi: Floats
    """Autocorrelation of neighbouring days, in [0, 0.8], drawn towards ``USUAL_PHI``."""
    error: Floats
    """Standard error of ``centre``, in units of ``scale``."""
    days: NDArray[np.int64]
    """Days with a value."""


def baseline(values: Floats, floor: float = 0.0) -> Baseline:
    """The baseline of ``values`` (series, days); NaN where a day has no value.

    ``floor``: the smallest scale, for a series that hardly varies: without it, a share that was
    0 % on most days would make any smile an alarm. All fields are NaN for a series without values.

    The median of n normal values has a variance of π / 2n; neighbours that resemble each other
    are worth fewer days: (1 + φ) / (1 - φ) times the variance.
    """
    days = np.count_nonzero(~np.isnan(values), axis=1)
    centre = row_median(values, days)
    apart = values - centre[:, None]
    scale = np.maximum(MAD_TO_SD * row_median(np.abs(apart), days), floor)
    phi = _autocorrelation(apart, scale, days)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.pi / 2 / days * (1 + phi) / (1 - phi))
    return Baseline(centre, scale, phi, np.where(days > 0, error, np.nan), days)


def row_median(values: Floats, count: NDArray[np.int64]) -> Floats:
    """Median of each row of (rows, n) without its NaNs; ``count``: how many values each row has.

    NumPy's ``nanmedian`` takes ten times as long for many short rows.
    """
    ordered = np.sort(values, axis=1)  # NaNs last
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[1] - 1)
    rows = np.arange(len(values))
    middle: Floats = (ordered[rows, low] + ordered[rows, high]) / 2
    return middle


def _autocorrelation(apart: Floats, scale: Floats, days: NDArray[np.int64]) -> Floats:
    """Lag-1 autocorrelation of capped deviations, less its bias, drawn towards ``USUAL_PHI``.

    The bias of short series is -(1 + 3φ) / n (Kendall 1954).
    """
    known = ~np.isnan(apart)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(known, np.clip(apart / scale[:, None], -_CAP, _CAP), 0.0)
        pairs = np.count_nonzero(known[:, 1:] & known[:, :-1], axis=1)
        products = np.einsum("ij,ij->i", z[:, 1:], z[:, :-1]) / pairs
        found = products / (np.einsum("ij,ij->i", z, z) / days)
        found = found + (1 + 3 * np.clip(found, 0, 1)) / np.maximum(days, 1)
    found = np.where((pairs > 0) & np.isfinite(found), found, USUAL_PHI)
    phi: Floats = np.clip((pairs * found + _PHI_DAYS * USUAL_PHI) / (pairs + _PHI_DAYS), 0.0, 0.8)
    return phi
