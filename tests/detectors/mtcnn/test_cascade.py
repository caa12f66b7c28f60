from __future__ import annotations

import numpy as np
import pytest

from mien.detectors.mtcnn.cascade import apply_offsets, is_accepted, make_square, suppress
from mien.types import Box


@pytest.mark.parametrize("of_smaller", [False, True])
def test_suppression_equals_its_definition(of_smaller: bool) -> None:
    rng = np.random.default_rng(0)
    corner, side = rng.uniform(0, 100, (700, 2)), rng.uniform(5, 30, (700, 2))
    boxes, scores = np.concatenate([corner, corner + side], axis=1), rng.permutation(700) / 700

    def overlap(a: Box, b: Box) -> float:
        shared = a.iou(b) * (a.area + b.area) / (1 + a.iou(b))
        return shared / min(a.area, b.area) if of_smaller else a.iou(b)

    best_first = sorted(range(700), key=lambda i: -scores[i])
    shapes = [Box(*boxes[i].tolist()) for i in best_first]
    expected = [
        i
        for rank, i in enumerate(best_first)
        if all(overlap(shapes[rank], better) <= 0.4 for better in shapes[:rank])
    ]
    assert suppress(boxes, scores, 0.4, of_smaller=of_smaller).tolist() == expected
    assert suppress(np.empty((0, 4)), np.empty(0), 0.4).tolist() == []


def test_squares_keep_the_centre_and_the_longer_side() -> None:
    boxes = make_square(np.array([[0.0, 0.0, 10.0, 20.0], [5.0, 5.0, 25.0, 9.0]]))
    assert boxes.tolist() == [[-5.0, 0.0, 15.0, 20.0], [5.0, -3.0, 25.0, 17.0]]


def test_offsets_are_parts_of_sides_that_count_both_ends() -> None:
    box = np.array([[10.0, 10.0, 29.0, 49.0]])  # 20 × 40 pixels
    assert apply_offsets(box, np.array([[0.1, -0.1, 0.5, 0.25]])).tolist() == [
        [12.0, 6.0, 39.0, 59.0]
    ]


def test_only_boxes_of_some_area_are_accepted() -> None:
    boxes = np.array([[0, 0, 2, 2], [0, 0, 0, 2], [0, 3, 2, 2], [0, 0, 2, 2]], float)
    assert is_accepted(boxes, np.array([0.9, 0.9, 0.9, 0.5]), 0.5).tolist() == [True] + [False] * 3
