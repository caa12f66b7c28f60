"""Pictures decoded in threads, in order; a damaged one does not stop the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from mien.datasets.samples import Pixels
from mien.errors import DatasetError


class Decodable(Protocol):
    """A ``Sample`` or a ``Scene``."""

    @property
    def image(self) -> Pixels:
        """The picture, decoded at every call; ``DatasetError``."""
        ...


T = TypeVar("T")
D = TypeVar("D", bound=Decodable)
R = TypeVar("R")

_AHEAD = 32  # decoded pictures in memory: each may take 40 MB


def decoded(samples: Iterable[D]) -> Iterator[tuple[D, Pixels | DatasetError]]:
    """Each sample or scene with its picture, or the error that decoding it raised, in order.

    At most 32 pictures are in memory at a time.
    """
    return in_threads(_picture, samples, ahead=_AHEAD)


def in_threads(
    function: Callable[[T], R], items: Iterable[T], *, ahead: int, workers: int | None = None
) -> Iterator[tuple[T, R]]:
    """Each item with ``function(item)``, in order, computed by ``workers`` threads.

    At most ``ahead`` results wait to be taken. Threads suffice for decoding: OpenCV, Pillow, zlib
    and file reads release Python's lock.
    """
    waiting: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(function, item)))
                if len(waiting) == ahead:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:  # after an error or Ctrl-C: nobody takes these results
                future.cancel()


def _picture(sample: Decodable) -> Pixels | DatasetError:
    try:
        return sample.image
    except DatasetError as error:
        return error
