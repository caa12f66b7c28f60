from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.crops import survey as surveying
from mien.datasets.crops.survey import survey_crops
from mien.errors import DatasetError
from mien.preprocess.crop import square
from mien.preprocess.network_input import resize
from tests.support import photos
from tests.support.photos import Photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return photos.write(tmp_path / "photos", 30, 8)


def test_mean_faces_are_numpys_means(folder: Path) -> None:
    found = survey_crops(Photos(folder), "train")
    side = found.means.shape[1]
    pictures = [
        resize(square(np.array(Image.open(p))), side) for p in sorted((folder / "train").iterdir())
    ]
    for label in range(3):
        expected = np.mean(pictures[label::3], axis=0)
        np.testing.assert_allclose(found.means[label], expected)
    assert found.averaged.tolist() == [10, 10, 10] and found.unreadable == 0


def test_labels_of_all_splits_are_counted_and_pictures_drawn_of_one(folder: Path) -> None:
    found = survey_crops(Photos(folder), "valid", pictures=2)
    assert {k: v.tolist() for k, v in found.counts.items()} == {
        "train": [10, 10, 10],
        "valid": [3, 3, 2],
    }
    assert [len(row) for row in found.pictures] == [2, 2, 2]
    sources = list(Photos(folder).samples("valid"))
    for label, (row, example) in enumerate(zip(found.pictures, found.examples, strict=True)):
        own = [s.image for s in sources if s.label == label]
        assert any(np.array_equal(example, image) for image in own)  # type: ignore[arg-type]
        for picture in row:
            assert any(
                np.array_equal(picture, resize(square(image), len(picture))) for image in own
            )


def test_a_seed_draws_the_same_and_another_does_not(folder: Path) -> None:
    once, again, other = (
        np.array(survey_crops(Photos(folder), "train", pictures=4, seed=seed).pictures)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_large_classes_are_averaged_over_a_sample(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveying, "MOST_A_CLASS", 4)
    assert survey_crops(Photos(folder), "train").averaged.tolist() == [4, 4, 4]


def test_unreadable_pictures_and_empty_classes(folder: Path) -> None:
    for i in range(1, 30, 3):
        (folder / "train" / f"{i:03}.png").write_bytes(b"")
    found = survey_crops(Photos(folder), "train")
    assert found.unreadable == 10 and found.averaged.tolist() == [10, 0, 10]
    assert found.pictures[1] == () and found.examples[1] is None and np.isnan(found.means[1]).all()
    with pytest.raises(DatasetError, match="no split 'test'"):
        survey_crops(Photos(folder), "test")
    for path in (folder / "valid").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DatasetError, match="no picture of split 'valid'"):
        survey_crops(Photos(folder), "valid")
