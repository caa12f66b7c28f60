"""What all live connections share: how many there are, their threads, who is being recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from mien.errors import ConflictError
from mien.files import Closing
from mien.runtime import usable_cores
from mien.server.meters import Meters
from mien.server.places import Places


class LiveRoom(Closing):
    """The live connections of one server."""

    def __init__(self, seats: int, meters: Meters) -> None:
        self._seats, self.meters = Places(seats, "live connections"), meters
        self._recorded: set[str] = set()
        self._lock = threading.Lock()
        self.pool = ThreadPoolExecutor(usable_cores(), "mien-live")

    @property
    def connections(self) -> int:
        """How many there are."""
        return self._seats.taken

    @contextmanager
    def seat(self, owner: str) -> Iterator[None]:
        """A place for the length of a ``with`` block.

        Raises ``Problem`` 429 or 503 where all are taken, that the owner may have or that there
        are.
        """
        self._seats.check(owner)
        with self._seats.hold(owner), self.meters.live.track_inprogress():
            yield

    def begin_recording(self, person: str) -> None:
        """Raise ``ConflictError`` for somebody whom another connection records."""
        with self._lock:
            is_free = person not in self._recorded
            self._recorded.add(person)
        if not is_free:
            raise ConflictError(f"{person!r} is being recorded already, over another connection")

    def end_recording(self, person: str) -> None:
        """Let another connection record a person."""
        with self._lock:
            self._recorded.discard(person)

    def close(self) -> None:
        """End the threads."""
        self.pool.shutdown(wait=True, cancel_futures=True)
