from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mien.media.video.ahead import DEPTH, Ahead


def numbers(made: list[int], stop: int) -> Iterator[int]:
    for number in range(stop):
        made.append(number)
        yield number
    raise OSError("no more")


def test_items_come_in_order_and_errors_in_their_turn() -> None:
    before = threading.active_count()
    came: list[int] = []
    with Ahead(numbers([], 5)) as ahead, pytest.raises(OSError, match="no more"):
        came.extend(ahead)  # what came before the error stays
    assert came == [0, 1, 2, 3, 4]
    assert threading.active_count() == before


def test_a_few_items_are_made_in_advance_by_another_thread() -> None:
    made: list[int] = []
    threads = []

    def items() -> Iterator[int]:
        for number in numbers(made, 100):
            threads.append(threading.get_ident())
            yield number

    with Ahead(items()) as ahead:
        assert next(iter(ahead)) == 0
    assert len(made) <= 1 + DEPTH
    assert threading.get_ident() not in threads


def test_it_ends_when_it_is_closed() -> None:
    ahead = Ahead(numbers([], 100))
    came = []
    for number in ahead:
        came.append(number)
        if number == 3:
            ahead.close()
    assert came == [0, 1, 2, 3]
    ahead.close()
    assert list(ahead) == []
