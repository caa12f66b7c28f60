"""Frames → observations: what each person showed in each window of ten seconds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from mien.log.schema import EXPRESSIONS


@dataclass(frozen=True, slots=True)
class Sample:
    """What one frame says of one face. ``None``: not known."""

    usable: bool = True
    """Whether the face is seen well enough for its values to count."""
    probs: Mapping[str, float] | None = None
    """Expression → probability."""
    expression: str | None = None
    """The one that is shown or held."""
    smiling: bool | None = None
    speaking: bool | None = None
    valence: float | None = None
    arousal: float | None = None
    size: float | None = None
    """Square root of the area of the box, in pixels."""
    light: float | None = None
    """Mean grey level of the face, in [0, 1]."""
    yaw: float | None = None
    """Degrees; see ``mien.tracking.quality.Quality``."""
    roll: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One person in one window. Means are over time; ``None`` where nothing is known."""

    start_ms: int
    """A multiple of the window's length, in UTC."""
    watched_s: float
    """Seconds for which the source gave frames, whether or not they show the person."""
    seen_s: float
    """Seconds that show the person."""
    usable_s: float
    """Seconds of those whose readings count."""
    probs: Mapping[str, float] = field(default_factory=dict)
    """Expression → mean probability over the usable seconds."""
    valence: float | None = None
    """Mean over the usable seconds, as is ``arousal``."""
    arousal: float | None = None
    smiling: float | None = None
    """Share of the usable seconds whose expression is happiness; of files of action units, those in
    which AU12 is present."""
    expressivity: float | None = None
    """Sum over expressions of the variance of their probability over the usable seconds: 0 for a
    face that does not change, at most 1 − 1/K of K expressions."""
    changes: int | None = None
    """How often the expression differed from that of the usable frame just before it."""
    speaking: float | None = None
    """Share of the seconds seen in which the mouth moves as in talking, where that is known."""
    size: float | None = None
    """Pixels; mean over the seconds seen, as are the next three."""
    light: float | None = None
    yaw: float | None = None
    roll: float | None = None
    others: float | None = None
    """Mean number of other faces in the picture over the seconds watched."""

    @property
    def changes_a_minute(self) -> float | None:
        """``changes`` for each minute of usable seconds."""
        if self.changes is None or not self.usable_s:
            return None
        return 60 * self.changes / self.usable_s

    def other_probs(self) -> dict[str, float]:
        """``probs`` of the expressions that have no column of their own."""
        return {name: prob for name, prob in self.probs.items() if name not in EXPRESSIONS}


