"""Choose the defaults of YuNet: smallest face, size of the picture, score, two looks, threads.

    python benchmarks/yunet_defaults.py --pictures wider_train5.zip facemask853.zip

Each table is printed for every archive, and a default has to be good in all of them. YuNet learned
from WIDER FACE's training pictures, so that its figures on ``wider_train5`` are too good, and those
of MTCNN, which learned from them too, as well: what counts there is the difference between rows.

- *size*: pixels of the network's input for each face of the smallest size. The picture is shrunk
  until a face of ``min_face_size`` has this many, so the time grows with its square. F1 (at the
  score where it is best), false boxes and duplicates count faces of ``LEAST`` pixels and more.
- *score*: F1, recall, precision, false boxes and duplicates a picture of each score threshold,
  under MTCNN's with the same smallest face.
- *smallest face*: recall of faces by their size, and the time.
- *two looks*: enlarged pictures, whose faces are then of every size. One look at
  the whole picture, and two, the second at the picture shrunk to ``overview`` pixels.
- *threads*: the time with two threads for each with one, in turns.

Nothing but ``--pictures`` is looked at; report on other pictures than these.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector_speed import answer
from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.datasets.scene import Scene
from mien.detectors.base import Detector
from mien.detectors.mtcnn.detector import MTCNN
from mien.detectors.yunet import detector as yunet
from mien.detectors.yunet.detector import YuNet
from mien.evaluation.detection.answers import Answer
from mien.evaluation.detection.faults import faults
from mien.evaluation.detection.precision import Sides
from mien.runtime import processor

Array = NDArray[Any]

LEAST = 32  # pixels: the smallest face that is asked for
SIZES = (12, 16, 20, 24, 32)  # pixels of the input for each face of LEAST pixels
SMALLEST = (20, 24, 32, 40, 48)
LOW = 0.3
THRESHOLDS = tuple(np.arange(0.3, 0.96, 0.05).round(2).tolist())
LARGE = 2048  # pixels of the longer side of the enlarged pictures
LOOKS = (480, 640, 800, 1024, 1280)  # longer side of the input from which it is looked at twice
OVERVIEWS = (320, 480, 640)


def everything(detector: Detector, scenes: Sequence[Scene], enlarge: int = 0) -> list[Answer]:
    """The answers at a score of ``LOW``; a higher score only drops boxes."""
    found = []
    for scene in scenes:
        image = scene.image
        if enlarge:
            scene, image = enlarged(scene, enlarge)
        began = time.perf_counter()
        faces = detector.detect(image, LOW)
        found.append(answer(scene, image, faces, (time.perf_counter() - began) * 1000))
    return found


def enlarged(scene: Scene, side: int) -> tuple[Scene, Array]:
    """A scene with ``side`` pixels on its longer side, and its picture."""
    image = scene.image
    factor = side / max(image.shape[:2])
    pixels = np.asarray(
        cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8
    )
    return Scene(scene.pixels, scene.key, scene.boxes * np.float32(factor), scene.ignored), pixels


class Counts:
    """Right and wrong boxes of all pictures at one score."""

    def __init__(self, answers: Sequence[Answer], threshold: float, sides: Sides) -> None:
        every = [faults(each, threshold, sides) for each in answers]
        self.pictures = len(answers)
        self.found, self.missed, self.false, self.again = (
            sum(len(getattr(fault, kind)) for fault in every)
            for kind in ("found", "missed", "false", "duplicates")
        )
        self.threshold = threshold

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision."""
        wrong = self.missed + self.false + self.again
        return 2 * self.found / max(2 * self.found + wrong, 1)

    def __str__(self) -> str:
        recall = self.found / max(self.found + self.missed, 1)
        precision = self.found / max(self.found + self.false + self.again, 1)
        return (
            f"{self.threshold:6.2f} {self.f1:7.4f} {recall:7.4f} {precision:9.4f} "
            f"{self.false / self.pictures:10.3f} {self.again / self.pictures:8.3f}"
        )


HEAD = f"{'score':>6} {'F1':>7} {'recall':>7} {'precision':>9} {'false/pic':>10} {'dup/pic':>8}"


def best(answers: Sequence[Answer], sides: Sides) -> Counts:
    """At the score with the highest F1."""
    return max((Counts(answers, t, sides) for t in THRESHOLDS), key=lambda c: c.f1)


def milliseconds(answers: Sequence[Answer]) -> float:
    """The median over the pictures."""
    return statistics.median(each.ms for each in answers)


def sized(size: float, least: float = LEAST) -> Callable[[], YuNet]:
    """A detector for faces of ``least`` pixels, which have ``size`` pixels in the input."""

    def make() -> YuNet:
        yunet.SURE = size
        return YuNet(min_face_size=least, threads=1)

    return make


