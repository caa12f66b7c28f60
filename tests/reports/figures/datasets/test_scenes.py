from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from mien.datasets.scenes.survey import SceneSurvey, survey_scenes
from mien.reports.figures.datasets.scenes import (
    boxes_figure,
    faces_per_picture_figure,
    sizes_figure,
)
from mien.reports.figures.save import png
from tests.support.marked import Marked, piece, scene, square


@pytest.fixture
def found() -> SceneSurvey:
    crowd = [square(6, at) for at in range(120)]
    return survey_scenes(
        Marked(
            train=[
                scene("crowd", piece(200, 150), *crowd),
                scene("a", piece(150, 200), square(40, 3), square(33), square(20, 9), ignored=(2,)),
                scene("b", piece(150, 180)),
            ],
            valid=[scene("c", piece(99, 99), square(98))],
        ),
        "train",
    )


def test_every_picture_is_shown_with_its_boxes(found: SceneSurvey) -> None:
    figure = boxes_figure(found, "photos")
    for axes, shown in zip(figure.axes, found.pictures, strict=True):
        assert np.array_equal(axes.images[0].get_array(), shown.image)  # type: ignore[arg-type]
        n_ignored = int(shown.ignored.sum())
        ignored, counted = axes.patches[:n_ignored], axes.patches[n_ignored:]
        for drawn, those in ((ignored, shown.ignored), (counted, ~shown.ignored)):
            boxes = [patch.get_bbox().extents for patch in drawn]
            assert np.array_equal(np.reshape(boxes, (-1, 4)), shown.boxes[those])
        styles = [{patch.get_linestyle() for patch in drawn} for drawn in (ignored, counted)]
        assert not styles[0] & styles[1]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[0] == "120 faces" and set(titles[1:]) == {"2 faces, 1 ignored", "0 faces"}
    assert "photos, split train" in figure.get_suptitle()
    assert png(figure)


def test_the_picture_with_most_faces_is_the_largest(found: SceneSurvey) -> None:
    figure = boxes_figure(found, "photos")
    figure.savefig(io.BytesIO(), format="png")  # lays out the axes
    widths = [axes.get_window_extent().width for axes in figure.axes]
    assert widths[0] > 1.3 * max(widths[1:])


def test_bars_of_sizes_are_shares_and_bounds_are_edges(found: SceneSurvey) -> None:
    figure = sizes_figure(found, "photos")
    (axes,) = figure.axes
    train, valid = axes.patches
    for stairs in (train, valid):
        values, edges, _ = stairs.get_data()  # type: ignore[attr-defined]
        assert values.sum() == pytest.approx(1)
        assert np.abs(edges - 32).min() < 1e-6 and np.abs(edges - 96).min() < 1e-6
    values, edges, _ = train.get_data()  # type: ignore[attr-defined]
    assert values[edges[:-1] >= 31].sum() == pytest.approx(2 / 122)
    assert train.get_label() == "train: 122 faces, 98% small, 2% medium, 0% large"
    assert [line.get_xdata()[0] for line in axes.lines] == [32, 96]  # type: ignore[index]
    assert {text.get_text() for text in axes.texts} >= {"small", "medium", "large"}
    assert png(figure)


def test_bars_of_faces_are_pictures(found: SceneSurvey) -> None:
    figure = faces_per_picture_figure(found, "photos")
    (axes,) = figure.axes
    names = [tick.get_text() for tick in axes.get_xticklabels()]
    assert names == ["0", "1", "2", "3–5", "6–10", "11–20", "21–50", "51–100", "101+"]
    train, valid = axes.containers
    heights = [bar.get_height() for bar in train]
    assert heights == pytest.approx([1 / 3, 0, 1 / 3, 0, 0, 0, 0, 0, 1 / 3])
    assert [bar.get_height() for bar in valid][1] == 1
    assert train.get_label() == "train: 3 pictures, median 2, maximum 120"
    assert png(figure)


def test_a_data_set_without_faces_is_drawn() -> None:
    found = survey_scenes(Marked(train=[scene("a", piece(50, 50))], valid=[]), "train")
    for figure in (
        boxes_figure(found, "none"),
        sizes_figure(found, "none"),
        faces_per_picture_figure(found, "none"),
    ):
        assert png(figure)
