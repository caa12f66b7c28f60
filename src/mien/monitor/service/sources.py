"""A source that is recorded in a thread of its own, again and again, whatever becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from mien.errors import MienError, one_line
from mien.log.database import Log
from mien.log.recording import record
from mien.log.sessions import Setup
from mien.media.camera.events import CameraEvent, Lost
from mien.monitor.service.config import SourceConfig

if TYPE_CHECKING:
    from mien.pipeline import Recognizer

AGAIN_S = 5.0
"""Seconds until a recording that failed begins again. The camera itself reconnects sooner."""
FRESH_S = 10.0
"""Seconds after a picture in which a source counts as giving pictures."""
Note = Callable[[str], None]


class Recorded(StrEnum):
    """How a source is."""

    STARTING = "starting"
    RECORDING = "recording"
    DOWN = "down"
    """It gives no picture, or recording fails."""
    NO_CONSENT = "no consent"
    """Nobody whom it shows may be recorded now."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is, at one moment."""

    name: str
    state: Recorded
    down_s: float = 0.0
    """For how long it has given no picture; 0 while it works, and while it may not be recorded.

    One that is starting does not work yet, so an alert about it stays open over a restart."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What all sources record with; threads share it."""

    log: Log
    recognizer: Recognizer
    setup: Callable[[str, Mapping[str, Any]], Setup]
    max_pixels: int | None = None


class RecordedSource:
    """Records one source between ``start`` and ``end``. The other methods are for one thread."""

    def __init__(
        self, config: SourceConfig, means: Means, zone: Any, note: Note,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.config = config
        self._means, self._zone, self._note, self._monotonic = means, zone, note, monotonic
        self._stopping, self._changed = Event(), Event()
        self._persons: frozenset[str] = frozenset()
        self._recorded = False
        self._since_s = monotonic()  # of the last picture, or since when there could be one
        self._why = ""
        self._noted = ""
        self._thread = Thread(target=self._run, name=config.name, daemon=True)

    def allow(self, persons: frozenset[str]) -> None:
        """Say whose consent is in force. Others end the session, and those allowed begin one."""
        mine = persons & self.config.shown.keys()
        if mine != self._persons:
            self._since_s = self._since_s if self._persons else self._monotonic()
            self._persons = mine
            self._changed.set()

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def end(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()
        self._changed.set()

    def join(self, timeout_s: float) -> None:
        """Wait until what was seen is stored."""
        self._thread.join(timeout_s)

    def state(self) -> SourceState:
        """How the source is now."""
        name, why = self.config.name, self._why
        if not self._persons:
            return SourceState(name, Recorded.NO_CONSENT, why="no consent of a person is in force")
        quiet_s = self._monotonic() - self._since_s
        slowest_s = 3 / self.config.fps if self.config.fps else 0.0
        if quiet_s <= max(FRESH_S, slowest_s) and not why:
            if self._recorded:
                return SourceState(name, Recorded.RECORDING)
            return SourceState(name, Recorded.STARTING, max(quiet_s, 0.001))
        return SourceState(name, Recorded.DOWN, max(quiet_s, 0.001), why or "no picture comes")

    def _run(self) -> None:
        while True:
            self._changed.clear()
            if self._stopping.is_set():  # ``end`` sets it before the other
                return
            persons = self._persons
            if not persons:
                self._changed.wait()
                continue
            try:
                self._record(persons)
            except MienError as error:  # consent that has ended, too, which ``allow`` says soon
                self._fail(str(error))
            except Exception as error:  # noqa: BLE001 - one bad source stops no other
                self._fail(f"{type(error).__name__}: {one_line(error)}")
            else:
                continue
            self._changed.wait(AGAIN_S)

    def _record(self, persons: frozenset[str]) -> None:
        wish = self.config.wish(persons, self._zone, self._means.max_pixels)
        record(
            self._means.log, wish, self._means.recognizer, self._means.setup,
            on_error=lambda error: self._note(f"{self.config.name}: {error}"),
            on_event=self._heard, on_frame=self._seen, is_over=self._changed.is_set,
        )  # fmt: skip

    def _seen(self, number: int, total: int | None) -> None:
        self._recorded, self._since_s = True, self._monotonic()
        self._why = self._noted = ""

    def _heard(self, event: CameraEvent) -> None:
        if isinstance(event, Lost):
            self._fail(event.reason)
        else:
            self._note(f"{self.config.name}: {event}")

    def _fail(self, why: str) -> None:
        self._why = why
        if why != self._noted:  # once, not at each attempt
            self._noted = why
            with suppress(OSError):  # the reader of standard error has gone
                self._note(f"{self.config.name}: {why}")
