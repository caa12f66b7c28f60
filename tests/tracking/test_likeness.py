from __future__ import annotations

from dataclasses import replace

import pytest

from mien.tracking.likeness import likeness, moved
from mien.types import Box
from tests.support.tracks import person


def test_the_same_place_is_one_and_a_far_one_zero() -> None:
    assert likeness(person(1, 100), 0, person(None, 100)) == 1
    assert likeness(person(1, 100), 5, person(None, 300)) == 0


def test_without_landmarks_it_is_the_overlap() -> None:
    one, other = (replace(person(None, x), landmarks=None) for x in (100, 110))
    assert likeness(one, 0, other) == one.box.iou(other.box)
    assert likeness(one, 0, person(None, 110)) == one.box.iou(other.box)


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
