"""Days on which a person was seen for much less than usual, one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lost(
    coverage: NDArray[np.float64], below: float, days: int, clear: float
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Where coverage is lost, and for how many days in a row it has been ``below``.

    ``coverage`` (persons, days), NaN where there is no statement, which changes nothing. Lost from
    the ``days``-th such day on, until one of at least ``clear``. Both answers are (persons, days).
    """
    count = np.zeros(len(coverage), np.int64)
    on = np.zeros(len(coverage), bool)
    alarm = np.zeros(coverage.shape, bool)
    runs = np.zeros(coverage.shape, np.int64)
    for day in range(coverage.shape[1]):
        now = coverage[:, day]
        known = ~np.isnan(now)
        count = np.where(known, np.where(now < below, count + 1, 0), count)
        on = np.where(known, (count >= days) | (on & (now < clear)), on)
        alarm[:, day], runs[:, day] = on, count
    return alarm, runs
