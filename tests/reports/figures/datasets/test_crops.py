from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from mien.datasets.crops.survey import CropSurvey, survey_crops
from mien.reports.figures.datasets.crops import (
    augmented_crops_figure,
    labels_figure,
    mean_faces_figure,
    samples_figure,
)
from tests.support import photos
from tests.support.photos import Photos


@pytest.fixture
def found(tmp_path: Path) -> CropSurvey:
    folder = photos.write(tmp_path / "photos", 12, 5)
    for i in (2, 5, 8, 11):  # no picture of the third label is readable
        (folder / "train" / f"{i:03}.png").write_bytes(b"")
    return survey_crops(Photos(folder), "train", pictures=3)


def test_bars_are_the_counts(found: CropSurvey) -> None:
    figure = labels_figure(found, "photos")
    train, valid = figure.axes
    assert [bar.get_width() for bar in train.patches] == [4, 4, 4]
    assert [bar.get_width() for bar in valid.patches] == [2, 2, 1]
    assert [text.get_text() for text in valid.texts] == ["2  40.0%", "2  40.0%", "1  20.0%"]
    assert [tick.get_text() for tick in train.get_yticklabels()] == list(photos.LABELS)


def test_the_grid_shows_the_pictures_drawn(found: CropSurvey) -> None:
    figure = samples_figure(found, "photos")
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    drawn = [picture for row in found.pictures for picture in row]
    assert len(shown) == 6
    assert all(np.array_equal(a, b) for a, b in zip(shown, drawn, strict=True))  # type: ignore[arg-type]
    assert "photos, split train" in figure.get_suptitle()


def test_mean_faces_are_the_means(found: CropSurvey) -> None:
    figure = mean_faces_figure(found, "photos")
    anger, happiness, neutral = figure.axes
    np.testing.assert_allclose(anger.images[0].get_array(), found.means[0] / 255)  # type: ignore[arg-type]
    assert happiness.texts[0].get_text() == "4"
    assert not neutral.images and neutral.texts[0].get_text() == "0 of 4"


def test_augmented_crops_follow_the_original(found: CropSurvey) -> None:
    rng = np.random.default_rng(0)
    plain, augmented = rng.random((2, 8, 8, 1)), rng.random((2, 3, 8, 8, 1))
    figure = augmented_crops_figure(plain, augmented, np.array([0, 0.25, 0]), ["a", "b"], "title")
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    for row in range(2):
        expected = [plain[row], *augmented[row]]
        for got, wanted in zip(shown[4 * row : 4 * row + 4], expected, strict=True):
            assert np.array_equal(got, wanted[..., 0])  # type: ignore[arg-type]
    heads = [axes.get_title() for axes in figure.axes]
    assert heads.count("mixed, 25%") == 1 and heads.count("augmented") == 2
