"""Makes the next items in a thread while one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from mien.files import Closing

T = TypeVar("T")

DEPTH = 2
"""Items that are made in advance; more take memory and save no time."""


class Ahead(Closing, Generic[T]):
    """The items of another iterator, made by a thread; its errors come in their turn."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items, self._end = items, object()
        self._worker = ThreadPoolExecutor(1, "ahead")
        self._made: deque[Future[T | object]] = deque()
        self._closed = False

    def __iter__(self) -> Iterator[T]:
        """The items, which end when this is closed."""
        while not self._closed:
            while len(self._made) <= DEPTH:
                self._made.append(self._worker.submit(next, self._items, self._end))
            item = self._made.popleft().result()
            if item is self._end:
                return
            yield item  # type: ignore[misc]  # not the end

    def close(self) -> None:
        """Stop when the item that is being made is there; a second call does nothing."""
        self._closed = True
        self._worker.shutdown(cancel_futures=True)
