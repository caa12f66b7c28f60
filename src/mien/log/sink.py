"""The sink that fills a log: results of a source → observations of the persons it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import insert

from mien.errors import InputError
from mien.files import Closing
from mien.log.database import Log
from mien.log.persons import consented
from mien.log.pictures import Keeper
from mien.log.retention import last_entry_ms, prune_unasked
from mien.log.sampling import Sampler, Shown
from mien.log.schema import READINGS
from mien.log.sessions import Setup, Source, add_gap, begin_session, check_alone, end_session
from mien.log.shown import Region
from mien.log.store import add_observations
from mien.log.times import DAY_MS, Zone, now_ms
from mien.log.windows import Observation, Windows
from mien.sinks.base import Image
from mien.types import Result

GAP_S = 5.0
"""Seconds without a frame that are noted as a gap."""


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
    keep_pictures: bool = False
    """Whether pictures of the persons are kept too (``mien.log.pictures``), in a session a day."""


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
        self._keeper = Keeper(log) if recording.keep_pictures else None
        self._sampler = Sampler({})
        self._windows: Windows | None = None
        self._day: date | None = None
        self._last_ms: int | None = None
        self._reason = "no frames came"
        self._readings: list[dict[str, Any]] = []
        self._pruned_day = 0
        self._used_ms = 0  # when the log was used before, by which a wrong clock is noticed
        self._closed = False

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take one result; ``image`` is its frame, (H, W, 3) RGB uint8."""
        time_s = result.time_s or 0.0
        time_ms, jump = self._recording.clock.at(time_s)
        if jump:
            self._jump(time_ms, jump)
        elif self._last_ms is not None and time_ms - self._last_ms > self._gap_ms:
            self._gap(self._last_ms, time_ms, self._reason)
        if self._keeper is not None and self._windows is not None and self._ends_a_day(time_ms):
            self._finish_session()
        if self._windows is None:
            self._start(time_ms)
        assert self._windows is not None
        shown = self._sampler.sample(result, image, time_s)
        if self._recording.keep_readings and time_ms != self._last_ms:
            self._keep(shown, time_ms)
        self._last_ms, self._reason = time_ms, "no frames came"
        samples = {person: one.sample for person, one in shown.items()}
        self._store(self._windows.add(time_ms, samples, len(result)))
        if self._keeper is not None and image is not None:
            self._keep_pictures(self._keeper, result, shown, image, time_ms)

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
        kinds = ["observations"] + ["readings"] * of.keep_readings + ["pictures"] * of.keep_pictures
        with self._log.write() as connection:
            self._used_ms = self._used_ms or last_entry_ms(connection)
            session = begin_session(
                connection, of.source, of.setup, of.persons, time_ms, of.zone, kinds
            )
        self._session = session.id
        self._sampler = Sampler(session.persons)
        self._day = of.zone.local(time_ms).date()
        window_ms = self._log.window_s * 1000
        self._windows = Windows(list(session.persons), window_ms, round(of.hold_s * 1000))

    def _finish_session(self) -> None:
        assert self._windows is not None
        self._store(self._windows.end())
        with self._log.write() as connection:
            end_session(connection, self._session, self._sampler.persons, self._last_ms or 0)
        self._windows = None

    def _ends_a_day(self, time_ms: int) -> bool:
        return self._recording.zone.local(time_ms).date() != self._day

    def _jump(self, time_ms: int, jump: int) -> None:
        """End the session before the clock was set, and begin another."""
        if self._windows is None:
            return
        self._pruned_day = now_ms() // DAY_MS  # not before this day is over
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

    def _keep_pictures(
        self, keeper: Keeper, result: Result, shown: Mapping[int, Shown], image: Image, time_ms: int
    ) -> None:
        for person, one in shown.items():
            others = [r.face.box for n, r in enumerate(result) if n != one.number]
            keeper.add(person, time_ms, image, one.reading.face.box, others)

    def _keep(self, shown: Mapping[int, Shown], time_ms: int) -> None:
        offset = self._recording.zone.offset_min(time_ms)
        own = ((person, one.reading) for person, one in shown.items() if not one.reading.carried)
        for person, reading in own:
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
            if self._keeper is not None:  # in the transaction, so that nobody is erased meanwhile
                may = consented(connection, list(kept), now, pictures=True)
                self._keeper.write(self._session, may)
        self._readings = []
        for one in (one for found in kept.values() for one in found):
            self.watched_s += one.watched_s
            self.seen_s += one.seen_s
            self.usable_s += one.usable_s
        if not kept:
            self._closed, self._windows = True, None
            with self._log.write() as connection:
                end_session(connection, self._session, self._sampler.persons, self._last_ms or 0)
            raise InputError("recording ends: no consent is in force any more")
        if now // DAY_MS != self._pruned_day:
            self._pruned_day = now // DAY_MS
            if prune_unasked(self._log, self._used_ms):
                self._used_ms = now
