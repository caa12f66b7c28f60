"""Many pictures decoded at once, in threads, without one that is damaged ending it all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Protocol, TypeVar

from mien.datasets.base import Pixels
from mien.errors import DatasetError


class Decodable(Protocol):
    """A ``Sample`` or a ``Scene``."""

    @property
    def image(self) -> Pixels:
        """The picture, decoded anew; ``DatasetError``."""
        ...


T = TypeVar("T", bound=Decodable)

_AT_ONCE = 256  # pictures held decoded at a time


def decoded(samples: Iterable[T]) -> Iterator[tuple[T, Pixels | DatasetError]]:
    """Each sample, or scene, with its picture, or with why it has none, in order.

    A few hundred pictures are in memory at a time.
    """
    waiting = iter(samples)
    with ThreadPoolExecutor() as pool:
        while some := list(islice(waiting, _AT_ONCE)):
            yield from zip(some, pool.map(_picture, some), strict=True)


def _picture(sample: Decodable) -> Pixels | DatasetError:
    try:
        return sample.image
    except DatasetError as error:
        return error
