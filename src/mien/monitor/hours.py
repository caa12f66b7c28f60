"""What was observed in each local hour: sums that add up, from which days are made.

A day needs no more than this, so a year of a person is 9,000 rows instead of a million.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DAY_MS, _HOUR_MS, _MINUTE_MS = 86_400_000, 3_600_000, 60_000


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Rows of one person, in any order; each array is (rows,)."""

    start_ms: Integers
    """Milliseconds since 1970 in UTC."""
    offset_min: Integers
    """What local time was ahead of UTC, in minutes."""
    watched_s: Floats
    """Seconds in which the camera ran."""
    seen_s: Floats
    """Seconds in which the face was found."""
    usable_s: Floats
    """Seconds in which it was seen well enough."""
    changes: Floats
    """How often the expression changed."""
    means: Mapping[str, Floats]
    """Means over the usable seconds, by name: probabilities, smiling, …; NaN without a value."""
    setup: Integers | None = None
    """A number for each combination of model, detector, camera and calibration; ``None``: one."""


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """One row for each local day, hour and setup of one person; each array is (rows,)."""

    day: Integers
    """Local days since 1970-01-01."""
    hour: Integers
    """Local hour, 0 to 23. The hour that a clock repeats in autumn is one row."""
    setup: Integers
    """A number for each combination of model, detector, camera and calibration."""
    watched_s: Floats
    seen_s: Floats
    usable_s: Floats
    changes: Floats
    """How often the expression changed; NaN where that was not recorded."""
    means: Mapping[str, Floats] = field(default_factory=dict)
    """Means over the usable seconds, by name; NaN without a value."""


def hours_of(rows: Observations) -> Hours:
    """The hours of observations; a row belongs to the local hour in which it starts."""
    local = rows.start_ms + rows.offset_min * _MINUTE_MS
    setup = np.zeros(len(local), np.int64) if rows.setup is None else rows.setup
    keys = np.stack([local // _DAY_MS, local % _DAY_MS // _HOUR_MS, setup])
    keys, of = np.unique(keys, axis=1, return_inverse=True)
    of = of.reshape(-1)  # NumPy 2.0 kept another shape

    def total(values: Floats) -> Floats:
        return np.bincount(of, values, keys.shape[1]).astype(float)  # whole numbers of no rows

    means = {}
    for name, values in rows.means.items():
        known = ~np.isnan(values)
        seconds = total(np.where(known, rows.usable_s, 0.0))
        weighted = total(np.where(known, rows.usable_s * values, 0.0))
        means[name] = np.divide(
            weighted, seconds, out=np.full_like(seconds, np.nan), where=seconds > 0
        )
    day, hour, number = keys
    return Hours(
        day, hour, number, total(rows.watched_s), total(rows.seen_s), total(rows.usable_s),
        total(rows.changes), means,
    )  # fmt: skip
