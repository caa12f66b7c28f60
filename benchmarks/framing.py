"""Measure how FER2013 frames a face, relative to the boxes that detectors find.

    python benchmarks/framing.py --data fer2013.zip

FER2013 pictures are enlarged and set into a wider picture, so that a detector finds the face with
room around it. The crop that gives back the FER2013 frame has a side of (1 + margin) × the longer
side of the detector's box and a centre moved by ``offset`` box sides. For MTCNN, the medians are
what ``mien.preprocess.framing.FER2013_FRAMING`` holds; every classifier's framing is relative to
MTCNN's box. For any other detector, ``correction`` is the framing of MTCNN's box relative to its
own (``DetectorFacts.margin`` and ``offset``), from the faces that both find: the quotient of the
two margins and the difference of the two offsets.

*by landmarks* is the same with another base in the place of the box: a square whose side is the
distance from the eyes' middle to the mouth's, around the middle of the five points. If it varied
less than the box, it would frame faces more steadily.

The spread of the eyes' tilt says whether FER2013 faces were rotated upright (inference should then
rotate them too). Only training pictures are used; `benchmarks/framing_gain.py` shows the gain on
other pictures.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.opening import open_dataset
from mien.datasets.samples import stack
from mien.detectors.load import load_detector
from mien.types import Face

ENLARGE, BORDER = 4, 96  # 48 px → 192 px, in a picture of 384 px
REFERENCE = "mtcnn"
"""The detector whose boxes framings are relative to."""
NAMES = ("margin", "offset x", "offset y")
Base = Callable[[Face], tuple[float, tuple[float, float]]]
"""Side and centre of a square, in pixels."""


def photo(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A FER2013 picture (48, 48), enlarged, on a wider grey ground: (384, 384, 3) RGB."""
    side = 48 * ENLARGE
    large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
    ground = np.full((side + 2 * BORDER,) * 2, picture.mean(), np.float32)
    ground += rng.normal(0, 4, ground.shape)
    ground[BORDER:-BORDER, BORDER:-BORDER] = large
    return cv2.cvtColor(ground.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)


def by_box(face: Face) -> tuple[float, tuple[float, float]]:
    """The square of the box's longer side."""
    return max(face.box.width, face.box.height), face.box.center


def by_landmarks(face: Face) -> tuple[float, tuple[float, float]]:
    """The square from the eyes to the mouth."""
    points = np.array(face.landmarks)
    down = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    x, y = points.mean(axis=0).tolist()
    return float(np.hypot(*down)), (x, y)


def framing(face: Face, base: Base) -> tuple[float, float, float]:
    """(margin, offset x, offset y) from ``face`` to the FER2013 frame."""
    side = 48 * ENLARGE
    own, (x, y) = base(face)
    middle = BORDER + side / 2
    return side / own - 1, (middle - x) / own, (middle - y) / own


def tilt(face: Face) -> float:
    """Of the line through the eyes, in degrees."""
    assert face.landmarks is not None
    (x1, y1), (x2, y2) = face.landmarks[:2]
    return math.degrees(math.atan2(y2 - y1, x2 - x1))


def correction(own: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) margin and offset of the reference's box relative to a detector's own.

    Both arguments are (N, 3), of the same faces.
    """
    margin = (1 + np.median(own[:, 0])) / (1 + np.median(reference[:, 0])) - 1
    offset = np.median(own[:, 1:], axis=0) - np.median(reference[:, 1:], axis=0) * (1 + margin)
    return np.array([margin, *offset])


def table(rows: NDArray[np.float64]) -> None:
    """Print the medians and the spread of (N, columns)."""
    for name, values in zip((*NAMES, "tilt °"), rows.T, strict=False):
        low, quarter, middle, three, high = np.percentile(values, [5, 25, 50, 75, 95])
        print(f"{name:9} median {middle:+.3f}   half of all {quarter:+.3f} to {three:+.3f}"
              f"   nine in ten {low:+.3f} to {high:+.3f}")  # fmt: skip


def spread(rows: NDArray[np.float64]) -> str:
    """How much the frame varies around its median: of its side in percent, of its place."""
    side = 1 + rows[:, 0]
    places = np.hypot(*((rows[:, 1:] - np.median(rows[:, 1:], axis=0)) / side[:, None]).T)
    ratio = np.abs(side / np.median(side) - 1)
    return f"side {np.median(ratio):.1%}, place {np.median(places):.1%} of the frame (medians)"


def main() -> None:
    """Print the medians, their spread and the share of pictures with a face found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--detectors", nargs="+", default=["yunet"], help="beside MTCNN")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    images = stack(open_dataset(args.data).samples("train")).images
    chosen = rng.choice(len(images), args.pictures, replace=False)
    names = list(dict.fromkeys([REFERENCE, *args.detectors]))
    # MTCNN was measured with faces of 60 pixels and more; smaller ones are not there.
    detectors = {name: load_detector(name, options={"min_face_size": 60}) for name in names}
    found: dict[str, dict[int, Face]] = {name: {} for name in names}
    for index in chosen:
        image = photo(images[index], rng)
        for name, detector in detectors.items():
            if faces := detector.detect(image):
                found[name][index] = max(faces, key=lambda face: face.box.area)
    for name, faces in found.items():
        print(f"{name}: a face in {len(faces)} of {args.pictures} training pictures (seed "
              f"{args.seed})")  # fmt: skip
        boxes = np.array([framing(face, by_box) for face in faces.values()])
        landmarks = all(face.landmarks for face in faces.values())
        tilts = np.array([tilt(face) for face in faces.values()]) if landmarks else boxes[:, :0]
        table(np.column_stack([boxes, tilts]))
        print(f"by box: {spread(boxes)}")
        if landmarks:
            points = np.array([framing(face, by_landmarks) for face in faces.values()])
            print(f"by landmarks: {spread(points)}")
        if name != REFERENCE:
            both = sorted(faces.keys() & found[REFERENCE].keys())
            own, reference = (
                np.array([framing(each[index], by_box) for index in both])
                for each in (faces, found[REFERENCE])
            )
            margin, x, y = correction(own, reference)
            print(f"correction, of {len(both)} faces: margin {margin:+.3f}, offset {x:+.3f}, "
                  f"{y:+.3f}")  # fmt: skip
        print()


if __name__ == "__main__":
    main()
