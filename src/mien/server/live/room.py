"""What all live connections share: how many there are, their threads, who is being recorded."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from mien.errors import ConflictError
from mien.files import Closing
from mien.runtime import usable_cores
from mien.server.meters import Meters
from mien.server.problems import Problem


class LiveRoom(Closing):
    """The live connections of one server."""

    def __init__(self, seats: int, meters: Meters) -> None:
        self._seats, self.meters = seats, meters
        self.connections = 0
        self._recorded: set[str] = set()
        self.pool = ThreadPoolExecutor(usable_cores(), "mien-live")

    @contextmanager
    def seat(self) -> Iterator[None]:
        """A place for the length of a ``with`` block. Raises ``Problem`` 503 if all are taken."""
        if self.connections >= self._seats:
            detail = f"all {self._seats} live connections are taken: try again later"
            raise Problem(503, detail, {"Retry-After": "10"})
        self.connections += 1
        self.meters.live.inc()
        try:
            yield
        finally:
            self.connections -= 1
            self.meters.live.dec()

    def begin_recording(self, person: str) -> None:
        """Raise ``ConflictError`` for somebody whom another connection records."""
        if person in self._recorded:
            raise ConflictError(f"{person!r} is being recorded already, over another connection")
        self._recorded.add(person)

    def end_recording(self, person: str) -> None:
        """Let another connection record a person."""
        self._recorded.discard(person)

    def close(self) -> None:
        """End the threads."""
        self.pool.shutdown(wait=True, cancel_futures=True)
