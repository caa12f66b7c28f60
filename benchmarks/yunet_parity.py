"""YuNet here against OpenCV's ``FaceDetectorYN`` with the file that its authors publish.

    python benchmarks/yunet_parity.py --model yunet_n_320_320.onnx --pictures wider_val_dev.zip

Both search every picture at its own size. A face's twin is the one of the other whose box and
landmarks differ least; differences are the largest of the face's, over faces of ``CLEAR`` pixels
and more: OpenCV rounds boxes before it compares them, which decides between smaller neighbours.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray
from tests.support.yunet import THRESHOLD, OpenCV, rows_of

from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.detectors.yunet.detector import YuNet

CLEAR = 12
PIXELS = 1.0
"""A face without a twin so close is counted as found by one alone."""


def differences(
    rows: NDArray[np.float64], others: NDArray[np.float64]
) -> Iterator[tuple[float, float, float]]:
    """Of box, landmarks and score, for each clear face in (N, 15) ``rows`` from its twin."""
    sides = np.sqrt((rows[:, 2] - rows[:, 0]) * (rows[:, 3] - rows[:, 1]))
    for row in rows[sides >= CLEAR]:
        if not len(others):
            yield np.inf, np.inf, np.inf
            continue
        apart = np.abs(others - row)  # (M, 15)
        box, points, score = np.split(apart[apart[:, :14].max(axis=1).argmin()], [4, 14])
        yield float(box.max()), float(points.max()), float(score[0])


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the published ONNX file")
    parser.add_argument("--pictures", required=True, help="whole pictures in COCO form")
    parser.add_argument("--first", type=int, help="only the first N pictures (default: all)")
    args = parser.parse_args()
    ours, theirs = YuNet(min_face_size=0, score_threshold=THRESHOLD, threads=1), OpenCV(args.model)
    dataset = open_dataset(args.pictures, "coco")
    assert isinstance(dataset, SceneDataset)
    scenes = (scene for split in dataset.splits() for scene in dataset.scenes(split))
    here, there, pictures = [], [], 0
    for scene in itertools.islice(scenes, args.first):
        rows, others = rows_of(ours.detect(scene.image)), theirs.rows(scene.image)
        here += differences(rows, others)
        there += differences(others, rows)
        pictures += 1
    apart = np.array(here + there).reshape(-1, 3)
    twins = apart[apart[:, :2].max(axis=1) <= PIXELS]
    print(f"{pictures} pictures; {len(here)} faces here, {len(there)} there")
    print(f"{len(apart) - len(twins)} without a twin within {PIXELS:g} pixel")
    for what, values in zip(("boxes, px", "landmarks, px", "scores"), twins.T, strict=True):
        middle, most = np.median(values), values.max()
        print(f"{what:14} differ by {middle:.6f} (median), {most:.6f} at most")


if __name__ == "__main__":
    main()
