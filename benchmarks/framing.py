"""Measure how FER2013 frames a face, relative to the box that MTCNN finds.

    python benchmarks/framing.py --data fer2013.zip

FER2013 pictures are enlarged and set into a wider picture, so that MTCNN finds the face with
room around it. The crop that gives back the FER2013 frame has a side of (1 + margin) × the longer
side of MTCNN's box and a centre moved by ``offset`` box sides: the medians are what
``mien.preprocess.framing.FER2013_FRAMING`` holds. The spread of the eyes' tilt says whether FER2013
faces were rotated upright (inference should then rotate them too).

Only training pictures are used; `benchmarks/framing_gain.py` shows the gain on other pictures.
"""

from __future__ import annotations

import argparse
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.opening import open_dataset
from mien.datasets.samples import stack
from mien.detectors.mtcnn.detector import MTCNN
from mien.types import Face

ENLARGE, BORDER = 4, 96  # 48 px → 192 px, in a picture of 384 px


def photo(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A FER2013 picture (48, 48), enlarged, on a wider grey ground: (384, 384, 3) RGB."""
    side = 48 * ENLARGE
    large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
    ground = np.full((side + 2 * BORDER,) * 2, picture.mean(), np.float32)
    ground += rng.normal(0, 4, ground.shape)
    ground[BORDER:-BORDER, BORDER:-BORDER] = large
    return cv2.cvtColor(ground.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)


def framing(face: Face) -> tuple[float, float, float, float]:
    """(margin, offset x, offset y, tilt in degrees) from ``face`` to the FER2013 frame."""
    side = 48 * ENLARGE
    longer = max(face.box.width, face.box.height)
    x, y = face.box.center
    middle = BORDER + side / 2
    assert face.landmarks is not None
    (x1, y1), (x2, y2) = face.landmarks[:2]
    tilt = math.degrees(math.atan2(y2 - y1, x2 - x1))
    return side / longer - 1, (middle - x) / longer, (middle - y) / longer, tilt


def main() -> None:
    """Print the medians, their spread and the share of pictures with a face found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    images = stack(open_dataset(args.data).samples("train")).images
    chosen = rng.choice(len(images), args.pictures, replace=False)
    detector = MTCNN(min_face_size=60)
    rows = []
    for index in chosen:
        faces = detector.detect(photo(images[index], rng))
        if faces:
            rows.append(framing(max(faces, key=lambda face: face.box.area)))
    table = np.array(rows)
    print(f"a face in {len(table)} of {args.pictures} training pictures (seed {args.seed})")
    for name, values in zip(("margin", "offset x", "offset y", "tilt °"), table.T, strict=True):
        low, quarter, middle, three, high = np.percentile(values, [5, 25, 50, 75, 95])
        print(f"{name:9} median {middle:+.3f}   half of all {quarter:+.3f} to {three:+.3f}"
              f"   nine in ten {low:+.3f} to {high:+.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
