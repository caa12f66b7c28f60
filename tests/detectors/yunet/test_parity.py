"""OpenCV's ``FaceDetectorYN`` finds the same faces with the network as it was published."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.detectors.yunet.detector import YuNet
from tests.support.yunet import THRESHOLD, OpenCV, reference_pictures, rows_of

FIXTURE = Path(__file__).parents[2] / "fixtures" / "yunet_reference.json"
PIXELS, SCORE = 1.0, 0.01
CLEAR = 12  # pixels; OpenCV rounds boxes before it compares them, which decides between tiny ones
PICTURES = 20


@pytest.fixture(scope="module")
def detector() -> YuNet:
    """At the size of the picture, as OpenCV works."""
    return YuNet(min_face_size=0, score_threshold=THRESHOLD, threads=1)


def assert_twins(rows: np.ndarray, others: np.ndarray) -> None:
    """Every clear face in ``rows`` is in ``others``."""
    sides = np.sqrt((rows[:, 2] - rows[:, 0]) * (rows[:, 3] - rows[:, 1]))
    for row in rows[sides >= CLEAR]:
        twin = others[np.abs(others[:, :14] - row[:14]).max(axis=1).argmin()]
        assert np.abs(twin[:14] - row[:14]).max() <= PIXELS  # box and landmarks
        assert abs(twin[14] - row[14]) <= SCORE


def test_the_stored_answers_of_opencv(detector: YuNet) -> None:
    expected = {
        name: np.array(rows, np.float64).reshape(-1, 15)
        for name, rows in json.loads(FIXTURE.read_text())["faces"].items()
    }
    counts = [len(rows) for rows in expected.values()]
    assert len(counts) >= 20 and 0 in counts and max(counts) >= 6
    for name, image in reference_pictures().items():
        rows = rows_of(detector.detect(image))
        assert len(rows) == len(expected[name]), name
        assert_twins(rows, expected[name])


def test_opencv_on_photos(shared: Path, detector: YuNet) -> None:
    opencv, faces = OpenCV(shared / "weights" / "yunet_n_320_320.onnx"), 0
    with zipfile.ZipFile(shared / "data" / "wider_val_dev.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        for name in names[:: len(names) // PICTURES]:
            image = np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB"))
            rows, theirs = rows_of(detector.detect(image)), opencv.rows(image)
            assert_twins(rows, theirs)
            assert_twins(theirs, rows)
            faces += len(theirs)
    assert faces > 100
