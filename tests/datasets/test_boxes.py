from __future__ import annotations

import math

import numpy as np
import pytest

from mien.datasets.boxes import (
    CLIPPED,
    NO_AREA,
    NO_NUMBERS,
    OUTSIDE,
    SWAPPED,
    by_corners,
    by_size,
    clean,
    length,
)


def one(
    corners: tuple[float, ...], size: tuple[float, float]
) -> tuple[list[float] | None, set[str]]:
    """What becomes of one box, step by step as the words say it."""
    problems = set()
    if not all(map(math.isfinite, corners)):
        return None, {NO_NUMBERS}
    x1, y1, x2, y2 = corners
    if x1 > x2 or y1 > y2:
        problems.add(SWAPPED)
    x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    if x1 == x2 or y1 == y2:
        return None, {NO_AREA}
    width, height = size
    if x2 <= 0 or y2 <= 0 or (width > 0 and x1 >= width) or (height > 0 and y1 >= height):
        return None, {OUTSIDE}
    if width > 0 and height > 0:
        inside = [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]
        if inside != [x1, y1, x2, y2]:
            problems.add(CLIPPED)
        return inside, problems
    return [x1, y1, x2, y2], problems


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_box_becomes_what_the_words_say(dtype: type[np.floating]) -> None:
    generator = np.random.default_rng(0)
    corners = generator.integers(-12, 40, (5000, 4)).astype(float)
    corners[generator.random(corners.shape) < 0.02] = np.nan
    corners[generator.random(corners.shape) < 0.01] = np.inf
    corners = corners.astype(dtype)
    sizes = np.repeat(generator.integers(10, 30, (5000, 1)), 2, axis=1).astype(float)
    sizes[generator.random(5000) < 0.3] = np.nan
    boxes, kept, problems = clean(corners, sizes)
    seen: set[str] = set()
    for i in range(len(corners)):
        expected, expected_problems = one(tuple(corners[i]), tuple(sizes[i]))
        assert bool(kept[i]) == (expected is not None)
        assert {reason for reason, has in problems.items() if has[i]} == expected_problems
        if expected is not None:
            assert boxes[i].tolist() == expected
        seen |= expected_problems
    assert seen == {NO_NUMBERS, SWAPPED, NO_AREA, OUTSIDE, CLIPPED}
    assert boxes.dtype == dtype
    assert (boxes[kept, :2] < boxes[kept, 2:]).all()


def test_what_rounding_leaves_over_is_not_reported() -> None:
    boxes, kept, problems = clean(np.array([[0.1, 0.1, 640.0001, 480]]), np.array([[640.0, 480]]))
    assert boxes[0, 2] == 640
    assert kept.all()
    assert not any(has.any() for has in problems.values())


@pytest.mark.parametrize(
    "values", [None, "abcd", [1, 2, 3], [1, 2, 3, "x"], 7, [10**400] * 4, {"x": 1}]
)
def test_no_four_numbers(values: object) -> None:
    assert all(map(math.isnan, by_corners(values)))
    assert all(map(math.isnan, by_size(values)))


def test_numbers_as_text_and_by_size() -> None:
    assert by_corners(["1", "2.5", 3, 4]) == (1, 2.5, 3, 4)
    assert by_size([1, 2, 3, 4]) == (1, 2, 4, 6)


def test_boxes_need_not_be_clipped() -> None:
    corners, sizes = np.array([[-5.0, 2, 30, 9], [30, 9, -5, 2]]), np.array([[20.0, 20], [20, 20]])
    boxes, kept, problems = clean(corners, sizes, clip=False)
    assert boxes.tolist() == [[-5, 2, 30, 9]] * 2 and kept.all()
    assert CLIPPED not in problems and problems[SWAPPED].tolist() == [False, True]
    assert corners[1].tolist() == [30, 9, -5, 2]  # the caller's array stays


def test_lengths() -> None:
    assert [length(value) for value in ("640", 480, 1.5)] == [640, 480, 1.5]
    assert all(math.isnan(length(value)) for value in (None, "?", -1, 0, "inf", 10**400))
