"""What the detector ``auto`` brings on face crops, and what it costs where there is no face.

    python benchmarks/auto_detector.py --data fer2013.zip --pictures wider_train5.zip

First FER2013's PublicTest pictures as they are: the share in which a face is found, and the
accuracy, where a picture without a face counts as wrong. Then parts of WIDER FACE's pictures that
touch no marked face, 48 to 128 pixels wide, and the pictures without a counted face as they are:
every face found there is a false one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.datasets.samples import stack
from mien.datasets.scene import Scene
from mien.pipeline import Recognizer

NAMES = ("yunet", "auto", "none")
SIDES = (48, 64, 96, 128)


def on_crops(data: str, first: int | None) -> None:
    """Print a line for each detector."""
    opened = open_dataset(data)
    split = stack(opened.samples("public"))
    labels = opened.facts.labels
    images = [np.repeat(image[..., None], 3, axis=2) for image in split.images[:first]]
    print(f"PublicTest as it is: {len(images)} pictures\n{'':6} {'found':>7} {'accuracy':>9}")
    for name in NAMES:
        found = right = 0
        for result, label in zip(
            Recognizer(name, threads=1).images(images), split.labels, strict=False
        ):
            if result.readings:
                largest = max(result, key=lambda reading: reading.face.box.area)
                found += 1
                right += largest.expression == labels[label]
        print(f"{name:6} {found / len(images):7.2%} {right / len(images):9.2%}", flush=True)


def parts(scenes: Sequence[Scene], rng: np.random.Generator) -> Iterator[NDArray[Any]]:
    """One square of each picture that touches no marked face, where there is one."""
    for scene in scenes:
        image = scene.image
        height, width = image.shape[:2]
        side = int(rng.choice(SIDES))
        for _ in range(20):
            x, y = (int(rng.integers(0, max(1, most - side))) for most in (width, height))
            clear = (scene.boxes[:, 0] > x + side) | (scene.boxes[:, 2] < x)
            clear |= (scene.boxes[:, 1] > y + side) | (scene.boxes[:, 3] < y)
            if clear.all() and min(width - x, height - y) >= side:
                yield image[y : y + side, x : x + side]
                break


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--pictures", required=True, help="whole pictures in COCO form")
    parser.add_argument("--first", type=int, help="only the first N pictures (default: all)")
    args = parser.parse_args()
    on_crops(args.data, args.first)
    dataset = open_dataset(args.pictures, "coco")
    assert isinstance(dataset, SceneDataset)
    scenes = [scene for split in dataset.splits() for scene in dataset.scenes(split)][: args.first]
    squares = list(parts(scenes, np.random.default_rng(0)))
    empty = [scene.image for scene in scenes if scene.ignored.all()]
    print(f"\n{Path(args.pictures).name}: {len(squares)} small squares without a face, "
          f"{len(empty)} pictures without one")  # fmt: skip
    print(f"{'':6} {'squares with a false face':>26} {'pictures':>9}")
    for name in ("yunet", "auto"):
        detector = Recognizer(name, threads=1).detector
        wrong = [sum(bool(detector.detect(np.ascontiguousarray(image))) for image in images)
                 for images in (squares, empty)]  # fmt: skip
        print(f"{name:6} {wrong[0]:26} {wrong[1]:9}", flush=True)


if __name__ == "__main__":
    main()
