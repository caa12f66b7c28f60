"""MTCNN on 1920×1080 pictures, before and after it became faster: milliseconds, AP, memory.

    python benchmarks/detector_speed.py --pictures wider_val_dev.zip --photos photo1.jpg photo2.jpg

Four detectors take turns on every picture, all on two threads; a ratio is the median over pictures
of the ratio of their medians, so that a busy machine affects all equally:

- ``before``: the code and the networks of the commit ``--before``, out of the project's history
  (skipped if git does not have it; ``exact`` is then the baseline);
- ``exact``: today's networks, everything else as before (``REFERENCE`` settings);
- ``fast``: the same settings without ``exact``;
- ``defaults``: ``MTCNN(min_face_size=40)``.

The smallest face is 40 pixels for all. Scenes are mosaics of the data set's pictures at their own
size, side by side and one below the other, black where there is none; a face that the border cuts
is ignored. The same pictures follow one by one. Photos (the package's sample by default) are
enlarged until they cover 1920×1080, and cut to it. AP50, recall and wrong boxes
(``mien.evaluation.detection``) count faces of 40 pixels and more. Memory is the peak of a process
that looks at one mosaic enlarged to 100 megapixels, less that of one that only holds it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Pixels
from mien.datasets.scene import Scene
from mien.detectors.base import Detector
from mien.detectors.mtcnn.detector import MTCNN, REFERENCE
from mien.evaluation.detection.answers import Answer
from mien.evaluation.detection.detect import peak_mib
from mien.evaluation.detection.faults import faults
from mien.evaluation.detection.precision import Pool, average_precision, judge, pool
from mien.evaluation.detection.resample import interval, resampled_ap
from mien.media.images import read_image
from mien.runtime import processor
from mien.samples import ASTRONAUT
from mien.types import Face

WIDTH, HEIGHT = 1920, 1080
LEAST = 40  # pixels: the smallest face that MTCNN was tuned for
SIDES = (float(LEAST), 1e5)
THREADS = 2
HUGE = (12_000, 8_400)  # 100 megapixels
NAMES = ("before", "exact", "fast", "defaults")


def make(name: str, commit: str) -> Detector:
    """One of ``NAMES``."""
    settings = {**REFERENCE, "min_face_size": LEAST, "threads": THREADS}
    if name == "exact":
        return MTCNN(**settings)
    if name == "fast":
        return MTCNN(**{**settings, "exact": False})
    if name == "defaults":
        return MTCNN(min_face_size=LEAST, threads=THREADS)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "weights").mkdir()
        for file in ("mtcnn.py", *(f"weights/{net}.onnx" for net in ("pnet", "rnet", "onet"))):
            where = f"{commit}:src/mien/detectors/{file}"
            shown = subprocess.run(
                ["git", "show", where], cwd=Path(__file__).parent, check=True, capture_output=True
            )
            # The registry already has today's detector under that name.
            content = shown.stdout.replace(b'@register_detector("mtcnn")', b"")
            (root / file).write_bytes(content)
        spec = importlib.util.spec_from_file_location("mtcnn_before", root / "mtcnn.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        detector: Detector = module.MTCNN(min_face_size=LEAST, threads=THREADS)
        return detector


def mosaics(scenes: Iterable[Scene]) -> Iterator[Scene]:
    """Scenes of 1920×1080, each filled with the next pictures, row by row, left to right."""
    queue = iter(scenes)
    while True:
        canvas = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        boxes, ignored, keys = [np.zeros((0, 4), np.float32)], [np.zeros(0, bool)], []
        top = 0
        while top < HEIGHT:
            left = row = 0
            while left < WIDTH:
                scene = next(queue, None)
                if scene is None:
                    return  # the last scene would not be full
                image = scene.image[: HEIGHT - top, : WIDTH - left]
                height, width = image.shape[:2]
                canvas[top : top + height, left : left + width] = image
                inside = (scene.boxes[:, 0] < width) & (scene.boxes[:, 1] < height)
                cut = (scene.boxes[:, 2] > width) | (scene.boxes[:, 3] > height)
                placed = scene.boxes[inside] + np.array([left, top] * 2, np.float32)
                boxes.append(placed.clip(max=np.array([WIDTH, HEIGHT] * 2, np.float32)))
                ignored.append((scene.ignored | cut)[inside])
                keys.append(scene.key)
                left, row = left + width, max(row, height)
            top += row
        yield Scene(canvas, keys[0], np.concatenate(boxes), np.concatenate(ignored))


def enlarged(path: Path) -> Scene:
    """A photo enlarged to cover 1920×1080, without marked faces."""
    image = read_image(path)
    ratio = max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    size = (max(WIDTH, round(image.shape[1] * ratio)), max(HEIGHT, round(image.shape[0] * ratio)))
    pixels = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    cut = np.array(pixels[:HEIGHT, :WIDTH], np.uint8)
    return Scene(cut, path.name, np.zeros((0, 4), np.float32), np.zeros(0, bool))


def ask(
    detectors: Mapping[str, Detector], scenes: Iterable[Scene], repeats: int
) -> dict[str, list[Answer]]:
    """The answers of each detector to every scene; they take turns, and ``ms`` are medians."""
    answers: dict[str, list[Answer]] = {name: [] for name in detectors}
    for number, scene in enumerate(scenes):
        image: Pixels = scene.image
        if number == 0:
            for detector in detectors.values():
                detector.detect(image)  # warm-up
        times: dict[str, list[float]] = {name: [] for name in detectors}
        for _ in range(repeats):
            for name, detector in detectors.items():
                began = time.perf_counter()
                faces = detector.detect(image)
                times[name].append((time.perf_counter() - began) * 1000)
                if len(times[name]) == repeats:
                    ms = statistics.median(times[name])
                    answers[name].append(answer(scene, image, faces, ms))
    return answers


def answer(scene: Scene, image: Pixels, faces: Sequence[Face], ms: float) -> Answer:
    """A detector's ``faces`` in ``image`` and the marked faces of ``scene``."""
    return Answer(
        key=scene.key,
        width=image.shape[1],
        height=image.shape[0],
        truth=scene.boxes,
        ignored=scene.ignored,
        subsets={},
        boxes=np.array([face.box.to_list() for face in faces], np.float32).reshape(-1, 4),
        scores=np.array([face.score for face in faces], np.float32),
        ms=ms,
    )


