"""Pictures decoded in threads, in order; a damaged one does not stop the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from mien.datasets.samples import Pixels
from mien.errors import DatasetError
from mien.media.memory import DECODING_BYTES, Budget, Task


class Decodable(Protocol):
    """A ``Sample`` or a ``Scene``."""

    @property
    def image(self) -> Pixels:
        """The picture, decoded at every call; ``DatasetError``."""
        ...


T = TypeVar("T")
D = TypeVar("D", bound=Decodable)
R = TypeVar("R")

_AHEAD = 32  # results that wait


def decoded(samples: Iterable[D]) -> Iterator[tuple[D, Pixels | DatasetError]]:
    """Each sample or scene with its picture, or the error that decoding it raised, in order.

    At most 32 pictures are in memory at a time, and fewer where they are large: see ``in_threads``.
    """
    return in_threads(_picture, samples, ahead=_AHEAD)


def in_threads(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    ahead: int,
    workers: int | None = None,
    most_bytes: int = DECODING_BYTES,
) -> Iterator[tuple[T, R]]:
    """Each item with ``function(item)``, in order, computed by ``workers`` threads.

    At most ``ahead`` results wait to be taken. Pictures that ``function`` decodes, and arrays that
    it returns and that were not taken, need at most ``most_bytes`` of memory; a single picture that
    needs more is decoded alone. Threads suffice for decoding: OpenCV, Pillow, zlib and file reads
    release Python's lock.
    """
    waiting: deque[tuple[T, Task, Future[R]]] = deque()
    budget = Budget(most_bytes)
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            task = budget.task()
            waiting.append((item, task, pool.submit(task.run, partial(function, item))))
            if len(waiting) == ahead:
                yield from _taken(waiting)
        while waiting:
            yield from _taken(waiting)
    finally:
        budget.lift()
        pool.shutdown(cancel_futures=True)  # what nobody will take is not begun


def _taken(waiting: deque[tuple[T, Task, Future[R]]]) -> Iterator[tuple[T, R]]:
    """The first item and its result; its memory counts until the next one is asked for."""
    item, task, future = waiting.popleft()
    yield item, future.result()
    del future
    task.release()


def _picture(sample: Decodable) -> Pixels | DatasetError:
    try:
        return sample.image
    except DatasetError as error:
        return error
