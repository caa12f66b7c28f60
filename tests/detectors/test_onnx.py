from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mien.detectors.base import Detector
from mien.detectors.onnx import OnnxDetector
from mien.errors import ConfigError, InputError, ModelFileError, ModelSpecError
from mien.specs.detector import DetectorSpec
from tests.support.detector_models import SCORES, coloured, tiny_detector
from tests.support.models import tiny_classifier


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    tiny_detector(path, score_threshold=0.2, licence="MIT", architecture="rectangles")
    return path


@pytest.mark.parametrize(
    ("height", "width"),
    [(64, 64), (256, 512), (512, 256), (100, 77), (40, 30), (60, 900), (901, 57), (1080, 1920)],
)
def test_boxes_come_back_in_pixels_of_the_picture(file: Path, height: int, width: int) -> None:
    """Shrunk, enlarged, padded: a box is where it was, to within a pixel of the network's input."""
    box = [width // 5, height // 4, width // 5 + width // 2, height // 4 + height // 3]
    (face,) = OnnxDetector(model=file).detect(coloured(height, width, (0, *box)))
    scale = min(64 / min(height, width), 128 / max(height, width))
    assert face.box.to_list() == pytest.approx(box, abs=1 + 1 / scale)
    assert face.score == pytest.approx(SCORES[0])
    assert face.landmarks is None


def test_faces_come_best_first_and_are_cut_at_the_border(file: Path) -> None:
    image = coloured(50, 50, (2, 0, 0, 10, 10), (0, 20, 20, 30, 30), (1, 35, 35, 50, 50))
    faces = OnnxDetector(model=file).detect(image)
    assert [face.score for face in faces] == pytest.approx(SCORES)
    green, blue = faces[1].box, faces[2].box
    assert (green.x2, green.y2) == (50, 50)  # the input is padded: beyond it the picture has ended
    assert (blue.x1, blue.y1) == (0, 0)


def test_a_picture_without_a_face(file: Path) -> None:
    assert OnnxDetector(model=file).detect(np.zeros((30, 40, 3), np.uint8)) == []


def test_the_threshold_is_the_files_unless_given(tmp_path: Path) -> None:
    tiny_detector(tmp_path / "d.onnx", score_threshold=0.5)
    image = coloured(64, 64, (0, 1, 1, 9, 9), (1, 20, 1, 29, 9), (2, 40, 1, 49, 9))

    def count(**options: float) -> int:
        return len(OnnxDetector(model=tmp_path / "d.onnx", **options).detect(image))

    detector = OnnxDetector(model=tmp_path / "d.onnx")
    assert [len(detector.detect(image, t)) for t in (None, 0.7, 0)] == [2, 1, 3]
    assert (count(), count(score_threshold=0.7), count(score_threshold=0)) == (2, 1, 3)


def test_smaller_faces_are_dropped(file: Path) -> None:
    image = coloured(64, 64, (0, 0, 0, 8, 18), (1, 20, 20, 40, 40))  # sides of 12 and 20
    detector = OnnxDetector(model=file, min_face_size=13)
    assert [face.score for face in detector.detect(image)] == pytest.approx([SCORES[1]])
    assert len(OnnxDetector(model=file, min_face_size=11).detect(image)) == 2


def test_facts_are_those_of_the_file(file: Path) -> None:
    detector = OnnxDetector(model=file)
    assert isinstance(detector, Detector)
    assert detector.facts.name == detector.spec.name == "tiny"
    assert detector.facts.licence == "MIT" and detector.facts.source == str(file)
    assert "rectangles" in detector.facts.summary and not detector.facts.needs
    assert OnnxDetector.facts.name == "faster_rcnn" and OnnxDetector.facts.needs


def test_threads_share_one(file: Path) -> None:
    detector = OnnxDetector(model=file, threads=1)
    images = [coloured(64 + k, 80, (0, k, 5, k + 20, 40)) for k in range(12)]
    expected = [detector.detect(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, images)) == expected


def test_without_a_file_it_says_how_to_get_one() -> None:
    with pytest.raises(ConfigError, match=r"mien train faster_rcnn_mobile.*mien export.*model="):
        OnnxDetector()


@pytest.mark.parametrize(
    "options", [{"score_threshold": 1.1}, {"score_threshold": -1}, {"min_face_size": -1}]
)
def test_values_out_of_range(file: Path, options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        OnnxDetector(model=file, **options)


def test_other_arrays_are_refused(file: Path) -> None:
    with pytest.raises(InputError, match="uint8 RGB"):
        OnnxDetector(model=file).detect(np.zeros((48, 32), np.uint8))


def test_files_that_are_not_a_detector(tmp_path: Path) -> None:
    """Each is one line that says what the file is and what was expected."""
    classifier = tiny_classifier(tmp_path / "classifier.onnx").path
    bare, odd, text, empty = (tmp_path / f"{n}.onnx" for n in ("bare", "odd", "text", "empty"))
    tiny_detector(bare, metadata={})
    tiny_detector(odd, graph={"boxes": "rectangles"})
    text.write_text("hello")
    empty.touch()
    for path, error, words in (
        (classifier, ModelSpecError, "is an expression classifier: give it as '--model"),
        (bare, ModelSpecError, "has no Mien detector spec.*mien export"),
        (odd, ModelFileError, "not a face detector: its outputs are .*rectangles.*export it again"),
        (text, ModelFileError, "expected an ONNX file"),
        (empty, ModelFileError, "is empty: expected an ONNX file"),
        (tmp_path / "none.onnx", ModelFileError, "does not exist"),
        (tmp_path, ModelFileError, "cannot be read"),
    ):
        with pytest.raises(error, match=words) as caught:
            OnnxDetector(model=path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize("scores", [(2.0, 0.5, 0.1), (float("nan"), 0.5, 0.1)])
def test_a_network_with_invalid_outputs(tmp_path: Path, scores: tuple[float, ...]) -> None:
    tiny_detector(tmp_path / "d.onnx", answers=scores)
    with pytest.raises(ModelFileError, match=r"expected .* finite numbers .*: export it again"):
        OnnxDetector(model=tmp_path / "d.onnx").detect(coloured(64, 64, (0, 1, 1, 9, 9)))


def test_the_spec_is_the_one_that_was_written(tmp_path: Path) -> None:
    spec = tiny_detector(tmp_path / "d.onnx", scores={"valid_ap50": 0.5}, trained_on="x", stride=16)
    assert isinstance(spec, DetectorSpec)
    assert OnnxDetector(model=tmp_path / "d.onnx").spec == spec
