from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.preprocess.letterbox import PADDING
from mien.reports.figures.detection.pictures import (
    CONTEXT,
    CUTOUT,
    LONGEST,
    Region,
    read_cutouts,
    read_pictures,
)
from tests.support.coloured_faces import PICTURES, write_zip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zip(tmp_path_factory.mktemp("data") / "faces_val.zip", PICTURES)


def box(*corners: float) -> np.ndarray:
    return np.array(corners, np.float32)


def test_whole_pictures(data: Path) -> None:
    regions = read_pictures(open_dataset(data, "coco"), "valid", ["images/found.png", "none.png"])
    assert list(regions) == ["images/found.png"]
    view = regions["images/found.png"]
    assert view.image.shape == (64, 96, 3) and view.scale == 1
    assert (view.image[8:48, 8:40] == (255, 0, 0)).all() and view.image.sum() == 255 * 32 * 40


def test_large_pictures_become_smaller_and_boxes_with_them(tmp_path: Path) -> None:
    import io
    import json
    import zipfile

    from PIL import Image

    pixels = np.zeros((1000, 4 * LONGEST, 3), np.uint8)
    pixels[400:800, 800:1600] = 255
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.png", content.getvalue())
        coco = {
            "images": [{"id": 1, "file_name": "a.png"}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [800, 400, 800, 400]}],
            "categories": [{"id": 1, "name": "face"}],
        }
        file.writestr("a.json", json.dumps(coco))
    dataset = open_dataset(tmp_path / "a.zip", "coco")
    (view,) = read_pictures(dataset, "train", ["a.png"]).values()
    assert view.image.shape == (250, LONGEST, 3)
    ((x1, y1, x2, y2),) = view.boxes_inside(box(800, 400, 1600, 800)).round().astype(int)
    assert (view.image[y1:y2, x1:x2] == 255).all() and view.image[y1 - 1, x1 - 1].max() == 0


def test_cutouts_are_squares_around_a_box(data: Path) -> None:
    dataset = open_dataset(data, "coco")
    places = [
        ("images/found.png", box(8, 8, 40, 48)),
        ("none.png", box(0, 0, 9, 9)),
        ("images/unsure.png", box(20, 20, 60, 60)),
    ]
    first, nothing, second = read_cutouts(dataset, "valid", places)
    assert nothing is None and first is not None and second is not None
    side = round(CONTEXT * 40)
    assert first.scale == CUTOUT / side and first.image.shape == (CUTOUT, CUTOUT, 3)
    # The box is in the middle and takes up the intended part of the cutout.
    ((x1, y1, x2, y2),) = first.boxes_inside(box(8, 8, 40, 48))
    assert (x1 + x2) / 2 == pytest.approx(CUTOUT / 2, abs=2) == (y1 + y2) / 2
    assert y2 - y1 == pytest.approx(CUTOUT / CONTEXT, rel=0.02)
    inside = first.image[round(y1) + 3 : round(y2) - 3, round(x1) + 3 : round(x2) - 3]
    assert np.abs(inside.astype(int) - (255, 0, 0)).max() < 40  # cubic: edges ring a little
    # Outside the picture it is grey.
    assert (first.image[:5] == PADDING).all()


def test_a_box_far_outside_the_picture_has_a_cutout(data: Path) -> None:
    places = [
        ("images/found.png", box(-500, -500, -460, -450)),
        ("images/found.png", box(0, 0, 0, 0)),
    ]
    for crop in read_cutouts(open_dataset(data, "coco"), "valid", places):
        assert crop is not None and crop.image.shape == (CUTOUT, CUTOUT, 3)


def test_boxes_outside_a_region_are_dropped() -> None:
    view = Region(np.zeros((100, 100, 3), np.uint8), left=50, top=50, scale=2)
    boxes = np.stack([box(0, 0, 49, 90), box(60, 70, 80, 90), box(90, 40, 200, 60)])
    assert view.boxes_inside(boxes).tolist() == [[20, 40, 60, 80], [80, -20, 300, 20]]
    assert view.boxes_inside(np.zeros((0, 4), np.float32)).shape == (0, 4)
