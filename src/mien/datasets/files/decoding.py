"""Many pictures decoded at once, in threads, without one that is damaged ending it all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from mien.datasets.samples import Pixels
from mien.errors import DatasetError


class Decodable(Protocol):
    """A ``Sample`` or a ``Scene``."""

    @property
    def image(self) -> Pixels:
        """The picture, decoded anew; ``DatasetError``."""
        ...


T = TypeVar("T", bound=Decodable)

_AT_ONCE = 32  # pictures held decoded at a time: of a camera, each may take 40 MB


def decoded(samples: Iterable[T]) -> Iterator[tuple[T, Pixels | DatasetError]]:
    """Each sample, or scene, with its picture, or with why it has none, in order.

    A few dozen pictures are in memory at a time.
    """
    waiting: deque[tuple[T, Future[Pixels | DatasetError]]] = deque()
    with ThreadPoolExecutor() as pool:
        for sample in samples:
            waiting.append((sample, pool.submit(_picture, sample)))
            if len(waiting) == _AT_ONCE:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


def _picture(sample: Decodable) -> Pixels | DatasetError:
    try:
        return sample.image
    except DatasetError as error:
        return error
