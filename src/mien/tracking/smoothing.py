"""Steadier answers about a person over time, beside the raw ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.errors import ConfigError, InputError
from mien.tracking.averaging import (
    Average,
    Floats,
    gaussian_means,
    log_probs,
    next_label,
    probs_of,
    steady_labels,
)
from mien.types import EmotionScores, Reading

TIME_CONSTANT_S = 0.1
"""Seconds over which answers are averaged, chosen by benchmarks/smoothing.py."""
MARGIN = 0.1
"""By how much another expression must be more probable to become the label."""
_FORGOTTEN = 20.0  # time constants after which a person's past weighs nothing


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A reading, and what it is when those around it in time are taken into account."""

    raw: Reading
    """The reading as it was."""
    emotions: EmotionScores
    """The smoothed probabilities."""
    expression: str
    """The smoothed label, which changes only when another one is clearly more probable."""
    valence: float | None = None
    """Smoothed, in [-1, 1], if the model estimates it."""
    arousal: float | None = None
    """Smoothed, in [-1, 1], if the model estimates it."""


class Smoother:
    """Smooths the readings of the persons in one live stream; make one for each stream.

    The logarithms of probabilities are averaged for each ``track_id``, and each reading weighs
    exp(-age / ``time_constant_s``), so the rate of frames does not matter. The label has
    hysteresis: it stays until another one is more probable by ``margin``. Raises ``ConfigError``
    for values out of range. For files, where what follows is known, see ``smooth_track``.
    """

    def __init__(self, time_constant_s: float = TIME_CONSTANT_S, *, margin: float = MARGIN) -> None:
        _check(time_constant_s, margin)
        self._constant, self._margin = time_constant_s, margin
        self._people: dict[int, _Person] = {}

    def update(self, reading: Reading, time_s: float) -> Smoothed:
        """``reading`` and its smoothed values.

        A face without ``track_id`` is nobody yet, and its values stay as they are. Raises
        ``InputError`` if ``time_s`` is not later than that of the person's last reading, or the
        labels are others.
        """
        number = reading.face.track_id
        if number is None:
            return _smoothed(reading, _values(reading), None)
        person = self._people.get(number)
        if person is None:
            self._forget(time_s)
            person = self._people[number] = _Person(Average(self._constant), reading)
        _check_alike(person.first, reading)
        means = person.average.add(_values(reading), time_s)
        probs = probs_of(means[: len(reading.emotions.labels)])
        person.label = next_label(person.label, probs, self._margin)
        return _smoothed(reading, means, person.label)

    def _forget(self, time_s: float) -> None:
        """Drop who was not seen for long, so that memory stays flat."""
        since = time_s - max(_FORGOTTEN * self._constant, 60.0)
        self._people = {n: p for n, p in self._people.items() if p.average.time_s >= since}


def smooth_track(
    readings: Sequence[Reading],
    times: Sequence[float],
    time_constant_s: float = TIME_CONSTANT_S,
    *,
    margin: float = MARGIN,
) -> list[Smoothed]:
    """All readings of one person, smoothed with what comes before and after.

    ``times`` are their seconds, increasing. Readings around weigh exp(-½(distance /
    ``time_constant_s``)²), so the average is not late. A reading that is ``carried`` over from an
    earlier one has no weight. Raises ``ConfigError`` and ``InputError``.
    """
    _check(time_constant_s, margin)
    if len(readings) != len(times):
        raise InputError(f"{len(readings)} readings for {len(times)} times: one time each")
    if not readings:
        return []
    seconds = np.array(times, np.float64)
    if not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any():
        raise InputError("times must be numbers of seconds that increase")
    for reading in readings:
        _check_alike(readings[0], reading)
    own = [i for i, reading in enumerate(readings) if not (i and reading.carried)]
    values = np.array([_values(readings[i]) for i in own])
    means = gaussian_means(values, seconds[own], time_constant_s, at=seconds)
    labels = steady_labels(probs_of(means[:, : len(readings[0].emotions.labels)]), margin)
    return [_smoothed(*row) for row in zip(readings, means, labels, strict=True)]


@dataclass(slots=True)
class _Person:
    average: Average
    first: Reading
    label: int | None = None


def _values(reading: Reading) -> Floats:
    """(K,) logarithms of probabilities, then valence and arousal if known."""
    affect = [v for v in (reading.valence, reading.arousal) if v is not None]
    return np.append(log_probs(np.array(reading.emotions.probs)), affect)


def _smoothed(raw: Reading, means: Floats, label: int | None) -> Smoothed:
    """``means`` as ``_values`` orders them; without a label those of the reading itself."""
    labels = raw.emotions.labels
    if label is None:
        return Smoothed(raw, raw.emotions, raw.emotions.top, raw.valence, raw.arousal)
    probs = probs_of(means[: len(labels)])
    rest = iter(means[len(labels) :].tolist())
    valence, arousal = (v if v is None else next(rest) for v in (raw.valence, raw.arousal))
    emotions = EmotionScores(labels, tuple(probs.tolist()))
    return Smoothed(raw, emotions, labels[label], valence, arousal)


def _check(time_constant_s: float, margin: float) -> None:
    if not 0 <= time_constant_s < math.inf:
        raise ConfigError(f"time_constant_s must be 0 seconds or more, got {time_constant_s}")
    if not 0 <= margin < 1:
        raise ConfigError(f"margin must be from 0 to below 1, got {margin}")


def _check_alike(first: Reading, other: Reading) -> None:
    """All of a person's readings must have what the first one has."""
    if _kind(first) != _kind(other):
        raise InputError(
            "readings of one person come from two models: their labels differ, or one alone has "
            "valence and arousal"
        )


def _kind(reading: Reading) -> tuple[object, ...]:
    return reading.emotions.labels, reading.valence is None, reading.arousal is None
