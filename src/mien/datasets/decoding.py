"""Many pictures decoded at once, in threads, without one that is damaged ending it all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from mien.datasets.base import Pixels, Sample
from mien.errors import DatasetError

_AT_ONCE = 256  # pictures held decoded at a time


def decoded(samples: Iterable[Sample]) -> Iterator[tuple[Sample, Pixels | DatasetError]]:
    """Each sample with its picture, or with why it has none, in order.

    A few hundred pictures are in memory at a time.
    """
    waiting = iter(samples)
    with ThreadPoolExecutor() as pool:
        while some := list(islice(waiting, _AT_ONCE)):
            yield from zip(some, pool.map(_picture, some), strict=True)


def _picture(sample: Sample) -> Pixels | DatasetError:
    try:
        return sample.image
    except DatasetError as error:
        return error
