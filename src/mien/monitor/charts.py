"""EWMA and CUSUM charts of many series at once.

Montgomery, Introduction to Statistical Quality Control (8th edition), chapter 9. Values are
standardised: mean 0 and standard deviation 1 while nothing has changed.

**Missing values** are NaN. A chart keeps its statistic on such a day: nothing was learnt. What the
next value has in common with those before it fades with the days between (``phi`` to the power of
the gap).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ewma:
    """Exponentially weighted moving averages of ``count`` series, a day at a time (§9.2).

    ``value``: (count,) the averages, 0 at first. ``variance``: their exact variance while nothing
    has changed, for values with an autocorrelation of ``phi`` between neighbouring days, (count,)
    or a number. With ``phi`` 0 that is λ / (2 - λ) · (1 - (1 - λ)^2t), Montgomery's equation 9.25
    and 9.26.
    """

    def __init__(self, count: int, weight: float) -> None:
        self.weight = weight
        self.value = np.zeros(count)
        self.variance = np.zeros(count)
        self._shared = np.zeros(count)  # covariance of the next value and the average

    def add(self, z: Floats, phi: Floats | float = 0.0) -> None:
        """Take in a day's values, (count,)."""
        w, seen = self.weight, ~np.isnan(z)
        shared = self._shared * phi
        value = (1 - w) * self.value + w * z
        variance = (1 - w) ** 2 * self.variance + w * w + 2 * w * (1 - w) * shared
        self.value = np.where(seen, value, self.value)
        self.variance = np.where(seen, variance, self.variance)
        self._shared = np.where(seen, (1 - w) * shared + w, shared)

    def restart(self, where: NDArray[np.bool_]) -> None:
        """Forget what was taken in, of the series ``where`` (count,) is true."""
        for state in (self.value, self.variance, self._shared):
            state[where] = 0.0


class Cusum:
    """Two-sided tabular CUSUMs of ``count`` series, a day at a time (§9.1.1, equation 9.2 and 9.3).

    ``above`` and ``below``: (count,) the two sums, 0 or more.
    """

    def __init__(self, count: int) -> None:
        self.above = np.zeros(count)
        self.below = np.zeros(count)

    def add(self, z: Floats, slack: Floats | float) -> None:
        """Take in a day's values, (count,); ``slack`` is Montgomery's k, half the shift sought."""
        seen = ~np.isnan(z)
        self.above = np.where(seen, np.maximum(0.0, self.above + z - slack), self.above)
        self.below = np.where(seen, np.maximum(0.0, self.below - z - slack), self.below)

    def restart(self, where: NDArray[np.bool_]) -> None:
        """Set the sums back to 0, of the series ``where`` (count,) is true."""
        self.above[where] = 0.0
        self.below[where] = 0.0


def ewma(z: Floats, weight: float, phi: float = 0.0) -> tuple[Floats, Floats]:
    """Averages and their exact standard deviations, each of ``z``'s shape (…, days).

    A chart alarms where the average is further from 0 than L standard deviations.
    """
    rows = z.reshape(-1, z.shape[-1])
    chart = Ewma(len(rows), weight)
    values, deviations = np.empty_like(rows), np.empty_like(rows)
    for day in range(rows.shape[1]):
        chart.add(rows[:, day], phi)
        values[:, day], deviations[:, day] = chart.value, np.sqrt(chart.variance)
    return values.reshape(z.shape), deviations.reshape(z.shape)


def cusum(z: Floats, slack: float) -> tuple[Floats, Floats]:
    """The sums above and below, each of ``z``'s shape (…, days). A chart alarms beyond h."""
    rows = z.reshape(-1, z.shape[-1])
    chart = Cusum(len(rows))
    above, below = np.empty_like(rows), np.empty_like(rows)
    for day in range(rows.shape[1]):
        chart.add(rows[:, day], slack)
        above[:, day], below[:, day] = chart.above, chart.below
    return above.reshape(z.shape), below.reshape(z.shape)
