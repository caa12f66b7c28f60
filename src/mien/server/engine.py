"""Analyses the pictures of all requests: networks loaded once, threads bounded, faces batched."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mien.face_reading import Detected
from mien.media.images import Source
from mien.media.memory import Budget, Task
from mien.pipeline import Recognizer
from mien.runtime import usable_cores
from mien.server.batching import Batcher
from mien.server.meters import Meters
from mien.server.problems import Problem
from mien.types import Result

Image = NDArray[np.uint8]
T = TypeVar("T")


class Engine:
    """One for a server. Its methods are called in the event loop, which they never block."""

    def __init__(self, recognizer: Recognizer, waiting: int, meters: Meters) -> None:
        """``waiting``: requests that are worked on or wait for it; further ones are refused."""
        self.recognizer, self._most, self._meters = recognizer, waiting, meters
        self.threads = usable_cores()
        """Pictures that are decoded and searched at the same time."""
        self._pool = ThreadPoolExecutor(self.threads, "mien-detect")
        self._budget = Budget()
        self._batcher = Batcher(recognizer.read, meters)
        self._admitted = 0
        self._took_s = 0.1  # a request, on average

    async def analyze(
        self, source: Source, name: str | None = None, *, whole: bool = False
    ) -> tuple[Result, Image]:
        """The result of one picture, and the picture: whole if asked for, else maybe shrunk.

        ``name``: the result's source. A caller that is cancelled frees its place. Raises
        ``Problem`` 503 where too many wait, and what ``Recognizer.image`` raises.
        """
        with self.admit():
            return await self.analyze_admitted(source, name, whole=whole)

    @property
    def is_full(self) -> bool:
        """Whether the next request would be refused."""
        return self._admitted >= self._most

    @contextmanager
    def admit(self) -> Iterator[None]:
        """A place for a request with any number of pictures. Raises ``Problem`` 503."""
        if self.is_full:
            self._meters.refused.inc()
            seconds = max(1, math.ceil(self._admitted * self._took_s / self.threads))
            raise Problem(
                503,
                f"{self._most} requests wait already: try again in {seconds} s",
                {"Retry-After": str(min(seconds, 60))},
            )
        self._admitted += 1
        self._meters.waiting.set(self._admitted)
        began = time.monotonic()
        try:
            yield
        finally:
            self._admitted -= 1
            self._meters.waiting.set(self._admitted)
            self._took_s += 0.1 * (time.monotonic() - began - self._took_s)

    async def analyze_admitted(
        self, source: Source, name: str | None = None, *, whole: bool = False
    ) -> tuple[Result, Image]:
        """As ``analyze``, for a request that has a place."""
        task = self._budget.task()
        work = self._pool.submit(_detect, self.recognizer, task, source, name, whole)
        self._batcher.expect(1)
        try:
            try:
                detected = await asyncio.wrap_future(work)
            finally:
                self._batcher.expect(-1)
            result, image = await self._batcher.read(detected)
        finally:  # a thread that has begun goes on, also when nobody waits any more
            work.add_done_callback(lambda _: task.release())
        self._meters.pictures.inc()
        self._meters.faces.inc(len(result))
        return result, image

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """What ``function`` returns in one of the threads; it is not begun if cancelled before."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        """End the threads, after what they are at."""
        self._budget.lift()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._batcher.close()


def _detect(
    recognizer: Recognizer, task: Task, source: Source, name: str | None, whole: bool
) -> Detected:
    """Within the budget of memory, which counts the picture until the task is released."""
    found: list[Detected] = []

    def detect() -> Image:
        found.append(recognizer.detect(source, whole=whole, name=name))
        return found[0].found.image

    task.run(detect)
    return found[0]
