from __future__ import annotations

import numpy as np

from mien.datasets.boxes import CROWDED, NO_AREA
from mien.datasets.scenes.marks import Marks


def test_faces_may_come_in_any_order_and_keep_their_attributes() -> None:
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
