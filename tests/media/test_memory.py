from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from mien.media.memory import Budget, claim


class Meter:
    """Bytes that are claimed at the moment, by the test's own count, and the most so far."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self.now += size
            self.most = max(self.most, self.now)


def decode(meter: Meter, size: int) -> int:
    claim(size)
    meter.add(size)
    time.sleep(0.002)
    meter.add(-size)
    return size


def run(work: list[Callable[[], int]], most: int) -> list[int]:
    budget = Budget(most)
    with ThreadPoolExecutor(8) as pool:
        return [f.result(20) for f in [pool.submit(budget.task().run, one) for one in work]]


def test_threads_stay_within_the_budget_and_one_more_picture() -> None:
    meter = Meter()
    sizes = np.random.default_rng(0).integers(1, 60, 150).tolist()
    assert run([partial(decode, meter, size) for size in sizes], most=100) == sizes
    assert 100 - 60 < meter.most <= 100 + 60


def test_a_picture_above_the_budget_is_decoded_all_the_same() -> None:
    meter = Meter()
    assert run([partial(decode, meter, 500)] * 6, most=100) == [500] * 6
    assert meter.most <= 1000  # the oldest never waits: at most one beside it


def test_arrays_count_until_they_are_released() -> None:
    budget = Budget(100)
    first, second, third = budget.task(), budget.task(), budget.task()

    def picture() -> np.ndarray:
        claim(80)
        return np.zeros(60, np.uint8)

    first.run(picture)
    assert first.size == 60
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(task.run, picture) for task in (second, third)]
        time.sleep(0.02)
        # However long nobody takes the first result, no second one is held beyond the budget.
        assert not any(future.done() for future in waiting)
        first.release()
        waiting[0].result(20)  # now the oldest
        second.release()
        waiting[1].result(20)
    assert (first.size, second.size, third.size) == (0, 0, 60)


def test_when_nobody_takes_results_any_more_no_task_waits() -> None:
    budget = Budget(100)
    first, second = budget.task(), budget.task()

    def picture() -> np.ndarray:
        claim(80)
        return np.zeros(80, np.uint8)

    first.run(picture)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(second.run, picture)
        budget.lift()
        future.result(20)


@pytest.mark.parametrize("seed", range(3))
def test_a_task_that_fails_or_claims_twice_frees_its_memory(seed: int) -> None:
    rng = np.random.default_rng(seed)
    budget, meter = Budget(100), Meter()

    def work(kind: int) -> int:
        claim(70)
        claim(30)
        if kind == 0:
            raise ValueError("damaged")
        return decode(meter, 90)

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(budget.task().run, partial(work, k)) for k in rng.integers(0, 2, 40)]
        for future in futures:
            future.exception(20)
    task = budget.task()
    task.claim(100)
    assert task.size == 100
    assert budget._used == 100  # nothing of the others is left


def test_without_a_task_nothing_waits() -> None:
    claim(1 << 60)
