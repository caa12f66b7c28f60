"""Whether ``try_rotations`` finds the right turn of pictures that lie on their side or upside down.

    python benchmarks/turned_pictures.py --pictures wider_train5.zip facemask853.zip

Each picture is turned four times. *faces* is the share of those pictures with a face in which the
detector finds one as they are turned. *by nothing found* is the share in which the right turn is
found if the others are tried only where there is no face, *by the sum* and *by the best* if all are
tried, and the turn with the largest sum of scores, or with the highest one, is taken.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.detectors.load import load_detector


def main() -> None:
    """Print a table for each archive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", nargs="+", required=True, help="pictures in COCO form")
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--count", type=int, default=250, help="pictures of each archive")
    args = parser.parse_args()
    detector = load_detector(args.detector, threads=1)
    for path in args.pictures:
        dataset = open_dataset(path, "coco")
        assert isinstance(dataset, SceneDataset)
        scenes = [scene for split in dataset.splits() for scene in dataset.scenes(split)]
        scores = []
        for scene in scenes[:: max(1, len(scenes) // args.count)]:
            image = scene.image
            found = [detector.detect(np.ascontiguousarray(np.rot90(image, k))) for k in range(4)]
            scores.append([[face.score for face in faces] for faces in found])
        sums = np.array([[sum(each) for each in four] for four in scores])  # (N, 4)
        most = np.array([[max(each, default=0) for each in four] for four in scores])
        has = sums[:, 0] > 0
        others = (most[~has].max(axis=1, initial=0) > 0).sum()
        print(f"{Path(path).name}: {len(sums)} pictures, {has.sum()} with a face as they are; in "
              f"{others} of the others one is found turned")  # fmt: skip
        print(f"{'turned':>7} {'faces':>6} {'by nothing found':>17} {'by the sum':>11} "
              f"{'by the best':>12}")  # fmt: skip
        by_sum, by_best = sums[has].argmax(axis=1), most[has].argmax(axis=1)
        for turns in range(4):
            finds = sums[has, turns] > 0
            first = np.where(finds, turns, by_sum)
            shares = [(choice == 0).mean() for choice in (first, by_sum, by_best)]
            print(f"{90 * turns:6}° {finds.mean():6.1%} {shares[0]:17.1%} {shares[1]:11.1%} "
                  f"{shares[2]:12.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
