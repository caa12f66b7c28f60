from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from mien.datasets.files.decoding import decoded
from mien.datasets.samples import Sample
from mien.errors import DatasetError


def test_order_is_kept_and_bad_pictures_end_nothing() -> None:
    threads = set()

    def sample(number: int) -> Sample:
        def decode() -> np.ndarray:
            threads.add(threading.current_thread())
            if number % 100 == 7:
                raise DatasetError(f"picture {number} is damaged")
            return np.full((2, 2), number % 256, np.uint8)

        return Sample(decode, number % 7, str(number))

    found = list(decoded(sample(number) for number in range(1000)))
    assert [sample.key for sample, _ in found] == [str(number) for number in range(1000)]
    for number, (_, image) in enumerate(found):
        if number % 100 == 7:
            assert str(image) == f"picture {number} is damaged"
        else:
            assert isinstance(image, np.ndarray) and (image == number % 256).all()
    assert threading.main_thread() not in threads


def test_pictures_are_not_all_decoded_ahead() -> None:
    asked = 0

    def samples() -> Iterator[Sample]:
        nonlocal asked
        for number in range(10_000):
            asked += 1
            yield Sample(np.zeros((2, 2), np.uint8), 0, str(number))

    next(decoded(samples()))
    assert asked < 100  # whole photos fill the memory soon
