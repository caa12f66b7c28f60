"""Which pictures look like whole photos: real photos do, real face crops do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.opening import open_dataset
from mien.datasets.photos import look_for_photos
from mien.datasets.splits import resplit
from mien.datasets.unlabelled import PictureTree, ScenePictures
from mien.detectors.load import load_detector
from mien.preprocess.crop import face_crop
from mien.specs.classifier import ModelSpec
from tests.support import sample, whole_photos


class Never:
    facts = load_detector("none").facts
    score_threshold = 0.0

    def detect(self, image: object, score_threshold: float | None = None) -> list[object]:
        raise AssertionError("nothing needs detecting")


def test_labelled_portraits_are_photos(tmp_path: Path) -> None:
    signs = look_for_photos(open_dataset(whole_photos.write(tmp_path), "folder"))
    assert signs is not None and signs.are_photos
    assert (signs.sampled, signs.found, signs.small) == (4, 3, 3)


def test_faces_that_were_found_are_not_asked_again(tmp_path: Path) -> None:
    data = open_dataset(whole_photos.write(tmp_path), "folder", ["detect=yes"])
    assert look_for_photos(data, Never()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("margin", [-0.035, 0.0, 0.4])
def test_crops_of_the_portraits_are_not(margin: float, tmp_path: Path) -> None:
    detector, spec = (
        load_detector("yunet", threads=1),
        ModelSpec("crop", ("any",), 1, margin=margin),
    )
    for name, label in whole_photos.LABELS.items():
        photo = np.array(sample.photo(name))
        (face,) = detector.detect(photo)
        (tmp_path / label).mkdir(exist_ok=True)
        Image.fromarray(face_crop(photo, face, spec)).save(tmp_path / label / f"{name}.png")
    signs = look_for_photos(open_dataset(tmp_path, "folder"))
    assert signs is not None and signs.small == 0 and not signs.are_photos


def test_small_crops_cost_no_detection(tmp_path: Path) -> None:
    for label in ("happiness", "neutral"):
        (tmp_path / label).mkdir()
        for number in range(8):
            sample.crop(number, 48).save(tmp_path / label / f"{number}.png")
    data = open_dataset(tmp_path, "folder")
    assert look_for_photos(data, Never()) is None  # type: ignore[arg-type]
    assert look_for_photos(resplit(data, "random:50/50"), Never()) is None  # type: ignore[arg-type]


def test_real_data_sets(shared: Path) -> None:
    for name, reader, photos in (
        ("fer2013.zip", "fer2013", False),
        ("facemask853.zip", "coco", True),
        ("wider_val_dev.zip", "coco", True),
    ):
        path = shared / "data" / name
        data = open_dataset(path, reader)
        signs = look_for_photos(PictureTree(path) if reader == "coco" else data)
        assert bool(signs and signs.are_photos) == photos, (name, signs)
        if reader == "coco":  # whole pictures by their reader: nothing to say
            assert look_for_photos(data) is None
            assert next(iter(ScenePictures(data).samples(data.splits()[0]))).label == -1  # type: ignore[arg-type]
