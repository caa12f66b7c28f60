"""Hours → one value a local day and measure, matched to the hours that are usual for the person.

Someone who smiles more in the evening must not look sadder on a day that was only seen in the
morning. So each hour is compared with the same hour of the person's own reference days, and the
differences are averaged::

    value = M + Σ a_h (x_h - m_h) / Σ a_h        a_h = min(s_h, u_h)
    coverage = Σ a_h / Σ u_h                     M = Σ u_h m_h / Σ u_h

``x_h``: the day's mean over the usable seconds of hour h; ``s_h``: those seconds; ``m_h`` and
``u_h``: the same of the reference days, ``u_h`` an average a day. On a day with all its usual hours
this is direct standardisation by hour of the day. Hours that were not seen are taken to differ from
the usual as those that were, not left out: leaving them out would give the others' mean. No hour
counts for more seconds than it usually has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mien.monitor.baseline import LEAST_DAYS
from mien.monitor.hours import Hours
from mien.monitor.measures import CHANGES, COVERAGE, MEASURES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_USABLE_S = 600.0
"""Usable seconds below which a day gets no value."""
LEAST_COVERAGE = 0.25
"""Coverage below which a day gets no value."""


class NoStatement(StrEnum):
    """Why a day has no value, in words."""

    NOT_WATCHED = "nothing was recorded on this day"
    NOT_SEEN = "the camera ran, but the person's face was not seen"
    TOO_SHORT = "the face was seen well for less than ten minutes"
    TOO_LITTLE = "the face was seen for too little of its usual hours"


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """One person's days, one after the other from the first with a row to the last."""

    day: Integers
    """(days,) local days since 1970-01-01, without a gap."""
    setup: Integers
    """(days,) the setup of most usable seconds, -1 without any; only its hours count."""
    restarts: NDArray[np.bool_]
    """(days,) where the setup is another than on the day before that had one."""
    watched_s: Floats
    """(days,) seconds in which the camera ran."""
    usable_s: Floats
    """(days,) seconds in which the face was seen well enough."""
    coverage: Floats
    """(days,) share of the usual hours' usable time, in [0, 1]; NaN on days without recording."""
    values: Mapping[str, Floats]
    """(days,) by measure; NaN without a statement."""
    reasons: tuple[NoStatement | None, ...]
    """Why a day has no value; ``None`` where it has."""

    def dates(self) -> NDArray[np.datetime64]:
        """(days,) the local dates, ``datetime64[D]``."""
        return self.day.astype("datetime64[D]")


def day_values(hours: Hours, *, least_s: float = LEAST_USABLE_S) -> Days:
    """The days of a person's hours. An empty ``Hours`` gives no days.

    The reference days of a setup are its first 14 with ``least_s`` usable seconds, so no day from
    the fifteenth on depends on a later one.
    """
    first = int(hours.day.min()) if len(hours.day) else 0
    count = int(hours.day.max()) - first + 1 if len(hours.day) else 0
    at = hours.day - first
    setup = _main_setup(hours, at, count)
    ours = hours.setup == setup[at] if count else np.zeros(0, bool)

    def table(values: Floats) -> Floats:
        """(days, 24) of the main setup."""
        found = np.zeros((count, 24))
        found[at[ours], hours.hour[ours]] = values[ours]
        return found

    usable = table(hours.usable_s)
    watched = np.bincount(at, hours.watched_s, count).astype(float)  # whole without rows
    tables = {name: table(values) for name, values in hours.means.items() if name in MEASURES}
    with np.errstate(invalid="ignore", divide="ignore"):
        tables[CHANGES] = table(hours.changes) * 60 / usable
    values = {name: np.full(count, np.nan) for name in tables}
    coverage = np.full(count, np.nan)
    for number in np.unique(setup[setup >= 0]):
        days = np.flatnonzero(setup == number)
        full = days[usable[days].sum(axis=1) >= least_s][:LEAST_DAYS]
        if not len(full):
            continue
        usual = usable[full].mean(axis=0)
        counted = np.minimum(usable[days], usual)
        coverage[days] = counted.sum(axis=1) / usual.sum()
        for name, each in tables.items():
            values[name][days] = _matched(each[days], counted, each[full], usable[full], usual)
    coverage = np.where(np.isnan(coverage) & (watched > 0), 0.0, coverage)
    reasons = _reasons(watched, usable.sum(axis=1), coverage, least_s)
    silent = np.array([reason is not None for reason in reasons], bool)
    for each in values.values():
        each[silent] = np.nan
    return Days(
        np.arange(first, first + count), setup, _restarts(setup), watched, usable.sum(axis=1),
        coverage, {**values, COVERAGE: coverage}, reasons,
    )  # fmt: skip


def _main_setup(hours: Hours, at: Integers, count: int) -> Integers:
    """(days,) the setup with the most usable seconds of each day; -1 without any."""
    numbers, of = np.unique(hours.setup, return_inverse=True)
    if not len(numbers):
        return np.full(count, -1)
    seconds = np.zeros((count, len(numbers)))
    np.add.at(seconds, (at, of.reshape(-1)), hours.usable_s)
    return np.where(seconds.max(axis=1) > 0, numbers[seconds.argmax(axis=1)], -1)


def _restarts(setup: Integers) -> NDArray[np.bool_]:
    """(days,) where the setup is another than the last one known."""
    known = np.flatnonzero(setup >= 0)
    restarts = np.zeros(len(setup), bool)
    restarts[known[1:][setup[known[1:]] != setup[known[:-1]]]] = True
    return restarts


def _matched(
    day: Floats, counted: Floats, reference: Floats, seconds: Floats, usual: Floats
) -> Floats:
    """The module's formula; (days, 24) in, (days,) out, NaN without a counted hour."""
    known = ~np.isnan(reference)
    mean = np.where(known, reference * seconds, 0.0).sum(axis=0)
    total = np.where(known, seconds, 0.0).sum(axis=0)
    mean = np.divide(mean, total, out=np.zeros(24), where=total > 0)
    weight = np.where(np.isnan(day) | (total == 0), 0.0, counted)
    apart = (weight * np.where(weight > 0, day - mean, 0.0)).sum(axis=1)
    held = weight.sum(axis=1)
    middle = (usual * mean).sum() / usual[total > 0].sum() if (total > 0).any() else np.nan
    value: Floats = middle + np.divide(apart, held, out=np.full(len(day), np.nan), where=held > 0)
    return value


def _reasons(
    watched: Floats, usable: Floats, coverage: Floats, least_s: float
) -> tuple[NoStatement | None, ...]:
    kinds = np.select(
        [watched <= 0, usable <= 0, usable < least_s, ~(coverage >= LEAST_COVERAGE)], [1, 2, 3, 4]
    )
    return tuple(_KINDS[kind] for kind in kinds)


_KINDS = (None, *NoStatement)
