"""Whether a classifier sees the same faces with another detector: expressions that agree.

    python benchmarks/detector_agreement.py --pictures wider_train5.zip --detectors yunet

Each face that both MTCNN and the other detector find (an overlap of ``SAME`` or more) is cut from
the picture twice, as ``Recognizer`` does with each detector, and classified twice. Printed are
Cohen's kappa of the two expressions, and the mean distance of the two lists of probabilities (half
of the sum of the differences: the share of probability that moves, from 0 to 1).

The bounds were written down before the first measurement: kappa of ``KAPPA``, above which Landis
and Koch (1977) call agreement "almost perfect", and a mean distance of ``DISTANCE``, since no
probability of an answer should move by more than a tenth because of the box alone. The first row
says how much of that any crop brings: MTCNN itself, on the picture as it is and mirrored.
``uncorrected`` is the other detector's box with the classifier's framing as it is, without
``DetectorFacts.margin`` and ``offset``.

``--detectors`` takes names and ONNX files, such as a ``faster_rcnn_mobile`` of ``mien train``. The
first line of each also prints the margin and offset that would fit best: the medians of MTCNN's box
relative to the detector's own (those that Mien uses come from ``benchmarks/framing.py``).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, load_classifier
from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.detectors.base import Detector, DetectorFacts, framing_for
from mien.detectors.load import load_detector
from mien.labelling.agreement import cohen_kappa, confusion
from mien.preprocess.crop import face_crop, spec_framing
from mien.types import Box, Face

Image = NDArray[np.uint8]
SAME = 0.4
KAPPA, DISTANCE = 0.8, 0.1
LEAST = 48  # pixels: smaller faces are enlarged for the classifier, so that a pixel counts for more


@dataclass(frozen=True)
class Pair:
    """A face of a picture as two detectors see it."""

    image: Image
    reference: Face
    other: Face


def pairs(reference: Sequence[Face], other: Sequence[Face], image: Image) -> Iterator[Pair]:
    """The faces that both found, of ``LEAST`` pixels and more."""
    for face in reference:
        if face.box.area >= LEAST**2 and other:
            twin = max(other, key=lambda candidate: candidate.box.iou(face.box))
            if twin.box.iou(face.box) >= SAME:
                yield Pair(image, face, twin)


def probabilities(
    classifier: Classifier, faces: Sequence[tuple[Image, Face]], facts: DetectorFacts
) -> NDArray[np.floating[Any]]:
    """(N, labels) of the crops that a detector with these facts gives."""
    spec = replace(classifier.spec, **framing_for(facts, spec_framing(classifier.spec)))
    return classifier.classify([face_crop(image, face, spec) for image, face in faces])


def agreement(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]
) -> tuple[float, float]:
    """(kappa, mean distance) of two lists of probabilities, both (N, labels)."""
    table = confusion(first.argmax(axis=1), second.argmax(axis=1), first.shape[1])
    kappa = cohen_kappa(table)
    assert kappa is not None, "every face has the same expression"
    return kappa, float(np.abs(first - second).sum(axis=1).mean() / 2)


def mirrored(image: Image, face: Face) -> tuple[Image, Face]:
    """The picture and the face in it, left and right exchanged."""
    width, box = image.shape[1], face.box
    return image[:, ::-1], Face(Box(width - box.x2, box.y1, width - box.x1, box.y2), face.score)


def best_fit(found: Sequence[Pair]) -> str:
    """Medians of the reference's box relative to the other's."""
    rows = []
    for pair in found:
        sides = [max(f.box.width, f.box.height) for f in (pair.reference, pair.other)]
        moved = np.subtract(pair.reference.box.center, pair.other.box.center) / sides[1]
        rows.append([sides[0] / sides[1] - 1, *moved])
    margin, x, y = np.median(rows, axis=0)
    return f"margin {margin:+.3f}, offset {x:+.3f}, {y:+.3f}"


def search(
    detectors: Sequence[Detector], pictures: str, first: int | None
) -> list[list[Sequence[Face]]]:
    """The faces of each detector in each picture, and the pictures: see ``main``."""
    dataset = open_dataset(pictures, "coco")
    assert isinstance(dataset, SceneDataset)
    scenes = [scene for split in dataset.splits() for scene in dataset.scenes(split)][:first]
    found: list[list[Any]] = [[], *([] for _ in detectors)]
    for scene in scenes:
        image = scene.image
        found[0].append(image)
        for detector, faces in zip(detectors, found[1:], strict=True):
            faces.append(detector.detect(image))
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", required=True, help="whole pictures in COCO form")
    parser.add_argument("--detectors", nargs="+", default=["yunet"], help="names or ONNX files")
    parser.add_argument("--model", default="default")
    parser.add_argument("--first", type=int, help="only the first N pictures (default: all)")
    args = parser.parse_args()

    classifier = load_classifier(args.model)
    detectors = [load_detector(name, threads=1) for name in ("mtcnn", *args.detectors)]
    images, mtcnn, *others = search(detectors, args.pictures, args.first)
    print(f"bounds: kappa {KAPPA} or more, distance {DISTANCE} or less")
    faces = [(i, f) for i, fs in zip(images, mtcnn, strict=True) for f in fs
             if f.box.area >= LEAST**2]  # fmt: skip
    own = probabilities(classifier, faces, detectors[0].facts)
    turned = probabilities(classifier, [mirrored(*each) for each in faces], detectors[0].facts)
    text = "kappa {:.3f}, distance {:.3f}"
    print(f"mtcnn, mirrored: {len(faces)} faces, {text.format(*agreement(own, turned))}")
    for detector, found in zip(detectors[1:], others, strict=True):
        both = [
            pair
            for image, reference, other in zip(images, mtcnn, found, strict=True)
            for pair in pairs(reference, other, image)
        ]
        facts = detector.facts
        x, y = facts.offset
        print(f"{facts.name}: {len(both)} faces; it uses margin {facts.margin:+.3f}, offset "
              f"{x:+.3f}, {y:+.3f}; best here {best_fit(both)}")  # fmt: skip
        own = probabilities(classifier, [(p.image, p.reference) for p in both], detectors[0].facts)
        plain = replace(facts, margin=0.0, offset=(0.0, 0.0))
        for name, used in (("corrected", facts), ("uncorrected", plain)):
            theirs = probabilities(classifier, [(p.image, p.other) for p in both], used)
            print(f"  {name:12} {text.format(*agreement(own, theirs))}", flush=True)


if __name__ == "__main__":
    main()
