"""The classifier sees the same faces with every detector that ships with Mien."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.classifiers.base import load_classifier
from mien.datasets.opening import open_dataset
from mien.detectors.base import DetectorFacts, framing_for
from mien.detectors.load import load_detector
from mien.preprocess.crop import face_crop, spec_framing
from mien.preprocess.framing import BOX_FRAMING, FER2013_FRAMING, Framing
from mien.specs.classifier import ModelSpec
from mien.types import Box, Face
from tests.support.agreement import DISTANCE, KAPPA, LEAST, SAME, kappa

PICTURES = 90


def test_expressions_do_not_depend_on_the_detector(shared: Path) -> None:
    """The bounds were chosen before: see benchmarks/detector_agreement.py."""
    classifier = load_classifier("default", threads=1)
    detectors = [load_detector(name, threads=1) for name in ("mtcnn", "yunet")]
    framings = [
        ModelSpec("cut", ("any",), 1, **framing_for(d.facts, spec_framing(classifier.spec)))
        for d in detectors
    ]
    crops: list[list[np.ndarray]] = [[], []]
    data = open_dataset(shared / "data" / "wider_train5.zip", "coco")
    scenes = [scene for split in data.splits() for scene in data.scenes(split)]
    for scene in scenes[:: len(scenes) // PICTURES]:
        image = scene.image
        ours, theirs = (detector.detect(image) for detector in detectors)
        for face in ours:
            twin = max(theirs, key=lambda f: f.box.iou(face.box), default=face)
            if face.box.area >= LEAST**2 and twin is not face and twin.box.iou(face.box) >= SAME:
                for found, each, spec in zip(crops, (face, twin), framings, strict=True):
                    found.append(face_crop(image, each, spec))
    first, second = map(classifier.classify, crops)
    assert len(first) > 60
    assert kappa(first.argmax(axis=1), second.argmax(axis=1)) >= KAPPA
    assert np.abs(first - second).sum(axis=1).mean() / 2 <= DISTANCE


def test_a_box_of_another_shape_gives_the_same_crop() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    reference = Box(60, 50, 140, 150)  # longer side 100, centre (100, 100)
    own = Box(75, 70, 125, 120)  # longer side 50, centre (100, 95)
    facts = DetectorFacts("own", "", landmarks=False, margin=1.0, offset=(0.0, 0.1))
    for framing in (FER2013_FRAMING, Framing(margin=0.4, offset=(0.1, -0.2), align=False)):
        crops = [
            face_crop(image, Face(box), ModelSpec("x", ("any",), 1, **framing_for(each, framing)))
            for box, each in (
                (reference, DetectorFacts("mtcnn", "", landmarks=False)),
                (own, facts),
            )
        ]
        assert np.array_equal(*crops)


def test_crops_that_are_faces_keep_their_frame() -> None:
    facts = DetectorFacts("none", "", landmarks=False, cropped=True, margin=0.3)
    assert framing_for(facts, FER2013_FRAMING) == BOX_FRAMING
