"""Observations and hours of a made-up person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from mien.monitor.hours import Hours, Observations

FIRST = 20_500
"""A local day: 2026-02-16, a Monday."""


def hours(
    days: int, means: dict[str, np.ndarray], *, seconds: float | np.ndarray = 1200.0,
    first: int = FIRST, setup: int = 0,
) -> Hours:  # fmt: skip
    """Each of ``means`` is (days, 24); ``seconds`` usable ones of each hour, likewise."""
    usable = np.broadcast_to(np.asarray(seconds, float), (days, 24)).reshape(-1)
    kept = usable > 0
    day, hour = (grid.reshape(-1)[kept] for grid in np.mgrid[first : first + days, 0:24])
    count = int(kept.sum())
    return Hours(
        day, hour, np.full(count, setup), np.full(count, 3600.0), usable[kept], usable[kept],
        usable[kept] / 30, {name: each.reshape(-1)[kept] for name, each in means.items()},
    )  # fmt: skip


def joined(*parts: Hours) -> Hours:
    """All rows."""

    def both(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    means = {name: np.concatenate([part.means[name] for part in parts]) for name in parts[0].means}
    names = ("day", "hour", "setup", "watched_s", "seen_s", "usable_s", "changes")
    return Hours(*map(both, names), means)


def observed(
    start: datetime, seconds: float, zone: str, value: float, *, every: float = 10.0,
    name: str = "smiling",
) -> Observations:  # fmt: skip
    """A row each ten seconds from ``start``, an aware time, of one value."""
    count = int(seconds / every)
    moments = [start.astimezone(UTC) + timedelta(seconds=every * n) for n in range(count)]
    offsets = [at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0) for at in moments]
    full = np.full(count, every)
    return Observations(
        np.array([round(at.timestamp() * 1000) for at in moments], np.int64),
        np.array([offset.total_seconds() / 60 for offset in offsets], np.int64),
        full, full, full, np.ones(count), {name: np.full(count, value)},
    )  # fmt: skip
