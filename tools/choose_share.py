"""Choose the shares of ``mien average`` on faces without labels, for a network and a tuned one.

    python tools/choose_share.py --pictures wider_train5.zip \\
        --teachers runs/0 runs/1 runs/2 runs/3 --before runs/less --after runs/taught

Teachers are larger networks, which answer for each face as it is, with the mean of their
probabilities. For each share of ``--after`` this prints how often the average has the same first
answer: on the faces as they are, and on the same faces corrupted (each kind of ``mien evaluate
--corruptions`` at strength 3). A share of 0 is ``--before``. ``--like`` is an ONNX file with a
fitted temperature; its row comes first, and the column ``T`` has the temperature that gives each
average the mean confidence of that file on the faces as they are.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, load_classifier
from mien.classifiers.probabilities import softmax
from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.detectors.base import framing_for
from mien.detectors.load import load_detector
from mien.evaluation.corruptions import CORRUPTIONS
from mien.preprocess.crop import face_crop, spec_framing
from mien.train.classification.average import average
from mien.train.classification.classifier import TorchClassifier

STRENGTH = 3
LEAST = 40  # pixels: smaller faces are resolved worse than FER2013's
SIDE = 48  # of FER2013's pictures, which corruptions are made for

Pictures = NDArray[np.uint8]


def faces(pictures: str, most: int | None) -> Pictures:
    """(N, 48, 48, 3) crops of the faces that YuNet finds, framed as for the shipped model."""
    import cv2

    detector, framing = load_detector("yunet", threads=1), load_classifier("default").spec
    spec = replace(framing, **framing_for(detector.facts, spec_framing(framing)))
    dataset = open_dataset(pictures, "coco")
    assert isinstance(dataset, SceneDataset)
    found: list[Any] = []
    for split in dataset.splits():
        for scene in dataset.scenes(split):
            for face in detector.detect(scene.image):
                if face.box.area >= LEAST**2:
                    crop = cv2.cvtColor(face_crop(scene.image, face, spec), cv2.COLOR_RGB2GRAY)
                    grey = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                    found.append(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))
            if most and len(found) >= most:
                return np.stack(found[:most])
    return np.stack(found)


def corrupted(crops: Pictures, kind: str) -> Pictures:
    """Each of the crops in one kind of corruption, with a random state of its own."""
    apply = CORRUPTIONS[kind].apply
    return np.stack([apply(c, STRENGTH, np.random.default_rng(i)) for i, c in enumerate(crops)])


def first_answers(classifier: Classifier, crops: Pictures) -> NDArray[np.intp]:
    """(N,) the most probable label of each crop."""
    first: NDArray[np.intp] = np.argmax(classifier.classify(list(crops)), axis=1)
    return first


def temperature_of(logits: NDArray[np.float32], confidence: float) -> float:
    """The temperature at which (N, K) logits have this mean of their largest probabilities."""
    low, high = 0.01, 100.0  # the mean falls as the temperature rises
    for _ in range(60):
        middle = math.sqrt(low * high)
        mean = float(softmax(logits, middle).max(axis=1).mean())
        low, high = (middle, high) if mean > confidence else (low, middle)
    return math.sqrt(low * high)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", required=True, help="whole pictures in COCO form")
    parser.add_argument("--teachers", nargs="+", required=True, metavar="RUN")
    parser.add_argument("--before", required=True, metavar="RUN")
    parser.add_argument("--after", required=True, metavar="RUN")
    parser.add_argument("--shares", nargs="+", type=float, default=[0, 0.2, 0.3, 0.4, 0.5, 1])
    parser.add_argument("--like", default="default", metavar="FILE")
    parser.add_argument("--first", type=int, help="only the first N faces (default: all)")
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    clean = faces(args.pictures, args.first)
    print(f"{len(clean)} faces of {LEAST} pixels and more", flush=True)
    mean = sum(TorchClassifier(run).classify(list(clean)) for run in args.teachers)
    expected = np.asarray(mean).argmax(axis=1)
    worse = {kind: corrupted(clean, kind) for kind in CORRUPTIONS}
    print(" ".join(f"{name:>10}" for name in ("share", "T", "clean", "corrupted", *CORRUPTIONS)))

    def measured(name: str, classifier: Classifier, temperature: float) -> None:
        same = [
            float((first_answers(classifier, crops) == expected).mean())
            for crops in (clean, *worse.values())
        ]
        row = [same[0], float(np.mean(same[1:])), *same[1:]]
        shown = " ".join(f"{value:10.1%}" for value in row)
        print(f"{name:>10} {temperature:10.4f} {shown}", flush=True)

    like = load_classifier(args.like)
    measured(like.spec.name, like, like.spec.temperature)
    confidence = float(like.classify(list(clean)).max(axis=1).mean())
    with tempfile.TemporaryDirectory() as place:
        for share in args.shares:
            run = Path(place, f"{share}")
            average([args.before, args.after], run, [1 - share, share])
            made = TorchClassifier(run)
            temperature = temperature_of(made.logits(list(clean)), confidence)
            measured(f"{share:g}", made, temperature)


if __name__ == "__main__":
    main()