def judged(answers: Sequence[Answer]) -> Pool:
    """Boxes of all pictures at an IoU of 0.5, where faces of 40 pixels and more count."""
    return pool([judge(each, np.array([0.5]), SIDES) for each in answers])


def row(name: str, answers: Sequence[Answer], baseline: Sequence[Answer]) -> None:
    """Print one detector's quality and speed, also relative to ``baseline``."""
    found = judged(answers)
    ap = average_precision(found)
    every = [faults(each, 0.0, SIDES) for each in answers]
    right, missed, false, again = (
        sum(len(getattr(fault, kind)) for fault in every)
        for kind in ("found", "missed", "false", "duplicates")
    )
    ms = statistics.median(each.ms for each in answers)
    times = statistics.median(b.ms / a.ms for a, b in zip(answers, baseline, strict=True))
    good = " " * 36
    if ap is not None:
        good = f"{ap[0]:7.4f} {right / (right + missed):7.4f} {false / len(answers):10.3f} "
        good += f"{again / max(right, 1):9.4f}"
    print(f"{name:10} {good} {ms:10.1f} {times:9.2f}", flush=True)


def report(title: str, answers: Mapping[str, Sequence[Answer]], first: str) -> None:
    """Print the table of detectors; ratios are relative to ``first``."""
    print(f"\n{title}")
    print(f"{'':10} {'AP50':>7} {'recall':>7} {'false/pic':>10} {'dup/face':>9} "
          f"{'median ms':>10} {'× faster':>9}")  # fmt: skip
    for name, own in answers.items():
        row(name, own, answers[first])
    if any(len(each.truth) for each in answers[first]):
        before = resampled_ap(judged(answers[first]))
        for name, own in answers.items():
            if name != first:
                between = interval(resampled_ap(judged(own)) - before)
                assert between is not None
                print(f"AP50 of {name} less that of {first}: "
                      f"{between.low:+.4f} to {between.high:+.4f} (95 %)")  # fmt: skip


def peak(name: str, commit: str, path: Path) -> None:
    """Print the peak memory in MiB of this process, after it detected faces in ``path``."""
    image = np.asarray(cv2.resize(read_image(path), HUGE), np.uint8)
    cv2.setNumThreads(THREADS)
    if name != "none":
        make(name, commit).detect(image)
    print(peak_mib())


def memory(first: str, commit: str, image: Pixels) -> None:
    """Peak memory of each detector on 100 megapixels, each in its own process."""
    print(f"\n{HUGE[0]}×{HUGE[1]} pixels, {3 * HUGE[0] * HUGE[1] / 2**20:.0f} MiB as they are")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.png"
        cv2.imwrite(str(path), image[:, :, ::-1])
        used = {}
        for name in ("none", first, "defaults"):
            command = [sys.executable, __file__, "--peak", name, str(path), "--before", commit]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            used[name] = float(done.stdout)
    for name in (first, "defaults"):
        print(f"{name:10} {used[name] - used['none']:6.0f} MiB beside the picture")


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", help="whole pictures with marked faces, in COCO form")
    parser.add_argument("--photos", type=Path, nargs="*", default=[ASTRONAUT])
    parser.add_argument("--scenes", type=int, help="only the first N mosaics (default: all)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--before", default="eaba261", help="commit of the project's history")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak:
        peak(args.peak[0], args.before, Path(args.peak[1]))
        return
    cv2.setNumThreads(THREADS)
    known = subprocess.run(
        ["git", "cat-file", "-e", args.before], cwd=Path(__file__).parent, capture_output=True
    )
    names = NAMES[1:] if known.returncode else NAMES
    detectors = {name: make(name, args.before) for name in names}
    print(f"{processor()}, {len(os.sched_getaffinity(0))} cores, {THREADS} threads")
    for path in args.photos:
        answers = ask(detectors, [enlarged(path)], 3 * args.repeats)
        report(f"{path.name}, enlarged to {WIDTH}×{HEIGHT}", answers, names[0])
    if args.pictures:
        dataset = open_dataset(args.pictures, "coco")
        assert isinstance(dataset, SceneDataset)
        scenes = [s for split in dataset.splits() for s in dataset.scenes(split)]
        # They are sorted by event; without shuffling, each mosaic would show one kind of event.
        order = np.random.default_rng(0).permutation(len(scenes))
        chosen = list(islice(mosaics(scenes[i] for i in order), args.scenes))
        if not chosen:
            parser.error(f"{args.pictures} has too few pictures to cover {WIDTH}×{HEIGHT}")
        answers = ask(detectors, chosen, args.repeats)
        title = f"{len(chosen)} mosaics of {Path(args.pictures).name}, faces of {LEAST} px or more"
        report(title, answers, names[0])
        if not args.scenes:
            title = f"{len(scenes)} pictures of {Path(args.pictures).name} as they are"
            report(title, ask(detectors, scenes, 1), names[0])
        memory(names[0], args.before, chosen[0].image)


if __name__ == "__main__":
    main()
