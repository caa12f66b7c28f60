from __future__ import annotations

from dataclasses import replace

import pytest

from mien.tracking.likeness import likenesses, moved
from mien.types import Box, Face
from tests.support.tracks import person


def likeness(expected: Face, spread: float, found: Face) -> float:
    ((value,),) = likenesses([expected], [spread], [found]).tolist()
    return float(value)


def test_the_same_place_is_one_and_a_far_one_zero() -> None:
    assert likeness(person(1, 100), 0, person(None, 100)) == 1
    assert likeness(person(1, 100), 5, person(None, 300)) == 0


def test_without_landmarks_it_is_the_overlap() -> None:
    one, other = (replace(person(None, x), landmarks=None) for x in (100, 110))
    assert likeness(one, 0, other) == pytest.approx(one.box.iou(other.box))
    assert likeness(one, 0, person(None, 110)) == pytest.approx(one.box.iou(other.box))


def test_landmarks_decide_between_equal_boxes() -> None:
    expected = person(1, 100)
    points = tuple((x + 8, y) for x, y in expected.landmarks or ())
    assert likeness(expected, 0, replace(expected, landmarks=points)) < 0.9


def test_the_less_is_known_the_further_it_looks() -> None:
    expected, found = person(1, 100), person(None, 150)
    near, far = (likeness(expected, spread, found) for spread in (0, 40))
    assert near == 0 < far < 1


def test_landmarks_move_with_their_box() -> None:
    points = moved(
        ((10, 10), (20, 30), (0, 0), (5, 5), (1, 2)), Box(0, 0, 20, 40), Box(100, 0, 140, 20)
    )
    assert points is not None
    assert [*points[0], *points[1]] == pytest.approx([120, 5, 140, 15])
    assert moved(None, Box(0, 0, 1, 1), Box(0, 0, 2, 2)) is None


def test_a_table_of_many() -> None:
    """Each pair alone, with and without landmarks."""
    ones = [person(1, 100), replace(person(2, 130), landmarks=None), person(3, 500)]
    others = [person(None, 110), replace(person(None, 140), landmarks=None)]
    table = likenesses(ones, [3, 5, 8], others)
    assert table.shape == (3, 2)
    for row, one, spread in zip(table, ones, (3, 5, 8), strict=True):
        assert row == pytest.approx([likeness(one, spread, other) for other in others])
