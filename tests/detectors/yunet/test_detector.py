from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mien.detectors.base import Detector
from mien.detectors.mtcnn.detector import MTCNN
from mien.detectors.yunet.detector import LARGEST, OVERVIEW_FROM, PIXELS, YuNet
from mien.detectors.yunet.grids import COLUMNS
from mien.detectors.yunet.network import SPEC, free_sides
from mien.errors import ConfigError, InputError, ModelFileError, ModelSpecError
from mien.runtime import open_session
from mien.samples import ASTRONAUT
from mien.specs.detector import DetectorSpec
from mien.types import Box, Face
from mien.weights import YUNET
from tests.support import sample
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier
from tests.support.yunet import fixed_size

ONLY_IN_THE_FILE = ("licence", "sha256", "trained_on", "card")
"""Fields of a spec."""


@pytest.fixture(scope="module")
def published(shared: Path) -> Path:
    return shared / "weights" / "yunet_n_320_320.onnx"


@pytest.fixture(scope="module")
def detector() -> YuNet:
    return YuNet(threads=1)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.asarray(Image.open(ASTRONAUT).convert("RGB"))


@pytest.fixture(scope="module")
def six(material: Path) -> np.ndarray:
    """A photo with six faces."""
    return np.asarray(sample.six(material))


def side(face: Face) -> float:
    return face.box.area**0.5


def test_the_faces_of_the_photos(shared: Path, detector: YuNet) -> None:
    for name, people in (("biden", 1), ("obama_smile", 1), ("oarriaga_test_image", 6)):
        image = np.asarray(Image.open(shared / "photos" / f"{name}.jpg").convert("RGB"))
        assert len(detector.detect(image)) == people, name


def test_another_detector_sees_the_same_points(detector: YuNet, six: np.ndarray) -> None:
    """The order of landmarks and of colours agrees with MTCNN."""
    others = MTCNN().detect(six)
    for face in detector.detect(six):
        other = max(others, key=lambda o: o.box.iou(face.box))
        assert other.box.iou(face.box) > 0.5
        assert other.landmarks and face.landmarks
        apart = np.abs(np.subtract(face.landmarks, other.landmarks)).max()
        assert apart < 0.15 * side(face)


def test_a_large_picture_is_searched_twice(detector: YuNet, astronaut: np.ndarray) -> None:
    """In a large portrait the face is too large for the network at full size."""
    (small,) = detector.detect(astronaut)
    factor = 6
    large = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    assert max(large.shape) > OVERVIEW_FROM and factor * side(small) > LARGEST
    (face,) = detector.detect(large)
    assert face.box.iou(Box(*(factor * v for v in small.box.to_list()))) > 0.6


def test_a_face_of_medium_size_is_not_found_twice(detector: YuNet, astronaut: np.ndarray) -> None:
    wide = np.zeros((512, OVERVIEW_FROM + 200, 3), np.uint8)
    wide[:, :512] = astronaut
    assert len(detector.detect(wide)) == 1


def test_a_huge_picture_is_shrunk_first(monkeypatch: pytest.MonkeyPatch) -> None:
    detector, seen = YuNet(threads=1), []

    def rows(image: np.ndarray, threshold: float) -> np.ndarray:
        seen.append(image.size // 3)
        return np.empty((0, COLUMNS))

    monkeypatch.setattr(detector._network, "rows", rows)
    assert detector.detect(np.zeros((6000, 5000, 3), np.uint8)) == []
    assert len(seen) == 2 and max(seen) <= 1.001 * PIXELS


def test_min_face_size_shrinks_and_drops(six: np.ndarray) -> None:
    largest = max(YuNet().detect(six), key=side)
    (face,) = YuNet(min_face_size=200).detect(six)
    assert face.box.iou(largest.box) > 0.7


def test_a_lower_threshold_gives_more(six: np.ndarray) -> None:
    few, many = (YuNet(score_threshold=t).detect(six) for t in (0.7, 0.05))
    assert len(many) > len(few)
    assert all(face.score >= 0.7 for face in few)
    scores = [face.score for face in many]
    assert scores == sorted(scores, reverse=True) and min(scores) >= 0.05 and max(scores) <= 1


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (2000, 5), (33, 31)])
def test_any_size_of_picture(detector: YuNet, size: tuple[int, int]) -> None:
    assert detector.detect(np.full((*size, 3), 128, np.uint8)) == []


