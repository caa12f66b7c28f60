"""Between two searches of the whole frame: a look where each face should be, optical flow, or
the prediction alone.

    python benchmarks/following.py --pictures wider_train5.zip

Composed clips of real faces (``tools/compose_clips.py``) at 30 frames a second, faces found by
YuNet. HOTA, IDF1, identity switches, and the processor's time for finding and numbering the faces
of a frame, as a share of that with every frame searched.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.clip_scenes import SCENES, compose
from tools.compose_clips import Cutout, cut_out, pictures, times

from mien.detectors.load import load_detector
from mien.evaluation.tracking.frames import compare_frames
from mien.evaluation.tracking.hota import hota
from mien.evaluation.tracking.identity import identity_switches, idf1
from mien.following import look_for
from mien.tracking.tracker import Tracker
from mien.types import Box, Face

RATE = 30.0
POINTS = np.stack(np.meshgrid(*[np.linspace(0.2, 0.8, 5)] * 2), axis=-1).reshape(-1, 2)
Image = NDArray[np.uint8]


def flow(faces: Sequence[Face], before: Image, image: Image) -> list[Face] | None:
    """``faces`` of the frame before, moved by the median of the optical flow in each."""
    moved = []
    for face in faces:
        box = face.box
        at = (POINTS * (box.width, box.height) + (box.x1, box.y1)).astype(np.float32)[:, None]
        to, found, _ = cv2.calcOpticalFlowPyrLK(before, image, at, None)
        good = found[:, 0] == 1
        if good.sum() < len(POINTS) / 2:
            return None
        x, y = np.median((to - at)[good, 0], axis=0).tolist()
        points = face.landmarks
        moved.append(replace(
            face, box=Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y),
            landmarks=points and tuple((a + x, b + y) for a, b in points),
        ))  # fmt: skip
    return moved


def follow(
    frames: Sequence[tuple[float, Image]], detector: object, how: str, every: int
) -> tuple[list[tuple[Face, ...]], float]:
    """The numbered faces of each frame, and the seconds of the processor for a frame."""
    tracker, answers, since, may_be_new = Tracker(), [], 0, False
    before: Image | None = None
    began = time.process_time()
    for time_s, image in frames:
        there = tracker.predict(time_s)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if how == "flow" else image
        found: list[Face] | None = None
        if there and since + 1 < every and not may_be_new:
            if how == "look":
                found = look_for(there, image, detector)
            elif how == "flow" and before is not None:
                last = [face for face in answers[-1] if face.track_id is not None]
                found = flow(last, before, grey)
            elif how == "predict":
                found = list(there)
        since = 0 if found is None else since + 1
        if found is None:
            found = detector.detect(image)
        answers.append(tracker.update(found, time_s, image))
        new = not since and any(face.track_id is None for face in answers[-1])
        may_be_new = new and not may_be_new
        before = grey
    return answers, (time.process_time() - began) / len(frames)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True, help="photos: a folder or zip")
    parser.add_argument("--clips", type=int, default=1, help="of each scene")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, nargs="+", default=[3, 5, 10])
    args = parser.parse_args()
    cv2.setNumThreads(1)
    cutouts: list[Cutout] = cut_out(pictures(args.pictures), 60)
    detector = load_detector("yunet", threads=1)
    rows: dict[tuple[str, int], list[tuple[float, ...]]] = {}
    for scene in args.scenes:
        for seed in range(args.seed, args.seed + args.clips):
            clip = compose(scene, seed)
            moments = times(RATE, False, seed)
            frames = [(t, clip.render(t, cutouts, seed)) for t in moments]
            truth = [
                [replace(one.face, track_id=one.number) for one in clip.truth(t, cutouts)]
                for t in moments
            ]
            for how, every in [("all", 1), *((h, e) for e in args.every for h in HOWS)]:
                found, seconds = follow(frames, detector, how, every)
                stream = compare_frames(zip(truth, found, strict=True))
                row = hota(stream).hota, idf1(stream), identity_switches(stream), seconds
                rows.setdefault((how, every), []).append(row)
    whole = np.mean(rows["all", 1], axis=0)[3]
    print(f"{'':12}{'every':>6}{'HOTA':>8}{'IDF1':>8}{'switches':>10}{'time':>7}")
    for (how, every), values in rows.items():
        h, i, s, seconds = np.mean(values, axis=0)
        print(f"{how:12}{every:6}{h:8.3f}{i:8.3f}{s:10.2f}{seconds / whole:7.2f}")
    print(f"time: 1 is {1000 * whole:.1f} ms a frame; switches: a clip of 12 seconds")


HOWS = ("look", "flow", "predict")

if __name__ == "__main__":
    main()
