from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.reports.figures.classification.crops import (
    NAME,
    ClassifiedCrop,
    explanation_figure,
    largest_drop,
    mistakes_figure,
    read_classified_crops,
    with_map,
)
from tests.support import tiny
from tests.support.answers import answers


def face(key: str, true: str = "fear", predicted: str = "anger", side: int = 48) -> ClassifiedCrop:
    image = np.random.default_rng(len(key)).integers(0, 256, (side, side), dtype=np.uint8)
    return ClassifiedCrop(image, key, true, predicted, 0.93)


def test_crops_are_the_pictures_of_the_answers() -> None:
    data = tiny.Faces(30)
    keys = tuple(sample.key for sample in data.samples("public"))
    made = answers(30, keys=keys, split="public")
    found = read_classified_crops(data, made, [7, 3])
    images = [sample.image for sample in data.samples("public")]
    assert [one.key for one in found] == ["row 7", "row 3"]
    assert np.array_equal(found[0].image, images[7]) and np.array_equal(found[1].image, images[3])
    assert found[0].predicted == made.names[made.probs[7].argmax()]
    assert found[0].true == made.names[made.labels[7]]
    assert found[0].probability == pytest.approx(float(made.probs[7].max()))


def test_a_mistake_shows_true_and_predicted_expression() -> None:
    figure = mistakes_figure([face("a.png"), face("long/" * 9 + "b.png")], "Mistakes", columns=3)
    first, second, empty = figure.axes
    assert first.get_title() == "fear → anger" and not empty.images
    assert [text.get_text() for text in first.texts] == ["93%", "a.png"]
    name = second.texts[1].get_text()
    assert name.startswith("…") and name.endswith("/long/b.png") and len(name) == NAME
    assert np.array_equal(first.images[0].get_array(), face("a.png").image)
    assert "no mistakes" in [text.get_text() for text in mistakes_figure([], "x").axes[0].texts]


def test_a_map_colours_only_places_that_count() -> None:
    image = face("a").image
    values = np.zeros((48, 48), np.float32)
    values[:10], values[40:] = 0.4, -0.2
    drawn = with_map(image, values, drops=True).astype(int)
    red, blue = drawn[..., 0] - drawn[..., 2], drawn[..., 2] - drawn[..., 0]
    assert red[:10].min() > 50 and blue[40:].min() > 20
    assert np.array_equal(red[10:40], np.zeros((30, 48)))
    assert largest_drop(values) == "40 points" and largest_drop(-values * 0) == "0 points"
    assert largest_drop(values / 40) == "1 point"


def test_a_weak_map_of_drops_stays_pale() -> None:
    image, values = face("a").image, np.full((48, 48), 0.01, np.float32)
    pale, strong = (with_map(image, values, drops).astype(int) for drops in (True, False))
    assert np.ptp(pale, axis=2).max() < np.ptp(strong, axis=2).min()


def test_each_crop_has_its_map_beside_it() -> None:
    faces = [face("a.png", "fear", "fear"), face("bb.png", side=96)]
    maps = {one.key: np.full(one.image.shape, 0.25, np.float32) for one in faces}
    figure = explanation_figure(faces, maps, "Why", pairs=2)
    assert len(figure.axes) == 4
    assert figure.axes[0].get_title() == "fear"
    assert "25 points" in figure.axes[1].get_title()
    assert figure.axes[3].images[0].get_array().shape == (96, 96, 3)
    plain = explanation_figure(faces, maps, "Why", drops=False)
    assert "points" not in plain.axes[1].get_title()