def test_threads_share_one(detector: YuNet, astronaut: np.ndarray) -> None:
    images = [astronaut[: 300 + 20 * k, : 512 - 10 * k] for k in range(8)]
    expected = [detector.detect(image) for image in images]
    assert all(len(faces) == 1 for faces in expected)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, images)) == expected


def test_threads_may_ask_for_different_thresholds(detector: YuNet, six: np.ndarray) -> None:
    six, thresholds = six[::2, ::2], [0.05, 0.9] * 2
    expected = [detector.detect(six, threshold) for threshold in thresholds]
    assert len(expected[0]) > len(expected[1])
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, [six] * 4, thresholds)) == expected


def test_it_is_a_detector(detector: YuNet) -> None:
    assert isinstance(detector, Detector)
    assert detector.facts.name == "yunet" and detector.facts.landmarks
    with pytest.raises(InputError, match="uint8 RGB"):
        detector.detect(np.zeros((48, 32), np.uint8))


def test_making_one_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    YuNet()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "options",
    [{"score_threshold": 2}, {"nms_threshold": -0.1}, {"min_face_size": -1}, {"top_k": 0}],
)
def test_values_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        YuNet(**options)


def test_files_that_are_not_yunet(tmp_path: Path) -> None:
    classifier = tiny_classifier(tmp_path / "classifier.onnx").path
    other, bare, text = (tmp_path / f"{name}.onnx" for name in ("other", "bare", "text"))
    tiny_detector(other)
    tiny_detector(bare, metadata={})
    text.write_text("hello")
    for path, error, words in (
        (classifier, ModelSpecError, "is an expression classifier: give it as '--model"),
        (other, ModelSpecError, "is a face detector: give it as '--detector"),
        (bare, ModelFileError, "is not YuNet as of 2023: its outputs are boxes, scores"),
        (text, ModelFileError, "expected an ONNX file"),
        (tmp_path / "none.onnx", ModelFileError, "does not exist"),
    ):
        with pytest.raises(error, match=words) as caught:
            YuNet(model=path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_the_published_file_gives_the_same(
    published: Path, detector: YuNet, six: np.ndarray
) -> None:
    """It takes 320×320 pixels only, and has four heads a grid, not one."""
    own = YuNet(model=published)
    assert own.facts.source == str(published) and own.facts.licence == ""
    for face, other in zip(own.detect(six), detector.detect(six), strict=True):
        assert face.box.to_list() == pytest.approx(other.box.to_list(), abs=1e-3)
        assert np.ravel(face.landmarks) == pytest.approx(np.ravel(other.landmarks), abs=1e-3)
        assert face.score == pytest.approx(other.score, abs=1e-5)


def test_a_file_of_another_fixed_size(published: Path, tmp_path: Path, six: np.ndarray) -> None:
    """As face_detection_yunet_2023mar.onnx, which takes 640×640."""
    file = fixed_size(published, tmp_path / "640.onnx", 640)
    assert open_session(file).get_inputs()[0].shape == [1, 3, 640, 640]
    assert YuNet(model=file).detect(six) == YuNet(model=published).detect(six)


def test_a_size_that_cannot_be_freed(published: Path) -> None:
    with pytest.raises(ModelFileError, match="takes only pictures of 640×640 pixels"):
        free_sides(published.read_bytes(), [640, 640], "own.onnx")


def test_the_facts_in_the_file_are_those_in_use(detector: YuNet) -> None:
    metadata = open_session(YUNET).get_modelmeta().custom_metadata_map
    spec = DetectorSpec.from_metadata(metadata)
    assert replace(spec, **{name: getattr(SPEC, name) for name in ONLY_IN_THE_FILE}) == SPEC
    assert spec.licence == detector.facts.licence == "Apache-2.0"
    assert spec.score_threshold == detector.score_threshold
    assert spec.min_face_size == detector.min_face_size
    assert (spec.margin, spec.offset) == (detector.facts.margin, detector.facts.offset)
