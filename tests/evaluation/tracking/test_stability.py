from __future__ import annotations

import pytest

from mien.evaluation.tracking.stability import agreement, delays, flicker


def test_flicker_counts_changes_a_second() -> None:
    assert flicker("aabba", [0, 0.5, 1, 1.5, 2]) == 1
    assert flicker("a", [3]) == flicker("", []) == 0


def test_delays_are_until_the_first_right_label() -> None:
    times = [0, 1, 2, 3, 4, 5, 6]
    assert delays("aabbbcc", "aaabbcc", times) == [1, 0]


def test_a_change_that_is_missed_counts_whole() -> None:
    times = [0, 1, 2, 3, 4]
    assert delays("abbcc", "aaaaa", times) == [2, 1]
    assert delays("aaaaa", "abaaa", times) == []


def test_agreement() -> None:
    assert agreement("aabb", "aaab") == pytest.approx(0.75)