def sizes_and_scores(scenes: Sequence[Scene]) -> None:
    """The tables *size* and *score*."""
    sides = (float(LEAST), 1e5)
    own = yunet.SURE
    print(f"\nsize: faces of {LEAST} px and more, at the best score\n{'size':>6} {HEAD} {'ms':>7}")
    kept: list[Answer] = []
    for size in SIZES:
        answers = everything(sized(size)(), scenes)
        print(f"{size:6} {best(answers, sides)} {milliseconds(answers):7.1f}", flush=True)
        if size == own:
            kept = answers
    yunet.SURE = own
    reference = everything(MTCNN(min_face_size=LEAST, threads=1), scenes)
    threshold = MTCNN(threads=1).score_threshold
    print(f"\nscore: faces of {LEAST} px and more, size {own}\n{'':6} {HEAD} {'ms':>7}")
    print(f"{'mtcnn':6} {Counts(reference, threshold, sides)} {milliseconds(reference):7.1f}")
    for threshold in THRESHOLDS:
        print(f"{'yunet':6} {Counts(kept, threshold, sides)} {milliseconds(kept):7.1f}", flush=True)


def smallest(scenes: Sequence[Scene]) -> None:
    """The table *smallest face*."""
    bins = [(16, 24), (24, 32), (32, 48), (48, 96), (96, 1e5)]
    print("\nsmallest face: recall of faces by their size in pixels, at the detector's own score")
    names = " ".join(f"{f'{low:g}-{high:g}':>9}" for low, high in bins[:-1])
    print(f"{'px':>6} {names} {'96 and more':>12} {'ms':>7}")
    for least in SMALLEST:
        detector = YuNet(min_face_size=least, threads=1)
        answers = everything(detector, scenes)
        every = [Counts(answers, detector.score_threshold, sides) for sides in bins]
        shares = [c.found / max(c.found + c.missed, 1) for c in every]
        text = " ".join(f"{share:9.4f}" for share in shares[:-1])
        print(f"{least:6} {text} {shares[-1]:12.4f} {milliseconds(answers):7.1f}", flush=True)


def looks(chosen: Sequence[Scene]) -> None:
    """The table *two looks*."""
    sides = (float(LEAST), 1e5)
    own = yunet.OVERVIEW_FROM, yunet.OVERVIEW, yunet.LARGEST, yunet.SURE
    print(f"\ntwo looks: {len(chosen)} pictures, the input's longer side; faces of {LEAST} px and "
          f"more\n{'input':>6} {'second':>7} {HEAD} {'ms':>7}")  # fmt: skip
    for longer in LOOKS:
        yunet.SURE = yunet.OVERVIEW_FROM = LEAST  # the enlarged picture is the input
        for overview in (0, *(o for o in OVERVIEWS if o < longer)):
            yunet.OVERVIEW_FROM = longer - 1 if overview else 1e9
            yunet.OVERVIEW = overview
            yunet.LARGEST = overview / 2
            detector = YuNet(min_face_size=LEAST * longer / LARGE, threads=1)
            yunet.SURE = detector.min_face_size
            answers = everything(detector, chosen, enlarge=longer)
            counts = Counts(answers, detector.score_threshold, sides)
            print(f"{longer:6} {overview or 'one':>7} {counts} {milliseconds(answers):7.1f}",
                  flush=True)  # fmt: skip
    yunet.OVERVIEW_FROM, yunet.OVERVIEW, yunet.LARGEST, yunet.SURE = own


def threads(scenes: Sequence[Scene], count: int) -> None:
    """The table *threads*: the first ``count`` pictures, in turns."""
    detectors = {n: YuNet(threads=n) for n in (1, 2)}
    times: dict[int, list[float]] = {1: [], 2: []}
    for scene in scenes[:count]:
        image = scene.image
        for number, detector in detectors.items():
            took = []
            for _ in range(5):
                began = time.perf_counter()
                detector.detect(image)
                took.append((time.perf_counter() - began) * 1000)
            times[number].append(min(took))
    ratios = [b / a for a, b in zip(times[1], times[2], strict=True)]
    one, two = (statistics.median(times[n]) for n in (1, 2))
    ratio = statistics.median(ratios)
    print(f"\nthreads: {one:.1f} ms with one, {two:.1f} with two, ratio {ratio:.2f}")


def archives(paths: Sequence[str], every: int) -> Iterator[tuple[str, list[Scene]]]:
    """The name and the pictures of each archive."""
    for path in paths:
        dataset = open_dataset(path, "coco")
        assert isinstance(dataset, SceneDataset)
        scenes = [scene for split in dataset.splits() for scene in dataset.scenes(split)]
        yield Path(path).name, scenes[::every]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", nargs="+", required=True, help="pictures in COCO form")
    parser.add_argument("--every", type=int, default=1, help="only every N-th picture")
    parser.add_argument(
        "--tables", nargs="+", default=["scores", "smallest", "looks", "threads"],
        choices=["scores", "smallest", "looks", "threads"],
    )  # fmt: skip
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{processor()}, one thread where nothing else is said")
    for name, scenes in archives(args.pictures, args.every):
        print(f"\n== {name}: {len(scenes)} pictures")
        if "scores" in args.tables:
            sizes_and_scores(scenes)
        if "smallest" in args.tables:
            smallest(scenes)
        if "looks" in args.tables:
            looks(scenes)
        if "threads" in args.tables:
            threads(scenes, 40)


if __name__ == "__main__":
    main()
