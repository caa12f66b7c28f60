"""Faces of concurrent requests, named in one call of the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.face_reading import BATCH_FACES, BATCH_PICTURES, BATCH_PIXELS, Detected
from mien.server.meters import Meters
from mien.types import Result

PATIENCE_S = 0.004
"""For how long a picture waits for others whose faces are just being looked for."""

Answer: TypeAlias = tuple[Result, NDArray[np.uint8]]
Read: TypeAlias = Callable[[Sequence[Detected]], Iterator[Answer]]


class Batcher:
    """A queue in the event loop, and one thread that classifies.

    While a batch is classified the next one gathers. A picture waits a little for others only where
    some are on their way (``expect``), so a client that is alone never waits.
    """

    def __init__(self, read: Read, meters: Meters) -> None:
        """``read``: ``Recognizer.read``."""
        self._read, self._meters = read, meters
        self._thread = ThreadPoolExecutor(1, "mien-classify")
        self._waiting: list[tuple[Detected, asyncio.Future[Answer]]] = []
        self._expected = 0
        self._is_busy = False
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, more: int) -> None:
        """``more`` pictures are on their way, or with -1 one has come or will not."""
        self._expected += more

    async def read(self, picture: Detected) -> Answer:
        """The result of a picture, and the picture. Raises what ``Recognizer.read`` raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((picture, future))
        if not self._is_busy:
            if not self._expected or _size(self._waiting) == len(self._waiting):
                self._start()
            elif self._timer is None:
                self._timer = loop.call_later(PATIENCE_S, self._start)
        return await future

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> None:
        """Classify those that wait, as many as belong in one batch."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting = [each for each in self._waiting if not each[1].done()]  # or cancelled
        size = _size(self._waiting)
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        if not batch:
            return
        self._is_busy = True
        pictures = [picture for picture, _ in batch]
        self._meters.batch_pictures.observe(len(pictures))
        self._meters.batch_faces.observe(sum(len(each.found.faces) for each in pictures))
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, _outcomes, self._read, pictures)
        done.add_done_callback(lambda done: self._finish([future for _, future in batch], done))

    def _finish(
        self,
        futures: list[asyncio.Future[Answer]],
        done: asyncio.Future[list[Answer | BaseException]],
    ) -> None:
        self._is_busy = False
        for number, future in enumerate(futures):
            if future.done():
                continue
            if done.cancelled():
                future.cancel()
                continue
            outcome = done.result()[number]
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        if self._waiting:
            self._start()


def _size(waiting: Sequence[tuple[Detected, object]]) -> int:
    """How many of those that wait fill a batch; all if they do not."""
    faces = pixels = 0
    for number, (picture, _) in enumerate(waiting[:BATCH_PICTURES], 1):
        faces += len(picture.found.faces)
        pixels += picture.found.image.size // 3
        if faces >= BATCH_FACES or pixels >= BATCH_PIXELS:
            return number
    return min(len(waiting), BATCH_PICTURES)


def _outcomes(read: Read, pictures: list[Detected]) -> list[Answer | BaseException]:
    """An answer for each picture; a picture that fails does not fail the others."""
    try:
        return list(read(pictures))
    except Exception:  # noqa: BLE001 - found out one by one
        return [_outcome(read, picture) for picture in pictures]


def _outcome(read: Read, picture: Detected) -> Answer | BaseException:
    try:
        return next(read([picture]))
    except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
        return error