class Windows:
    """Cuts the frames of one source into windows.

    Each frame counts until the next one begins, but at most ``hold_ms``; what is longer was not
    watched. The last one counts as long as the one before. A frame that reaches over the end of a
    window counts in both.
    """

    def __init__(self, persons: list[int], window_ms: int, hold_ms: int) -> None:
        self._persons, self._window, self._hold = persons, window_ms, hold_ms
        self._waiting: tuple[int, Mapping[int, Sample], int] | None = None
        self._last_ms = 0  # for how long the frame before counted
        self._start: int | None = None
        self._sums: dict[int, _Sums] = {}
        self._shown: dict[int, tuple[int, str]] = {}  # person → end and expression of the last

    def add(
        self, time_ms: int, samples: Mapping[int, Sample], faces: int
    ) -> dict[int, list[Observation]]:
        """Take a frame: person → sample of those it shows, and the number of all faces.

        Times must increase. Returns the windows that are over, of each person.
        """
        done: dict[int, list[Observation]] = {}
        if self._waiting is not None:
            self._last_ms = min(time_ms - self._waiting[0], self._hold)
            done = self._count(self._last_ms)
        self._waiting = (time_ms, samples, faces)
        # The window that began with the last frame may be over, if none came for long.
        if self._start is not None and time_ms >= self._start + self._window:
            self._finish(done)
        return done

    def pause(self) -> dict[int, list[Observation]]:
        """Count the last frame, before a gap. Its window stays open: frames may come in time."""
        done: dict[int, list[Observation]] = {}
        if self._waiting is not None:
            done = self._count(self._last_ms or min(self._hold, 1000))
        self._waiting, self._last_ms, self._shown = None, 0, {}
        return done

    def end(self) -> dict[int, list[Observation]]:
        """The rest, at the end of the source."""
        done = self.pause()
        self._finish(done)
        return done

    def _count(self, length_ms: int) -> dict[int, list[Observation]]:
        assert self._waiting is not None
        time_ms, samples, faces = self._waiting
        end = time_ms + length_ms
        changed = {person: self._change(person, samples.get(person), time_ms) for person in samples}
        done: dict[int, list[Observation]] = {}
        while time_ms < end:
            start = time_ms // self._window * self._window
            if self._start != start:
                self._finish(done)
                self._start = start
                self._sums = {person: _Sums() for person in self._persons}
            until = min(end, start + self._window)
            for person, sums in self._sums.items():
                sums.add((until - time_ms) / 1000, samples.get(person), faces)
                if changed.pop(person, False):
                    sums.changes += 1
            time_ms = until
        for person, sample in samples.items():
            if sample.usable and sample.expression is not None:
                self._shown[person] = (end, sample.expression)
        return done

    def _change(self, person: int, sample: Sample | None, time_ms: int) -> bool:
        if sample is None or not sample.usable or sample.expression is None:
            return False
        end, before = self._shown.get(person, (None, ""))
        return end == time_ms and before != sample.expression

    def _finish(self, done: dict[int, list[Observation]]) -> None:
        if self._start is not None:
            for person, sums in self._sums.items():
                done.setdefault(person, []).append(sums.observation(self._start))
        self._start, self._sums = None, {}


class _Mean:
    __slots__ = ("total", "weight")

    def __init__(self) -> None:
        self.weight = self.total = 0.0

    def add(self, value: Hashable | None, seconds: float) -> None:
        if value is not None:
            self.weight += seconds
            self.total += float(value) * seconds  # type: ignore[arg-type]  # a number

    @property
    def value(self) -> float | None:
        return self.total / self.weight if self.weight else None


_USABLE = ("valence", "arousal", "smiling")
_SEEN = ("speaking", "size", "light", "yaw", "roll")


class _Sums:
    """What one person shows in one window, weighted by seconds."""

    def __init__(self) -> None:
        self.watched = self.seen = self.usable = self.others = 0.0
        self.changes = 0
        self._means = {name: _Mean() for name in (*_USABLE, *_SEEN)}
        self._probs: dict[str, float] = {}
        self._squares = 0.0
        self._named = 0.0  # usable seconds with probabilities
        self._has_expression = False

    def add(self, seconds: float, sample: Sample | None, faces: int) -> None:
        self.watched += seconds
        self.others += seconds * (faces - (sample is not None))
        if sample is None:
            return
        self.seen += seconds
        for name in _SEEN:
            self._means[name].add(getattr(sample, name), seconds)
        if not sample.usable:
            return
        self.usable += seconds
        for name in _USABLE:
            self._means[name].add(getattr(sample, name), seconds)
        self._has_expression |= sample.expression is not None
        if sample.probs is not None:
            self._named += seconds
            for name, prob in sample.probs.items():
                self._probs[name] = self._probs.get(name, 0.0) + seconds * prob
                self._squares += seconds * prob * prob

    def observation(self, start_ms: int) -> Observation:
        """What the window says."""
        named = self._named
        probs = {name: total / named for name, total in self._probs.items()} if named else {}
        variance = self._squares / named - sum(p * p for p in probs.values()) if named else None
        return Observation(
            start_ms,
            self.watched,
            self.seen,
            self.usable,
            probs,
            expressivity=None if variance is None else max(0.0, variance),
            changes=self.changes if self._has_expression else None,
            others=self.others / self.watched if self.watched else None,
            **{name: mean.value for name, mean in self._means.items()},
        )
