"""A large JPEG is decoded small, and what is found in it is that of the whole picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.classifiers.base import load_classifier
from mien.detectors.base import ShrinkingDetector
from mien.detectors.load import load_detector
from mien.face_search import ENOUGH, find_faces
from mien.media.images import read_image
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from tests.support.commands import mien as command

SIDE = 3200
DETECTOR = load_detector("yunet", threads=1)
SPEC = load_classifier("default", threads=1).spec


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of ten megapixels, stored on its side, with a face of 590 pixels."""
    path = tmp_path_factory.mktemp("large") / "photo.jpg"
    with Image.open(ASTRONAUT) as photo:
        turned = photo.resize((SIDE, SIDE), Image.Resampling.LANCZOS).rotate(90)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown a quarter clockwise
    turned.save(path, quality=90, exif=exif)
    return path


def test_the_faces_are_those_of_the_whole_picture(large: Path) -> None:
    assert isinstance(DETECTOR, ShrinkingDetector)
    reduced = find_faces(large, DETECTOR, SPEC, whole=False)
    whole = find_faces(large, DETECTOR, SPEC, whole=True)
    assert reduced.image.shape == (SIDE // 2, SIDE // 2, 3) and not reduced.is_whole
    assert whole.image.shape == (SIDE, SIDE, 3) and whole.is_whole
    assert (reduced.height, reduced.width) == (SIDE, SIDE)
    (face,), (same,) = reduced.faces, whole.faces
    assert face.box.iou(same.box) > 0.95
    assert face.landmarks and same.landmarks
    assert np.abs(np.subtract(face.landmarks, same.landmarks)).max() < 0.02 * same.box.width
    small, full = reduced.crop(face, SPEC), whole.crop(same, SPEC)
    assert abs(2 * small.shape[0] - full.shape[0]) <= 0.05 * full.shape[0]


def test_small_faces_are_cut_from_the_whole_picture(tmp_path: Path) -> None:
    """A face of 64 pixels: the detector takes a smaller picture, the classifier would not."""
    picture = Image.new("RGB", (SIDE, SIDE), "grey")
    with Image.open(ASTRONAUT) as photo:
        picture.paste(photo.resize((350, 350)), (1000, 1000))
    path = tmp_path / "small.jpg"
    picture.save(path, quality=95)
    found = find_faces(path, DETECTOR, SPEC, whole=False)
    assert found.is_whole and found.faces
    assert found.crop(found.faces[0], SPEC).shape[0] < 2 * ENOUGH * SPEC.input_size


@pytest.mark.parametrize("kind", ["png", "bytes", "array", "small", "none"])
def test_others_are_read_whole(large: Path, tmp_path: Path, kind: str) -> None:
    detector, source, size = DETECTOR, large, SIDE
    if kind == "png":
        with Image.open(ASTRONAUT) as photo:
            photo.resize((SIDE, SIDE)).save(tmp_path / "photo.png", compress_level=0)
        source = tmp_path / "photo.png"
    elif kind == "bytes":
        found = find_faces(large.read_bytes(), detector, SPEC, whole=False)
        assert not found.is_whole  # a JPEG in memory is as good as a file
        with pytest.raises(ValueError, match="not a picture"):
            find_faces(b"no picture", detector, SPEC, whole=False)
        return
    elif kind == "array":
        source = read_image(large)  # type: ignore[assignment]
    elif kind == "small":
        source, size = ASTRONAUT, 512
    else:
        detector = load_detector("none")
    found = find_faces(source, detector, SPEC, whole=False)
    assert found.is_whole and found.image.shape == (size, size, 3)


def test_the_expression_is_that_of_the_whole_picture(large: Path) -> None:
    recognizer = Recognizer(threads=1)
    reduced = recognizer.image(large)
    ((whole, image),) = recognizer.stream([large])
    assert (reduced.width, reduced.height) == (whole.width, whole.height) == (SIDE, SIDE)
    assert image.shape == (SIDE, SIDE, 3)
    change = np.subtract(reduced[0].emotions.probs, whole[0].emotions.probs)
    assert np.abs(change).max() < 0.05
    assert reduced.draw().size == (SIDE, SIDE)  # the file is at hand
    assert mien.analyze(large.read_bytes()).draw().size == (SIDE, SIDE)


def test_the_command_decodes_whole_photos_only_to_draw_them(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = []

    def noted(source: Path, **options: object) -> object:
        whole.append(source)
        return read_image(source)

    monkeypatch.setattr("mien.face_search.read_image", noted)
    assert command("analyze", large, "-q") == 0
    assert whole == []
    assert command("analyze", large, "-q", "--draw", tmp_path / "drawn") == 0
    assert whole == [str(large)]
