"""The sink that fills a log: results of a source → observations of the persons it shows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import insert

from mien.errors import InputError
from mien.files import Closing
from mien.log.database import Log
from mien.log.persons import consented
from mien.log.retention import prune
from mien.log.schema import READINGS
from mien.log.sessions import Setup, Source, add_gap, begin_session, check_alone, end_session
from mien.log.shown import Candidate, Chooser, Region
from mien.log.store import add_observations
from mien.log.times import DAY_MS, Zone, now_ms
from mien.log.windows import Observation, Sample, Windows
from mien.sinks.base import Image
from mien.tracking.mouth import SPEAKING, MouthMotion
from mien.tracking.quality import quality
from mien.types import Reading, Result

GAP_S = 5.0
"""Seconds without a frame that are noted as a gap."""
SMILING = "happiness"
"""The expression that counts as smiling."""


class SourceClock(Protocol):
    """Says when a frame was, as ``FromStart`` and ``LiveClock`` of ``mien.log.times``."""

    def at(self, time_s: float) -> tuple[int, int]:
        """(moment in ms, by how many ms the clock jumped just before)."""
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """Who is recorded from which source, and how."""

    source: Source
    setup: Setup
    persons: Mapping[str, Region | None]
    """Pseudonym → place in the picture; ``None``: the largest usable face."""
    clock: SourceClock
    zone: Zone
    hold_s: float = 1.0
    """The longest time that a frame counts for."""
    keep_readings: bool = False
    """Whether single readings are stored too, for a few days."""
    resumes: bool = False
    """Whether what an interruption leaves out can be recorded again, as that of a file. Then the
    last window is not stored if the recording is interrupted."""
    notes_gaps: bool = True


class LogSink(Closing):
    """Takes results in a ``with`` block. Each window is stored when it is over, in a transaction.

    The first result begins a session. A clock that is set begins a new one. Images are needed for
    light and pose, and to tell who talks. Raises what ``begin_session`` raises, ``InputError`` when
    no consent is in force any more, ``LogError`` and ``OutputError``.
    """

    def __init__(self, log: Log, recording: Recording) -> None:
        self._log, self._recording = log, recording
        self._gap_ms = max(GAP_S, recording.hold_s) * 1000  # frames may be meant to be rarer
        self._session = 0
        self.windows = 0
        """Windows stored, each for every person."""
        self.seen_s = self.usable_s = self.watched_s = 0.0
        """Sums over the persons."""
        self._choosers: dict[int, Chooser] = {}
        self._windows: Windows | None = None
        self._mouths = MouthMotion()
        self._last_ms: int | None = None
        self._reason = "no frames came"
        self._readings: list[dict[str, Any]] = []
        self._pruned_day = 0
        self._closed = False

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take one result; ``image`` is its frame, (H, W, 3) RGB uint8."""
        time_s = result.time_s or 0.0
        time_ms, jump = self._recording.clock.at(time_s)
        if jump:
            self._jump(time_ms, jump)
        elif self._last_ms is not None and time_ms - self._last_ms > self._gap_ms:
            self._gap(self._last_ms, time_ms, self._reason)
        if self._windows is None:
            self._start(time_ms)
        assert self._windows is not None
        samples = self._samples(result, image, time_s)
        if self._recording.keep_readings and time_ms != self._last_ms:
            self._keep(result, samples, time_ms)
        self._last_ms, self._reason = time_ms, "no frames came"
        self._store(
            self._windows.add(time_ms, {p: s for p, (_, s) in samples.items()}, len(result))
        )

    def pause(self, reason: str) -> None:
        """No frame will come for a while, and ``reason`` says why."""
        self._reason = reason
        if self._windows is not None:
            self._store(self._windows.pause())

    def close(self) -> None:
        """Store the last window, and note the end of the session."""
        self._end(whole=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(whole=error is None or not self._recording.resumes, quietly=error is not None)

    def _end(self, whole: bool, quietly: bool = False) -> None:
        if self._closed:
            return
        self._closed = True
        if not whole or self._windows is None:
            return
        try:
            self._finish_session()
        except Exception:
            if not quietly:
                raise

    def _start(self, time_ms: int) -> None:
        of = self._recording
        kinds = ("observations", "readings") if of.keep_readings else ("observations",)
        with self._log.write() as connection:
            session = begin_session(
                connection, of.source, of.setup, of.persons, time_ms, of.zone, kinds
            )
        self._session = session.id
        self._choosers = {person: Chooser(region) for person, region in session.persons.items()}
        window_ms = self._log.window_s * 1000
        self._windows = Windows(list(self._choosers), window_ms, round(of.hold_s * 1000))

    def _finish_session(self) -> None:
        assert self._windows is not None
        self._store(self._windows.end())
        with self._log.write() as connection:
            end_session(connection, self._session, self._choosers, self._last_ms or 0)
        self._windows = None

    def _jump(self, time_ms: int, jump: int) -> None:
        """End the session before the clock was set, and begin another."""
        if self._windows is None:
            return
        self._finish_session()
        self._start(time_ms)
        with self._log.write() as connection:
            reason = f"the clock was set {'forward' if jump > 0 else 'back'} by {abs(jump)} ms"
            add_gap(connection, self._session, time_ms, time_ms, reason)

    def _gap(self, start_ms: int, end_ms: int, reason: str) -> None:
        if self._windows is None or not self._recording.notes_gaps:
            return
        self._store(self._windows.pause())
        with self._log.write() as connection:
            add_gap(connection, self._session, start_ms, end_ms, reason)

    def _samples(
        self, result: Result, image: Image | None, time_s: float
    ) -> dict[int, tuple[Reading, Sample]]:
        faces = [Candidate(r.face.box, bool(r.usable), r.face.track_id) for r in result]
        moves = {} if image is None else (
            self._mouths.update(image, [r.face for r in result], time_s)
        )  # fmt: skip
        found = {}
        for person, chooser in self._choosers.items():
            number = chooser.choose(faces, result.width, result.height)
            if number is not None:
                reading = result[number]
                motion = moves.get(reading.face.track_id or -1)
                found[person] = reading, sample_of(reading, image, motion)
        return found

    def _keep(
        self, result: Result, samples: Mapping[int, tuple[Reading, Sample]], time_ms: int
    ) -> None:
        offset = self._recording.zone.offset_min(time_ms)
        for person, (reading, _) in samples.items():
            probs = {name: round(p, 4) for name, p in reading.emotions.to_dict().items()}
            self._readings.append(
                {
                    "person_id": person, "session_id": self._session, "time_ms": time_ms,
                    "offset_min": offset, "usable": int(bool(reading.usable)),
                    "expression": reading.expression, "probs": json.dumps(probs),
                    "box": json.dumps(reading.face.box.to_list(1)),
                }
            )  # fmt: skip

    def _store(self, done: Mapping[int, Sequence[Observation]]) -> None:
        if not done:
            return
        now = now_ms()
        with self._log.write() as connection:
            allowed = consented(connection, list(done), now)
            kept = {person: found for person, found in done.items() if person in allowed}
            if self._recording.resumes:
                begins = {person: [one.start_ms for one in found] for person, found in kept.items()}
                check_alone(connection, self._recording.source, self._session, begins)
            self.windows += add_observations(
                connection, self._session, kept, self._recording.zone
            ) // max(len(kept), 1)
            readings = [row for row in self._readings if row["person_id"] in allowed]
            if readings:
                connection.execute(insert(READINGS), readings)
        self._readings = []
        for one in (one for found in kept.values() for one in found):
            self.watched_s += one.watched_s
            self.seen_s += one.seen_s
            self.usable_s += one.usable_s
        if not kept:
            self._closed, self._windows = True, None
            with self._log.write() as connection:
                end_session(connection, self._session, self._choosers, self._last_ms or 0)
            raise InputError("recording ends: no consent is in force any more")
        if now // DAY_MS != self._pruned_day:
            self._pruned_day = now // DAY_MS
            prune(self._log)


def sample_of(reading: Reading, image: Image | None, motion: float | None) -> Sample:
    """What a frame says of a face. ``motion``: of the mouth, by ``MouthMotion``."""
    seen = None if image is None else quality(image, reading.face)
    return Sample(
        usable=bool(reading.usable),
        probs=reading.emotions.to_dict(),
        expression=reading.expression,
        smiling=reading.expression == SMILING,
        speaking=None if motion is None else motion >= SPEAKING,
        valence=reading.valence,
        arousal=reading.arousal,
        size=math.sqrt(reading.face.box.area),
        light=None if seen is None else seen.brightness,
        yaw=None if seen is None else seen.yaw,
        roll=None if seen is None else seen.roll,
    )
