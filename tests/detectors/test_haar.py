from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mien.detectors import haar
from mien.detectors.base import Detector
from mien.detectors.haar import CASCADE, Haar
from mien.errors import ConfigError, InputError, MienError, ModelFileError
from mien.samples import ASTRONAUT
from mien.types import Box

works = pytest.mark.skipif(
    bool(Haar.facts.needs), reason=f"a Haar cascade needs {Haar.facts.needs}"
)


@pytest.fixture(scope="module")
def detector() -> Haar:
    return Haar()


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.asarray(Image.open(ASTRONAUT).convert("RGB"))


@works
def test_the_faces_of_the_photos(shared: Path, detector: Haar) -> None:
    faces = {
        "biden.jpg": Box(424, 181, 707, 573),
        "obama_smile.jpg": Box(377, 73, 604, 431),
        "oarriaga_test_image.jpg": Box(862, 879, 1273, 1430),
    }
    for name, box in faces.items():
        image = np.asarray(Image.open(shared / "photos" / name).convert("RGB"))
        found = detector.detect(image)
        assert max(face.box.iou(box) for face in found) > 0.45, name


@works
def test_opencv_itself_gives_the_same_boxes(astronaut: np.ndarray) -> None:
    grey = np.asarray(Image.fromarray(astronaut).convert("L"))
    theirs = haar.CascadeClassifier(str(CASCADE)).detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=3, minSize=(30, 30)
    )
    ours = Haar(min_face_size=30, min_neighbors=3, score_threshold=0).detect(astronaut)
    expected = {(x, y, x + w, y + h) for x, y, w, h in np.asarray(theirs).tolist()}
    assert {tuple(face.box.to_list()) for face in ours} == expected != set()


@works
def test_scores_rise_with_the_cascades_weights(astronaut: np.ndarray) -> None:
    grey = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    _, _, weights = haar.CascadeClassifier(str(CASCADE)).detectMultiScale3(
        grey, 1.1, 1, 0, (24, 24), outputRejectLevels=True
    )
    faces = Haar(min_face_size=24, min_neighbors=1, score_threshold=0).detect(astronaut)
    scores = [face.score for face in faces]
    assert len(scores) > 1 and scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    logits = [np.log(score / (1 - score)) for score in scores]
    line = np.polyfit(sorted(np.ravel(weights), reverse=True), logits, 1)
    assert line == pytest.approx([0.62, -1.93], abs=1e-3)


@works
def test_the_smallest_face_and_the_least_score(astronaut: np.ndarray, detector: Haar) -> None:
    (face,) = detector.detect(astronaut)
    assert face.landmarks is None
    assert Haar(min_face_size=face.box.width + 40).detect(astronaut) == []
    assert Haar(score_threshold=1).detect(astronaut) == []
    assert Haar().detect(astronaut, 1) == []


@works
@pytest.mark.parametrize("size", [(1, 1), (3, 700), (2000, 5), (33, 31)])
def test_any_size_of_picture(detector: Haar, size: tuple[int, int]) -> None:
    assert detector.detect(np.full((*size, 3), 128, np.uint8)) == []


@works
def test_threads_share_one(detector: Haar, astronaut: np.ndarray) -> None:
    images = [astronaut[: 300 + 20 * k, : 512 - 10 * k] for k in range(8)]
    expected = [detector.detect(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, images)) == expected


@works
def test_it_is_a_detector(detector: Haar) -> None:
    assert isinstance(detector, Detector) and detector.facts.name == "haar"
    with pytest.raises(InputError, match="uint8 RGB"):
        detector.detect(np.zeros((48, 32), np.uint8))


@works
@pytest.mark.parametrize(
    "options",
    [
        {"min_face_size": 10},
        {"min_face_size": float("inf")},
        {"scale_factor": 1},
        {"scale_factor": float("nan")},
        {"min_neighbors": 0},
        {"score_threshold": 1.5},
    ],
)
def test_values_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        Haar(**options)


@works
def test_files_that_are_not_a_cascade(tmp_path: Path) -> None:
    (tmp_path / "empty.xml").touch()
    (tmp_path / "text.xml").write_text("hello")
    (tmp_path / "bytes.xml").write_bytes(b"\xff\xfe\0\0")
    (tmp_path / "cut.xml").write_text(CASCADE.read_text()[:20_000])
    (tmp_path / "other.xml").write_text("<opencv_storage><a>1</a></opencv_storage>")
    names = ("empty.xml", "text.xml", "bytes.xml", "cut.xml", "other.xml", "none.xml", ".")
    for path in (tmp_path / name for name in names):
        with pytest.raises(ModelFileError, match="expected a cascade") as caught:
            Haar(model=path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_without_opencv_4_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(haar, "CascadeClassifier", None)
    with pytest.raises(ConfigError, match=r"opencv-python-headless<5.*yunet") as caught:
        Haar()
    assert isinstance(caught.value, MienError) and "\n" not in str(caught.value)
    assert haar._needs().startswith("OpenCV 4")


def test_without_cascades_it_asks_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The ``contrib`` wheels of OpenCV 5 have the method and no file."""
    monkeypatch.setattr(haar, "CascadeClassifier", object)
    monkeypatch.setattr(haar, "CASCADE", tmp_path / CASCADE.name)
    with pytest.raises(ConfigError, match=rf"{CASCADE.name} from https.*model=FILE\.xml"):
        Haar()
    assert haar._needs().startswith("model=")


def test_facts_say_what_is_missing() -> None:
    assert bool(Haar.facts.needs) == (not hasattr(cv2, "CascadeClassifier") or not CASCADE.exists())
