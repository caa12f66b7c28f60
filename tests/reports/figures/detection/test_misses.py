from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.datasets.opening import open_dataset
from mien.detectors.load import load_detector
from mien.evaluation.detection.detect import detect_all
from mien.reports.figures.boxes import OUTCOMES
from mien.reports.figures.detection.misses import (
    boxes_by_outcome,
    misses_figure,
    side_by_side_figure,
    worst_keys,
)
from mien.reports.figures.detection.pictures import read_pictures
from tests.support.coloured_faces import AGAIN, FALSE, FOUND, MISSED, data_and_detector
from tests.support.detections import answer, detections


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    data, model = data_and_detector(tmp_path_factory.mktemp("coloured"))
    dataset = open_dataset(data, "coco")
    detector = load_detector(model, options=["score_threshold=0.05"])
    return detect_all(detector, dataset, "valid", threshold=0.5), dataset


def drawn(figure) -> list[tuple[str, tuple[float, ...]]]:
    """Colour and corners of every box of a figure."""
    from matplotlib.colors import to_hex
    from matplotlib.patches import Rectangle

    return [
        (to_hex(patch.get_edgecolor()), (*patch.get_xy(), patch.get_width(), patch.get_height()))
        for axes in figure.axes
        for patch in axes.patches
        if isinstance(patch, Rectangle)
    ]


def test_each_box_has_the_colour_of_its_outcome(asked: tuple) -> None:
    answers, dataset = asked
    keys = worst_keys([answers], 12)
    assert len(keys) == 3  # not the empty picture, nor the one without errors
    pictures = read_pictures(dataset, "valid", keys)
    assert list(pictures) == keys
    figure = misses_figure(answers, pictures, "title")
    boxes = drawn(figure)
    counts = {
        kind: sum(color == style.color for color, _ in boxes) for kind, style in OUTCOMES.items()
    }
    found_here = FOUND - 1  # the picture without errors is not shown
    assert counts == {
        "ignored": 0, "found": found_here, "missed": MISSED, "false": FALSE, "duplicate": AGAIN,
    }  # fmt: skip
    assert (OUTCOMES["missed"].color, (20, 20, 40, 40)) in boxes
    assert (OUTCOMES["false"].color, (50, 10, 40, 50)) in boxes
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "0 of 1 found" in words and "1 of 1 found, 1 false" in words
    assert "1 of 1 found, 1 duplicate" in words and "unsure.png" in words
    legend = [text.get_text() for text in figure.legends[0].texts]
    assert set(legend) == {style.label for style in OUTCOMES.values()}


def test_boxes_are_drawn_where_they_are(asked: tuple) -> None:
    """In the rendered figure, a box's line is within half a pixel of the rectangle's edge."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    answers, dataset = asked
    pictures = read_pictures(dataset, "valid", ["images/false.png"])
    figure = misses_figure(answers, pictures, "")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    green = (pixels[..., 1] > 200) & (pixels[..., 0] < 60) & (pixels[..., 2] < 60)
    rows, columns = np.nonzero(green)
    place = figure.axes[0].get_position()
    height, width = pixels.shape[:2]
    scale = place.width * width / 96  # screen pixels per picture pixel
    left, top = place.x0 * width, (1 - place.y1) * height
    assert (columns.min() - left) / scale == pytest.approx(50, abs=0.5)
    assert (columns.max() + 1 - left) / scale == pytest.approx(90, abs=0.5)
    assert (rows.min() - top) / scale == pytest.approx(10, abs=0.5)


def test_the_same_pictures_side_by_side(asked: tuple) -> None:
    answers, dataset = asked
    keys = worst_keys([answers, answers], 2)
    pictures = read_pictures(dataset, "valid", keys)
    figure = side_by_side_figure({"one": answers, "two": answers}, pictures, "title")
    assert len(figure.axes) == 4
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert sum(text.startswith("one: ") for text in words) == 2
    boxes = drawn(figure)
    assert all(boxes.count(box) % 2 == 0 for box in boxes)


def test_the_worst_pictures_of_each_detector_come_in_turn() -> None:
    face, other = [[0, 0, 50, 50]], [[0, 0, 90, 90]]
    misses = detections(answer(other, key="a"), answer(face, face, key="b"), name="blind")
    makes_up = detections(
        answer(other, other, key="a"), answer(face, [*face, [200, 200, 300, 300]], key="b")
    )
    assert worst_keys([misses, makes_up], 5) == ["a", "b"]
    assert worst_keys([makes_up], 5) == ["b"] and worst_keys([misses], 1) == ["a"]


def test_ignored_faces_are_neither_right_nor_wrong() -> None:
    crowd = answer([[0, 0, 100, 100]], [[0, 0, 99, 99]], ignored=[True])
    boxes = boxes_by_outcome(crowd, 0.5)
    assert {kind: len(some) for kind, some in boxes.items()} == {
        "ignored": 1, "found": 0, "missed": 0, "false": 0, "duplicate": 0,
    }  # fmt: skip


def test_nothing_to_show() -> None:
    figure = misses_figure(detections(answer()), {}, "title")
    assert "no missed faces, no wrong boxes" in figure.get_suptitle()
