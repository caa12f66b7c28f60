"""Means over time by a time constant, and labels that do not flicker."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

LEAST_PROB = 1e-3
"""Smaller probabilities count as this one, so that one frame cannot rule a label out."""
_FAR = 4.0  # standard deviations: what is further away weighs less than 1/2,900


class Average:
    """A mean of values that come one by one; a value weighs exp(-age / ``time_constant_s``).

    The first values are averaged evenly among themselves, so the start is not delayed. With a time
    constant of 0 the mean is the last value.
    """

    def __init__(self, time_constant_s: float) -> None:
        self._constant = time_constant_s
        self._sum: Floats | None = None
        self._weight = 0.0
        self.time_s = -math.inf
        """Seconds of the last value."""

    def add(self, values: Floats, time_s: float) -> Floats:
        """The mean with ``values``, (D,). ``InputError`` for a time that is not later."""
        if not self.time_s < time_s < math.inf:
            raise InputError(f"time_s must be later than {self.time_s}, got {time_s}")
        kept = math.exp((self.time_s - time_s) / self._constant) if self._constant else 0.0
        self._sum = values if self._sum is None else kept * self._sum + values
        self._weight = kept * self._weight + 1
        self.time_s = time_s
        return self._sum / self._weight


def gaussian_means(
    values: Floats, times: Floats, sigma_s: float, at: Floats | None = None
) -> Floats:
    """(M, D) means of (T, D) ``values`` over what comes before and after the times ``at``, (M,).

    Weights are Gaussian in time, with a standard deviation of ``sigma_s``; 0 gives the last value.
    ``times``, (T,), must increase. ``at``: the same by default; none before the first of ``times``.
    """
    moments = times if at is None else at
    last = np.searchsorted(times, moments, side="right") - 1
    if not sigma_s:
        return values[last]
    starts = np.minimum(np.searchsorted(times, moments - _FAR * sigma_s), last)
    ends = np.searchsorted(times, moments + _FAR * sigma_s, side="right")
    means = np.empty((len(moments), values.shape[1]))
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        powers = -0.5 * ((times[start:end] - moments[i]) / sigma_s) ** 2
        weights = np.exp(powers - powers.max())  # the nearest weighs 1, however far it is
        means[i] = weights @ values[start:end] / weights.sum()
    return means


def log_probs(probs: Floats) -> Floats:
    """Logarithms of (…, K) probabilities, none below that of ``LEAST_PROB``."""
    return np.asarray(np.log(np.maximum(probs, LEAST_PROB)))


def probs_of(logs: Floats) -> Floats:
    """(…, K) probabilities that sum to 1, from means of logarithms."""
    e = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def next_label(label: int | None, probs: Floats, margin: float) -> int:
    """``label`` until another is more probable by ``margin``; without one the most probable."""
    best = int(probs.argmax())
    if label is None or probs[best] > probs[label] + margin:
        return best
    return label


def steady_labels(probs: Floats, margin: float) -> list[int]:
    """The label of each of (T, K) probabilities, in their order, by ``next_label``."""
    labels: list[int] = []
    for row in probs:
        labels.append(next_label(labels[-1] if labels else None, row, margin))
    return labels
