from __future__ import annotations

import hashlib
import io
import json
import math
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.detectors.base import Detector
from mien.detectors.mtcnn import detector as mtcnn
from mien.detectors.mtcnn.detector import MTCNN, REFERENCE
from mien.errors import ConfigError, InputError
from mien.registry import detectors
from mien.types import Box, Face
from tests.support import sample

FIXTURE = Path(__file__).parents[2] / "fixtures" / "mtcnn_reference.json"
CASES = json.loads(FIXTURE.read_text(encoding="utf-8"))["cases"]


@pytest.fixture(scope="module")
def detector() -> MTCNN:
    return MTCNN()


@pytest.fixture(scope="module")
def six(material: Path) -> np.ndarray:
    """A photo with six faces."""
    return np.asarray(sample.six(material))


def picture(shared: Path, case: dict) -> np.ndarray:
    content = (shared / case["file"]).read_bytes()
    if case["member"]:
        content = zipfile.ZipFile(io.BytesIO(content)).read(case["member"])
    assert hashlib.sha256(content).hexdigest() == case["sha256"]
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def pairs(faces: list[Face], expected: list[dict]) -> list[tuple[Face, dict]]:
    """Each expected face with the detected one that overlaps it most; each detected one once."""
    matched = [max(faces, key=lambda f: f.box.iou(Box(*e["box"]))) for e in expected]
    assert len(set(matched)) == len(faces)
    return list(zip(matched, expected, strict=True))


def name(case: dict) -> str:
    return f"{Path(case['member'] or case['file']).stem}-{case['min_face_size']}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_reference_implementation_finds_the_same_faces(shared: Path, case: dict) -> None:
    settings = {key: case[key] for key in ("min_face_size", "scale_factor", "thresholds")}
    faces = MTCNN(**{**REFERENCE, **settings}).detect(picture(shared, case))
    assert len(faces) == len(case["faces"])
    for face, expected in pairs(faces, case["faces"]):
        assert face.box.to_list() == pytest.approx(expected["box"], abs=2)
        assert face.score == pytest.approx(expected["score"], abs=0.02)
        assert np.abs(np.subtract(face.landmarks, expected["landmarks"])).max() < 2


@pytest.mark.parametrize("case", CASES[::3], ids=name)
def test_without_exact_the_same_faces_are_found(shared: Path, case: dict) -> None:
    """Both find the certain faces; they differ in those close to the threshold."""
    settings = {**REFERENCE, "min_face_size": 40}
    image = picture(shared, case)
    exact = MTCNN(**settings).detect(image)
    fast = MTCNN(**{**settings, "exact": False}).detect(image)
    for some, others in ((exact, fast), (fast, exact)):
        for face in some:
            if face.score > 0.97 and face.box.area > 48**2:
                twin = max(others, key=lambda other: other.box.iou(face.box))
                assert twin.box.iou(face.box) > 0.7
                size = math.sqrt(face.box.area)
                assert np.abs(np.subtract(face.landmarks, twin.landmarks)).max() < 0.15 * size


def test_the_fixture_covers_what_it_should() -> None:
    counts = [len(case["faces"]) for case in CASES]
    assert len({case["sha256"] for case in CASES}) >= 24
    assert 0 in counts and 1 in counts and max(counts) > 40


def test_the_default_finds_every_face_of_the_photos(shared: Path, detector: MTCNN) -> None:
    photos = {"biden.jpg": 1, "obama_smile.jpg": 1, "oarriaga_test_image.jpg": 6}
    for file, people in photos.items():
        image = np.asarray(Image.open(shared / "photos" / file).convert("RGB"))
        assert len(detector.detect(image)) == people, file


def test_the_portraits_are_found_where_they_are_marked(photos: Path, detector: MTCNN) -> None:
    for name, box in sample.boxes().items():
        (face,) = detector.detect(np.asarray(Image.open(photos / name)))
        assert face.box.iou(Box(*box)) > 0.9, name


def test_faces_are_sorted_finite_and_their_landmarks_in_order(
    six: np.ndarray, detector: MTCNN
) -> None:
    faces = detector.detect(six)
    assert [f.score for f in faces] == sorted((f.score for f in faces), reverse=True)
    for face in faces:
        assert all(math.isfinite(value) for value in face.box.to_list())
        assert face.box.width > 0 and face.box.height > 0
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < right_eye[0] and left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
        assert type(face.box.x1) is float and type(face.score) is float
        assert type(left_eye[0]) is float


