from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from mien.drawing import annotate as drawing
from mien.drawing.annotate import Mark
from mien.drawing.colors import COLORS, UNCERTAIN, color_of
from mien.labels import FERPLUS
from mien.sinks import annotate
from mien.types import Reading, Result
from tests.support.results import make_reading


def blank(height: int, width: int, level: int = 128) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def result_of(image: np.ndarray, *readings: Reading) -> Result:
    return Result(readings, width=image.shape[1], height=image.shape[0], source="photo.jpg")


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])


def spots(image: np.ndarray, color: str) -> np.ndarray:
    """Coordinates (N, 2), as y and x, of the pixels of exactly this colour."""
    return np.argwhere((image == rgb(color)).all(axis=2))


def labels_drawn(monkeypatch: pytest.MonkeyPatch) -> list[drawing._Label]:
    seen: list[drawing._Label] = []
    real = drawing._draw_label

    def spy(canvas: object, label: drawing._Label, color: str) -> None:
        seen.append(label)
        real(canvas, label, color)  # type: ignore[arg-type]

    monkeypatch.setattr(drawing, "_draw_label", spy)
    return seen


@pytest.mark.parametrize("size", [(400, 400), (900, 1200), (1500, 6000)])
def test_the_box_is_drawn_around_the_face_and_scales(size: tuple[int, int]) -> None:
    image = blank(*size)
    height, width = size
    box = (width * 0.3, height * 0.4, width * 0.6, height * 0.8)
    drawn = annotate(image, result_of(image, make_reading("anger", box=box)))
    assert drawn.shape == image.shape
    assert (image == 128).all()  # the original is left alone
    found = spots(drawn, color_of("anger"))
    side = np.sqrt(height * width)
    line = 2 * side / 350
    assert abs(found[:, 1].min() - box[0]) <= line
    assert abs(found[:, 0].max() - box[3]) <= line
    middle = drawn[int(height * 0.45) : int(height * 0.75), int(width * 0.35) : int(width * 0.55)]
    assert (middle == 128).all()  # the face itself stays free
    row = drawn[int(height * 0.6), : width // 2]
    thickness = (row == rgb(color_of("anger"))).all(axis=1).sum()
    assert max(1, side / 900) <= thickness <= side / 100


def test_letters_are_drawn_and_legible(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = labels_drawn(monkeypatch)
    for side in (100, 400, 1000, 3000):
        image = blank(side, side)
        box = (side * 0.3, side * 0.3, side * 0.7, side * 0.8)
        drawn = annotate(image, result_of(image, make_reading(box=box)))
        label = seen[-1]
        assert label.text == "happiness 80%"
        assert label.font.size >= max(11, max(drawn.shape) / 100)  # type: ignore[union-attr]
        x1, y1, x2, y2 = (round(v) for v in label.rect)
        middle = round(label.middle())
        number = drawn[y1:y2, x1:middle].astype(int)
        assert label.number == "0" and np.ptp(number, axis=(0, 1)).min() > 200  # light on dark
        assert (number[: label.pad - 1] < 20).all() and (number[:, : label.pad - 1] < 20).all()
        patch = drawn[y1:y2, middle:x2].astype(int)
        assert np.ptp(patch, axis=(0, 1)).max() > 150  # dark letters on a bright ground
        rim = patch[: label.pad - 1], patch[-label.pad + 1 :], patch[:, : label.pad - 1]
        assert all((part == rgb(color_of("happiness"))).all() for part in rim)
        assert label.font.getlength(label.text) + label.pad <= x2 - middle


def test_faces_have_the_numbers_of_the_table_whatever_their_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = labels_drawn(monkeypatch)
    image = blank(600, 1200)
    boxes = [(40, 400, 90, 460), (300, 50, 700, 550), (760, 300, 800, 350), (900, 100, 1100, 350)]
    result = result_of(image, *(make_reading(box=box) for box in boxes))
    annotate(image, result)
    rows = result.rows()
    assert sorted(label.number for label in seen) == [str(row["face"]) for row in rows]
    for label in seen:
        row = rows[int(label.number)]  # the label touches its own box
        assert abs(label.rect[0] - row["x1"]) < 5 and abs(label.rect[3] - row["y1"]) < 5


def test_an_unknown_number_leaves_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, image = labels_drawn(monkeypatch), blank(300, 300)
    mark = Mark(7, (100, 100, 200, 200), "fear", 0.5)
    drawing.annotate(image, [mark, mark._replace(number=None, box=(100, 200, 200, 290))])
    numbered, unknown = seen
    assert (numbered.number, unknown.number, unknown.middle()) == ("7", "", unknown.rect[0])
    widths = [label.rect[2] - label.rect[0] for label in seen]
    assert widths[0] - widths[1] == pytest.approx(numbered.middle() - numbered.rect[0])


def test_a_crowd_keeps_its_numbers_when_there_is_no_room_for_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = labels_drawn(monkeypatch)
    image = blank(400, 800)
    boxes = [(x, y, x + 24, y + 30) for y in range(20, 380, 45) for x in range(20, 780, 26)]
    annotate(image, result_of(image, *(make_reading(box=box) for box in boxes)))
    alone = [label for label in seen if not label.text]
    assert len(alone) > 50
    assert len({label.number for label in seen}) == len(seen) > 0.8 * len(boxes)


def test_small_pictures_are_enlarged_by_a_whole_factor() -> None:
    image = blank(48, 60)
    reading = make_reading(box=(10, 10, 40, 40))
    drawn = annotate(image, result_of(image, reading))
    assert drawn.shape == (48 * 6, 60 * 6, 3)
    assert annotate(image, result_of(image, reading), min_side=0).shape == image.shape
    assert annotate(image, result_of(image)).shape == image.shape  # nothing to read in it


def test_without_a_face_the_copy_is_equal_and_its_own() -> None:
    image = blank(50, 400)
    drawn = annotate(image, result_of(image))
    np.testing.assert_array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 10_000), (10_000, 1), (3, 5)])
