from __future__ import annotations

import math

import numpy as np
import pytest

from mien.datasets.scenes.marks import (
    CLIPPED,
    CROWDED,
    NO_AREA,
    NO_NUMBERS,
    OUTSIDE,
    SWAPPED,
    Marks,
    by_corners,
    by_size,
    clean,
)


def one(
    corners: tuple[float, ...], size: tuple[float, float]
) -> tuple[list[float] | None, set[str]]:
    """What becomes of one box, step by step as the words say it."""
    told = set()
    if not all(map(math.isfinite, corners)):
        return None, {NO_NUMBERS}
    x1, y1, x2, y2 = corners
    if x1 > x2 or y1 > y2:
        told.add(SWAPPED)
    x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    if x1 == x2 or y1 == y2:
        return None, {NO_AREA}
    width, height = size
    if x2 <= 0 or y2 <= 0 or (width > 0 and x1 >= width) or (height > 0 and y1 >= height):
        return None, {OUTSIDE}
    if width > 0 and height > 0:
        inside = [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]
        if inside != [x1, y1, x2, y2]:
            told.add(CLIPPED)
        return inside, told
    return [x1, y1, x2, y2], told


def test_every_box_becomes_what_the_words_say() -> None:
    generator = np.random.default_rng(0)
    corners = generator.integers(-12, 40, (5000, 4)).astype(float)
    corners[generator.random(corners.shape) < 0.02] = np.nan
    corners[generator.random(corners.shape) < 0.01] = np.inf
    sizes = np.repeat(generator.integers(10, 30, (5000, 1)), 2, axis=1).astype(float)
    sizes[generator.random(5000) < 0.3] = np.nan
    boxes, kept, problems = clean(corners, sizes)
    seen: set[str] = set()
    for i in range(len(corners)):
        expected, told = one(tuple(corners[i]), tuple(sizes[i]))
        assert bool(kept[i]) == (expected is not None)
        assert {reason for reason, has in problems.items() if has[i]} == told
        if expected is not None:
            assert boxes[i].tolist() == expected
        seen |= told
    assert seen == {NO_NUMBERS, SWAPPED, NO_AREA, OUTSIDE, CLIPPED}
    assert boxes.dtype == np.float32
    assert (boxes[kept, :2] < boxes[kept, 2:]).all()


def test_what_rounding_leaves_over_is_not_told() -> None:
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


def test_faces_may_come_in_any_order_and_keep_what_is_said_of_them() -> None:
    marks = Marks()
    numbers = [marks.add_picture(name, 100, 50) for name in ("a", "b", "c")]
    assert numbers == [0, 1, 2]
    for i, picture in enumerate([2, 0, 2, 0, 2]):
        bad = i == 2
        subsets = ("easy", "hard") if i % 2 else ("hard",)
        marks.add_face(picture, (i, 1, i if bad else i + 5, 9), i == 3, {"number": i}, subsets)
    marked = marks.freeze()
    scenes = [marked.scene(i, np.zeros((50, 100), np.uint8)) for i in range(len(marked))]
    assert [scene.key for scene in scenes] == ["a", "b", "c"]
    assert [[said["number"] for said in scene.attributes] for scene in scenes] == [
        [1, 3],
        [],
        [0, 4],
    ]
    assert [scene.boxes[:, 0].tolist() for scene in scenes] == [[1, 3], [], [0, 4]]
    assert [scene.ignored.tolist() for scene in scenes] == [[False, True], [], [False, False]]
    assert {name: member.tolist() for name, member in scenes[2].subsets.items()} == {
        "hard": [True, True],
        "easy": [False, False],
    }
    assert scenes[1].boxes.shape == (0, 4)
    assert scenes[1].subsets.keys() == scenes[2].subsets.keys()
    assert (scenes[0].width, scenes[0].height) == (100, 50)
    assert scenes[0].image.shape == (50, 100, 3)  # grey pictures too come as RGB
    assert marks.skipped == {NO_AREA: ["c#2"]}


def test_a_picture_is_there_once_and_may_have_no_size_and_thousands_of_faces() -> None:
    marks = Marks()
    number = marks.add_picture("crowd.jpg", "?", -1)
    assert number is not None
    assert marks.add_picture("crowd.jpg") is None
    for i in range(3000):
        marks.add_face(number, (i, 0, i + 1.5, 7))
    marked = marks.freeze()
    scene = marked.scene(0, np.zeros((9, 9, 3), np.uint8))
    assert len(scene.boxes) == 3000
    assert scene.attributes == ()
    assert (scene.width, scene.height) == (None, None)
    assert marks.skipped[CROWDED] == ["crowd.jpg"]
    assert ["crowd.jpg"] in marks.skipped.values()
    assert len(marks.skipped) == 2


def test_no_face_at_all() -> None:
    marks = Marks()
    marks.add_picture("empty.jpg", 10, 10)
    scene = marks.freeze().scene(0, np.zeros((10, 10), np.uint8))
    assert scene.boxes.shape == (0, 4)
    assert scene.ignored.shape == (0,)
    assert not scene.subsets
