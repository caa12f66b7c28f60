from __future__ import annotations

from itertools import pairwise

import pytest

from mien.media.video.clock import Clock


def times(raw: list[float | None], rate: float = 10) -> list[float]:
    clock = Clock(rate)
    return [clock.next(each) for each in raw]


def test_good_times_stay_as_they_are() -> None:
    raw = [0.0, 0.013, 0.055, 0.5, 9.0]
    assert times(list(raw)) == raw


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([None, None, None], [0, 0.1, 0.2]),
        ([0.0, 0.5, None, None], [0, 0.5, 0.6, 0.7]),  # the last frames of an AVI
        ([0.0, None, 0.2, None], [0, 0.1, 0.2, 0.3]),
        ([0.0, 1.0, 2.0, 0.0, 1.0], [0, 1, 2, 2.1, 3.1]),  # joined files
        ([5.0, 0.0, 0.5], [5, 5.1, 5.6]),
        ([-0.2, 0.05, 0.1], [0, 0.05, 0.1]),  # a frame that an edit list cuts short
        ([-0.2, -0.1, 0.1], [0, 0.001, 0.1]),
        ([-9.0, -8.5], [0, 0.5]),
        ([0.0, 0.4, 0.4, 0.3, 0.8], [0, 0.4, 0.5, 0.501, 0.8]),
        ([7.0, 7.0, 7.0], [7, 7.1, 7.2]),
    ],
)
def test_wrong_times_go_on_from_the_last(raw: list[float | None], expected: list[float]) -> None:
    assert times(raw) == pytest.approx(expected)


def test_times_always_increase() -> None:
    raw = [0, 0.3, 0.3, 0.1, None, 7, 6.9, 2, None, None, 1.5, 90, 0]
    found = times([None if each is None else float(each) for each in raw])
    assert all(later > earlier for earlier, later in pairwise(found))


def test_a_few_counted_frames_are_not_worth_a_word() -> None:
    clock = Clock(25)
    clock.next(None)
    assert not clock.few(1) and not clock.few(2) and clock.few(3)
    for _ in range(3):
        clock.next(None)
    assert not clock.few(1000)
