from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.reports.figures.gallery import gallery, repeated

SHAPES = [(60, 90), (90, 60), (60, 200), (60, 60), (40, 90), (90, 90), (120, 60)]


def pictures() -> list[np.ndarray]:
    return [np.full((*shape, 3), 200, np.uint8) for shape in SHAPES]


def test_rows_are_full_and_no_picture_is_distorted() -> None:
    figure, grid = gallery(pictures())
    width, height = figure.get_size_inches()
    places = [axes.get_position() for axes in grid]
    for (h, w), place in zip(SHAPES, places, strict=True):
        assert place.width * width / (place.height * height) == pytest.approx(w / h)
    rows: dict[float, list] = {}
    for place in places:
        rows.setdefault(round(place.y0, 6), []).append(place)
    assert 1 < len(rows) < len(SHAPES)
    for row in list(rows.values())[:-1]:
        assert row[-1].x1 * width == pytest.approx(width - 0.12, abs=0.02)
    bottoms = list(rows)
    assert bottoms == sorted(bottoms, reverse=True) and min(bottoms) > 0  # top to bottom
    for one, other in pairwise(places):
        assert other.x0 > one.x1 or other.y1 < one.y0  # no overlap


def test_the_same_picture_several_times_in_a_row() -> None:
    figure, rows = repeated(pictures()[:3], 2)
    width, height = figure.get_size_inches()
    assert [len(row) for row in rows] == [2, 2, 2]
    for row, (h, w) in zip(rows, SHAPES[:3], strict=True):
        left, right = (axes.get_position() for axes in row)
        assert left.y0 == right.y0 and left.x1 < right.x0
        assert left.width * width / (left.height * height) == pytest.approx(w / h)


def test_no_pictures() -> None:
    assert gallery([])[1] == [] and repeated([], 3)[1] == []
