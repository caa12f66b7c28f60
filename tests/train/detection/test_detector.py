from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the 'train' extra")

from mien.detectors.base import Detector  # noqa: E402
from mien.errors import ConfigError, InputError, ModelFileError  # noqa: E402
from mien.media.images import read_image  # noqa: E402
from mien.samples import ASTRONAUT  # noqa: E402
from mien.train import checkpoint  # noqa: E402
from mien.train.classification.classifier import TorchClassifier  # noqa: E402
from mien.train.detection.detector import TorchDetector, load_detector_run  # noqa: E402
from mien.train.detection.network import build  # noqa: E402
from tests.support.few_scenes import TINY  # noqa: E402


@pytest.fixture(scope="module")
def detector_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    net = build(TINY)
    state = {
        "config": TINY.to_dict(), "labels": ["face"], "epochs_done": 2, "ema_updates": 0,
        "model": {}, "ema": net.state_dict(), "optimizer": {},
        "facts": {"pictures": 9, "faces": 40, "hardware": "abacus"},
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("run")
    checkpoint.save(state, folder / checkpoint.CHECKPOINT)
    return folder


def test_a_run_is_a_detector(detector_run: Path) -> None:
    detector = TorchDetector(detector_run, score_threshold=0, device="cpu")
    assert isinstance(detector, Detector)
    assert detector.facts.name == TINY.name and str(detector_run) in detector.facts.summary
    photo = read_image(ASTRONAUT)
    net, config, _ = load_detector_run(detector_run)
    boxes, scores = net.find(photo, config)
    faces = detector.detect(photo)
    assert 0 < len(faces) <= len(boxes)
    assert [face.score for face in faces] == sorted((f.score for f in faces), reverse=True)
    assert faces[0].score == pytest.approx(float(scores[0]))
    for face in faces:
        assert 0 <= face.box.x1 < face.box.x2 <= 512 and 0 <= face.box.y1 < face.box.y2 <= 512
    least = faces[len(faces) // 2].score
    above = TorchDetector(detector_run, score_threshold=least, device="cpu").detect(photo)
    assert detector.detect(photo, least) == above
    assert above == [face for face in faces if face.score >= least]
    large = TorchDetector(detector_run, score_threshold=0, min_face_size=99, device="cpu")
    assert large.detect(photo) == [face for face in faces if face.box.area >= 99**2]
    for tiny in (photo[:1, :1], photo[:9, :400]):
        detector.detect(tiny)


def test_its_facts_are_in_the_spec(detector_run: Path) -> None:
    detector = TorchDetector(detector_run, device="cpu")
    spec = detector.spec
    assert detector.score_threshold == spec.score_threshold == TINY.score_threshold
    assert (spec.short_side, spec.long_side) == (TINY.short_side, TINY.long_side)
    assert spec.architecture == "faster_rcnn mobilenet_v3_large"
    assert (spec.card["hardware"], spec.card["epochs"]) == ("abacus", "2 of 2")
    assert len(spec.sha256) == 64
    assert detector.facts.card == spec.card


def test_other_checkpoints_are_refused(detector_run: Path, run: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="run of a classifier: give that of a face detector"):
        TorchDetector(run)
    with pytest.raises(ModelFileError, match="run of a face detector: give that of a classifier"):
        TorchClassifier(detector_run)
    with pytest.raises(ModelFileError, match="no checkpoint"):
        TorchDetector(tmp_path)
    state = checkpoint.load(detector_run / checkpoint.CHECKPOINT)
    state["config"]["channels"] = 32
    checkpoint.save(state, tmp_path / checkpoint.CHECKPOINT)
    with pytest.raises(ModelFileError, match="does not fit its own recipe") as caught:
        TorchDetector(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="score_threshold"):
        TorchDetector(detector_run, score_threshold=2)
    with pytest.raises(InputError):
        TorchDetector(detector_run, device="cpu").detect(np.zeros((9, 9), np.uint8))