def test_odd_pictures_and_boxes_do_not_fail(shape: tuple[int, int]) -> None:
    image = blank(*shape)
    boxes = [(0, 0, 1, 1), (-50, -50, 500, 500), (0, 0, 20_000, 20_000), (-9, -9, -5, -5)]
    readings = [make_reading(box=box) for box in boxes]
    factor = annotate(image, result_of(image, *readings)).shape[0] / shape[0]
    assert factor == int(factor)


def test_labels_stay_in_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = labels_drawn(monkeypatch)
    image = blank(600, 800)
    edges = [(0, 0, 60, 80), (740, 0, 800, 80), (0, 520, 60, 600), (740, 520, 800, 600)]
    annotate(
        image, result_of(image, *(make_reading(box=box) for box in [*edges, (0, 0, 800, 600)]))
    )
    assert len(seen) == 5
    for label in seen:
        assert (label.rect >= 0).all()
        assert (label.rect[2:] <= [800, 600]).all()


def test_hundreds_of_faces_have_labels_that_do_not_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = labels_drawn(monkeypatch)
    rng = np.random.default_rng(0)
    image = blank(1000, 1600)
    corners = rng.uniform((0, 0), (1560, 950), (300, 2))
    readings = [make_reading(box=(x, y, x + 30, y + 40)) for x, y in corners]
    annotate(image, result_of(image, *readings))
    assert len(seen) > 150
    for one, two in combinations(seen, 2):
        shared = np.minimum(one.rect[2:], two.rect[2:]) - np.maximum(one.rect[:2], two.rect[:2])
        assert shared.min() <= 1e-9


def test_every_expression_has_a_colour_of_its_own_for_colour_blind_eyes() -> None:
    assert set(COLORS) == set(FERPLUS)
    # Brettel-like linear simulations of Machado et al. (2009), full severity, on linear RGB.
    deuteranopia = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    protanopia = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    for matrix in (np.eye(3), np.array(deuteranopia), np.array(protanopia)):
        seen = [np.clip(matrix @ (rgb(c) / 255) ** 2.2, 0, 1) ** (1 / 2.2) for c in COLORS.values()]
        assert min(np.abs(a - b).max() for a, b in combinations(seen, 2)) > 0.1
    assert color_of("bewilderment") in COLORS.values()
    assert color_of("uncertain") == UNCERTAIN not in COLORS.values()


def test_a_mark_of_a_smaller_copy() -> None:
    mark = Mark(0, (10, 20, 30, 60), "fear", 0.5)
    assert mark.scaled(0.5).box == (5, 10, 15, 30) and mark.area == 800


def test_valence_and_arousal_are_drawn_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = labels_drawn(monkeypatch)
    image, box = blank(500, 600), (200, 200, 380, 420)
    reading = replace(make_reading(box=box), valence=0.514, arousal=-0.2)
    annotate(image, result_of(image, reading))
    annotate(image, result_of(image, replace(reading, arousal=None)))
    narrow = blank(500, 90)
    small = replace(make_reading(box=(20, 200, 70, 260)), valence=0.514, arousal=-0.2)
    annotate(narrow, result_of(narrow, small), min_side=0)
    assert [label.text for label in seen] == [
        "happiness 80%  V +0.51 A -0.20", "happiness 80%  V +0.51", "hap",
    ]  # fmt: skip
    assert all(label.rect[0] >= 0 and label.rect[2] <= 600 for label in seen)
    crowd = [
        replace(make_reading(box=(x, y, x + 60, y + 70)), valence=0.1, arousal=0.1)
        for y in range(20, 480, 100)
        for x in range(20, 560, 70)
    ]
    seen.clear()
    annotate(image, result_of(image, *crowd))
    assert 0 < sum("V " in label.text for label in seen) < len(crowd)
