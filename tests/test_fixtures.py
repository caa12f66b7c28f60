"""The committed photos, and the data sets that the tests make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.pipeline import Recognizer
from tests.support import sample


def test_the_photos_are_small() -> None:
    files = [path for path in sample.PHOTOS.rglob("*") if path.is_file()]
    assert len(files) == 10 and max(path.stat().st_size for path in files) < 80_000


def test_the_marked_faces_are_read(photos: Path) -> None:
    scenes = list(open_dataset(photos, "coco").scenes("train"))
    assert tuple(scene.key for scene in scenes) == sample.NAMES
    for scene in scenes:
        assert scene.image.shape == (scene.height, scene.width, 3)
        assert np.array_equal(scene.boxes, [sample.boxes()[scene.key]])


def test_the_faces_show_what_their_folder_says() -> None:
    dataset = open_dataset(sample.PHOTOS / "faces", "folder")
    assert dataset.splits() == ("train", "valid")
    recognizer = Recognizer("none")
    for split in dataset.splits():
        for item in dataset.samples(split):
            (reading,) = recognizer.image(item.image)
            assert reading.expression == item.key.split("/")[1]


@pytest.mark.parametrize("split", ["train", "public"])
def test_the_sample_is_read_as_fer2013(split: str, tmp_path: Path) -> None:
    data = sample.write_tree(tmp_path / "shared") / "data" / "fer2013.zip"
    for reader in ("fer2013", "ferplus"):
        found = list(open_dataset(data, reader).samples(split))
        assert len(found) > 10 and len({item.label for item in found}) == 7 + (reader == "ferplus")
        assert all(item.image.shape == (48, 48) for item in found)


def test_the_sample_is_read_as_wider(tmp_path: Path) -> None:
    data = sample.write_tree(tmp_path / "shared") / "data"
    scenes = list(open_dataset(data / "wider_val_dev.zip", "coco").scenes("valid"))
    counts = {len(scene.boxes) for scene in scenes}
    assert {0, 1, 2, 4, 6} == counts
    assert any(scene.ignored.any() for scene in scenes)
    assert set(scenes[0].subsets) == {"easy", "medium", "hard"}
