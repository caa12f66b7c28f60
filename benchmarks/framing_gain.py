"""The gain of the measured framing on whole photos, against two common ways to crop a face.

    python benchmarks/framing_gain.py --data fer2013.zip --photos wider_val_dev.zip wider_train5.zip

Detector (``--detector``) and network are the same; only the crop differs:

- ``stretched``: the detector's box as it is, its sides stretched to a square;
- ``wide``: a square 40 % wider than the box's longer side, with hair and background;
- ``turned``: as measured, and rotated until the eyes are level;
- ``measured``: the framing stored in the model, measured on training pictures alone, relative to
  the detector's box (``mien.detectors.base.framing_for``).

First on FER2013's PublicTest pictures, enlarged and set into a wider picture, by accuracy (a crop
that returns the original picture is the upper bound). Then on WIDER FACE photos, by how well 1 -
P(neutral) ranks faces that its annotators marked as "exaggerated expression" above the others (area
under the ROC curve; 0.5 is chance), with a bootstrap interval of the difference to ``stretched``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framing import BORDER, ENLARGE, photo
from mien.classifiers.base import load_classifier
from mien.datasets.opening import open_dataset
from mien.datasets.samples import stack
from mien.detectors.base import framing_for
from mien.detectors.load import load_detector
from mien.media.images import read_image
from mien.preprocess.crop import face_crop, spec_framing
from mien.types import Box, Face

Cut = Callable[[NDArray[np.uint8], Face], NDArray[np.uint8]]


def stretched(image: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    """The plain box, its sides stretched to a square."""
    height, width = image.shape[:2]
    x1, x2 = (int(np.clip(v, 0, width)) for v in (face.box.x1, face.box.x2))
    y1, y2 = (int(np.clip(v, 0, height)) for v in (face.box.y1, face.box.y2))
    box = image[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]
    side = max(box.shape[:2])
    return np.asarray(cv2.resize(box, (side, side), interpolation=cv2.INTER_LINEAR))


def auc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the share of (positive, negative) pairs in the right order."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    n = positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))


def public_faces(data: str, pictures: int, name: str) -> tuple[list, NDArray[np.int64], list]:
    """PublicTest in wider pictures: (photos, faces), labels, the pictures themselves."""
    split = stack(open_dataset(data).samples("public"))
    rng = np.random.default_rng(1)
    detector = load_detector(name, options={"min_face_size": 60})
    found, labels, originals = [], [], []
    for index in rng.choice(len(split), min(pictures, len(split)), replace=False):
        image = photo(split.images[index], rng)
        faces = detector.detect(image)
        if faces:
            found.append((image, max(faces, key=lambda face: face.box.area)))
            labels.append(split.labels[index])
            originals.append(split.images[index])
    return found, np.array(labels), originals


def wider_faces(archives: list[str], name: str) -> tuple[list, NDArray[np.bool_]]:
    """Faces of 40 px and more that a detector finds in WIDER FACE, and their "expression" mark."""
    detector = load_detector(name, options={"min_face_size": 32})
    found, marks = [], []
    for archive in archives:
        with zipfile.ZipFile(archive) as file, tempfile.TemporaryDirectory() as folder:
            table = json.loads(file.read("annotations.json"))
            by_image: dict[int, list] = {}
            for row in table["annotations"]:
                attributes = row["attributes"]
                if row["bbox"][3] >= 40 and not attributes["invalid"] and not row["ignore"]:
                    by_image.setdefault(row["image_id"], []).append(row)
            names = {row["id"]: row["file_name"] for row in table["images"]}
            for image_id, rows in by_image.items():
                image = read_image(file.extract(f"images/{names[image_id]}", Path(folder)))
                faces = detector.detect(image)
                for row in rows:
                    x, y, w, h = row["bbox"]
                    truth = Box(x, y, x + w, y + h)
                    near = max(faces, key=lambda face: face.box.iou(truth), default=None)
                    if near and near.box.iou(truth) > 0.4:
                        found.append((image, near))
                        marks.append(bool(row["attributes"]["expression"]))
    return found, np.array(marks)


def main() -> None:
    """Print one table for each source of photos."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--photos", nargs="*", default=[], help="WIDER FACE archives")
    parser.add_argument("--model", default="default")
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--pictures", type=int, default=3589)
    args = parser.parse_args()

    model = load_classifier(args.model)
    facts = load_detector(args.detector).facts
    spec = replace(model.spec, **framing_for(facts, spec_framing(model.spec)))
    cuts: dict[str, Cut] = {
        "stretched": stretched,
        "wide": lambda image, face: face_crop(image, face, replace(spec, margin=0.4)),
        "turned": lambda image, face: face_crop(image, face, replace(spec, align=True)),
        "measured": lambda image, face: face_crop(image, face, spec),
    }

    found, labels, originals = public_faces(args.data, args.pictures, args.detector)
    print(f"PublicTest in wider pictures, {len(found)} faces found: accuracy")
    for name, cut in cuts.items():
        probs = model.classify([cut(image, face) for image, face in found])
        print(f"  {name:10} {(probs.argmax(1) == labels).mean():.2%}")
    frame = Face(Box(*(BORDER, BORDER, BORDER + 48 * ENLARGE, BORDER + 48 * ENLARGE)))
    whole = replace(spec, margin=0.0, offset=(0.0, 0.0), align=False)
    probs = model.classify([face_crop(image, frame, whole) for image, _ in found])
    print(f"  {'true frame':10} {(probs.argmax(1) == labels).mean():.2%}")
    probs = model.classify(originals)
    print(f"  {'original':10} {(probs.argmax(1) == labels).mean():.2%}")

    if args.photos:
        faces, marks = wider_faces(args.photos, args.detector)
        neutral = spec.labels.index("neutral")
        scores = {
            name: 1 - model.classify([cut(image, face) for image, face in faces])[:, neutral]
            for name, cut in cuts.items()
        }
        print(f"WIDER FACE, {len(faces)} faces, {marks.sum()} exaggerated: AUC of 1 - P(neutral)")
        rng = np.random.default_rng(2)
        samples = [rng.integers(0, len(marks), len(marks)) for _ in range(1000)]
        for name, values in scores.items():
            gains = [
                auc(values[s], marks[s]) - auc(scores["stretched"][s], marks[s]) for s in samples
            ]
            low, high = np.percentile(gains, [2.5, 97.5])
            print(f"  {name:10} {auc(values, marks):.3f}   to stretched {low:+.3f} to {high:+.3f}")


if __name__ == "__main__":
    main()