def test_a_mirrored_picture_gives_mirrored_faces(six: np.ndarray, detector: MTCNN) -> None:
    width = six.shape[1]
    for face in detector.detect(six[:, ::-1]):
        box = Box(width - face.box.x2, face.box.y1, width - face.box.x1, face.box.y2)
        assert max(box.iou(other.box) for other in detector.detect(six)) > 0.7


def test_only_faces_above_the_last_threshold(six: np.ndarray) -> None:
    few = MTCNN(thresholds=(0.6, 0.7, 0.999)).detect(six)
    detector = MTCNN(thresholds=(0.6, 0.7, 0.8))
    assert detector.score_threshold == 0.8
    assert detector.detect(six, 0.999) == few
    assert few and all(face.score > 0.999 for face in few)


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 10_000), (10_000, 1), (11, 11), (12, 12), (40, 4000), (41, 41), (300, 200)],
)
def test_no_face_in_an_empty_picture(shape: tuple[int, int], detector: MTCNN) -> None:
    for grey in (0, 255):
        assert detector.detect(np.full((*shape, 3), grey, np.uint8)) == []


def test_memory_layout_does_not_matter(six: np.ndarray, detector: MTCNN) -> None:
    small = six[::3, ::3]  # not contiguous
    expected = detector.detect(small.copy())
    assert len(expected) > 3
    assert detector.detect(small) == expected
    assert detector.detect(np.asfortranarray(small)) == expected
    frozen = small.copy()
    frozen.flags.writeable = False
    assert detector.detect(frozen) == expected


def test_small_batches_and_strips_give_the_same_faces(
    six: np.ndarray, detector: MTCNN, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = detector.detect(six)
    monkeypatch.setattr(mtcnn, "BATCH", 3)
    monkeypatch.setattr(mtcnn, "PNET_CELLS", 2000)
    for face, other in zip(detector.detect(six), expected, strict=True):
        assert face.box.to_list() == pytest.approx(other.box.to_list(), abs=0.01)
        assert face.score == pytest.approx(other.score, abs=1e-4)


def test_the_memory_of_a_large_picture_is_bounded() -> None:
    """In its own process: 36 megapixels take 108 MB as uint8 and 432 MB as float32."""
    program = (
        "import numpy as np\n"
        "from mien.evaluation.detection.detect import peak_mib\n"
        "from mien.detectors.mtcnn.detector import MTCNN\n"
        "detector, image = MTCNN(), np.full((6000, 6000, 3), 99, np.uint8)\n"
        "detector.detect(image[:600, :600])\n"
        "before = peak_mib()\n"
        "detector.detect(image)\n"
        "print(peak_mib() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert float(done.stdout) < 108


def test_several_threads_share_one_detector(six: np.ndarray, detector: MTCNN) -> None:
    small = np.ascontiguousarray(six[::3, ::3])
    expected = detector.detect(small)
    with ThreadPoolExecutor(4) as pool:
        assert all(faces == expected for faces in pool.map(detector.detect, [small] * 8))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((50, 50), np.uint8),
        np.zeros((50, 50, 4), np.uint8),
        np.zeros((50, 50, 3), np.float32),
        np.zeros((0, 50, 3), np.uint8),
        np.zeros((1, 50, 50, 3), np.uint8),
        [[0, 0, 0]],
        None,
    ],
    ids=str,
)
def test_other_arrays_are_refused(image: object, detector: MTCNN) -> None:
    with pytest.raises(InputError, match=r"\(H, W, 3\) uint8 RGB, got"):
        detector.detect(image)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"min_face_size": 11}, "min_face_size must be 12 pixels or more, got 11"),
        ({"min_face_size": math.nan}, "min_face_size"),
        ({"min_face_size": math.inf}, "min_face_size"),
        ({"scale_factor": 0}, "scale_factor must be above 0"),
        ({"scale_factor": 1}, "scale_factor"),
        ({"scale_factor": math.nan}, "scale_factor"),
        ({"thresholds": (0.6, 0.7)}, "thresholds must be three"),
        ({"thresholds": (0.6, 0.7, 1.1)}, "thresholds must be three"),
        ({"overlaps": (0.5, 0.7, 0.7)}, "overlaps must be four numbers from 0 to 1"),
        ({"overlaps": (0.5, 0.7, 0.7, math.nan)}, "overlaps must be four"),
        ({"threads": 0}, "threads must be a whole number from 1"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MTCNN(**wrong)


def test_it_is_registered_with_its_facts(detector: MTCNN) -> None:
    assert detectors.get("mtcnn") is MTCNN
    assert isinstance(detector, Detector)
    assert MTCNN.facts.name == "mtcnn" and MTCNN.facts.landmarks and MTCNN.facts.licence == "MIT"
