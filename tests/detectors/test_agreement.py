"""The classifier sees the same faces with every detector that ships with Mien."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.classifiers.base import load_classifier
from mien.datasets.opening import open_dataset
from mien.detectors.base import DetectorFacts, framing_for
from mien.detectors.load import load_detector
from mien.labelling.agreement import cohen_kappa, confusion
from mien.preprocess.crop import face_crop, spec_framing
from mien.preprocess.framing import BOX_FRAMING, FER2013_FRAMING, Framing
from mien.specs.classifier import ModelSpec
from mien.types import Box, Face

SAME = 0.4  # overlap from which two boxes are one face
LEAST = 48  # pixels
PICTURES = 300  # of 60, some 70 faces, the kappa has a standard error of .06


def test_expressions_do_not_depend_on_the_detector(shared: Path) -> None:
    """The bounds were set before anything was measured: ``docs/detector_yunet.md``."""
    classifier = load_classifier("default", threads=1)
    detectors = [load_detector(name, threads=1) for name in ("mtcnn", "yunet")]
    framings = [
        ModelSpec("cut", ("any",), 1, **framing_for(d.facts, spec_framing(classifier.spec)))
        for d in detectors
    ]
    ours, theirs = [], []
    data = open_dataset(shared / "data" / "wider_train5.zip", "coco")
    scenes = [scene for split in data.splits() for scene in data.scenes(split)]
    for scene in scenes[:: len(scenes) // PICTURES]:
        image = scene.image
        found = [detector.detect(image) for detector in detectors]
        for face in found[0]:
            twin = max(found[1], key=lambda f: f.box.iou(face.box), default=face)
            if face.box.area >= LEAST**2 and twin is not face and twin.box.iou(face.box) >= SAME:
                ours.append(face_crop(image, face, framings[0]))
                theirs.append(face_crop(image, twin, framings[1]))
    assert len(ours) > 250
    kappa, distance = agreement(classifier.classify(ours), classifier.classify(theirs))
    assert kappa >= 0.8 and distance <= 0.1


def agreement(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Cohen's kappa and the mean distance of two lists of probabilities."""
    table = confusion(first.argmax(axis=1), second.argmax(axis=1), first.shape[1])
    kappa = cohen_kappa(table)
    assert kappa is not None
    return kappa, float(np.abs(first - second).sum(axis=1).mean() / 2)


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
