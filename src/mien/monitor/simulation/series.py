"""Made-up day values: autocorrelation, a weekly rhythm, gaps, wild days and a planted shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """How day values come about. In units of a person's own standard deviation."""

    phi: float = 0.3
    """Mean autocorrelation of neighbouring days."""
    phi_spread: float = 0.15
    """How much persons differ in it: a standard deviation; it stays within 0 and 0.8."""
    rhythm: float = 0.4
    """Height of the weekly rhythm: a sine of seven days, of a phase and height of each person's
    own, of this height on average."""
    missing: float = 0.05
    """Share of single days without a value."""
    away: float = 0.02
    """Chance a day that a longer absence begins, of 5 days on average."""
    tails: float = 8.0
    """Degrees of freedom of Student's t, of which the days' surprises are: 8 has more wild days
    than a normal distribution, ``inf`` is normal."""


def draw(world: World, series: int, days: int, random: np.random.Generator) -> Floats:
    """(series, days) of values with mean 0 and standard deviation 1, without rhythm and gaps.

    NaN on days without a value. Each series is another person's, or another measure's.
    """
    phi = np.clip(random.normal(world.phi, world.phi_spread, series), 0.0, 0.8)
    if np.isinf(world.tails):
        noise = random.standard_normal((days, series))
    else:
        noise = random.standard_t(world.tails, (days, series))
        noise /= np.sqrt(world.tails / (world.tails - 2))
    new = np.sqrt(1 - phi * phi)
    values = np.empty((days, series))
    values[0] = noise[0]
    for day in range(1, days):
        values[day] = phi * values[day - 1] + new * noise[day]
    height = random.exponential(world.rhythm, series) if world.rhythm else np.zeros(series)
    phase = random.uniform(0, 2 * np.pi, series)
    values += height * np.sin(2 * np.pi * np.arange(days)[:, None] / 7 + phase)
    values[_gaps(world, days, series, random)] = np.nan
    return np.ascontiguousarray(values.T)


def _gaps(world: World, days: int, series: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """(days, series): where there is no value."""
    gaps = random.random((days, series)) < world.missing
    begins = random.random((days, series)) < world.away
    lasts = random.geometric(1 / 5, (days, series))
    left = np.zeros(series, np.int64)
    for day in range(days):
        left = np.where(begins[day], lasts[day], left - 1)
        gaps[day] |= left > 0
    return gaps


def coverages(world: World, persons: int, days: int, random: np.random.Generator) -> Floats:
    """(persons, days) of seen time as a share of the usual, NaN on days without any.

    Log-normal with a spread of 0.4 around 90 %, cut at 1: on about one day in 100 less than 30 %.
    Days without a value are the gaps of ``world``: a person who is away is truly not seen.
    """
    values = draw(world, persons, days, random)
    return np.minimum(1.0, 0.9 * np.exp(0.4 * values))


def with_shift(values: Floats, size: float, first: int) -> Floats:
    """A copy with every other series raised and the rest lowered by ``size``, from ``first`` on."""
    shifted = values.copy()
    signs = np.where(np.arange(len(values)) % 2, -1.0, 1.0)
    shifted[:, first:] += size * signs[:, None]
    return shifted
