"""Compare Mien's tracker with ByteTrack and with the nearest box, on composed clips.

    python benchmarks/tracking.py
    python benchmarks/tracking.py --pictures wider_train5.zip --clips 3
    python benchmarks/tracking.py --pictures wider_train5.zip --detector yunet --clips 1

Clips of ``tools/compose_clips.py`` at 3 to 60 frames a second, and at a varying rate. Faces are
found by a made-up detector: boxes and landmarks a few percent off, one face in twenty missed, lower
scores for faces that are partly covered, false alarms. Without ``--pictures`` nothing is drawn, so
``Tracker`` has boxes and landmarks alone. With ``--pictures``, faces are cut out of these photos
and frames are drawn, and ``Tracker`` sees them; with ``--detector`` too, that detector finds the
faces in them, down to half its threshold. ``sure alone`` gets no face below the threshold, as
`mien video` has it.

Printed are HOTA, IDF1 and identity switches; the boxes of all trackers are those that were found,
so they differ in the numbers alone. Scenes and rates are equally heavy in the means. Defaults were
chosen on clips from ``--seed 1000``; those reported start at 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bytetrack import ByteTrack, Nearest
from tools.clip_scenes import SCENES, compose
from tools.compose_clips import HEIGHT, WIDTH, Cutout, Shown, cut_out, pictures, times

from mien.detectors.base import Detector
from mien.detectors.load import load_detector
from mien.evaluation.tracking.frames import compare_frames
from mien.evaluation.tracking.hota import hota
from mien.evaluation.tracking.identity import identity_switches, idf1
from mien.tracking.tracker import Tracker
from mien.types import Box, Face

RATES: tuple[tuple[float, bool], ...] = (
    (3, False),
    (10, False),
    (30, False),
    (60, False),
    (30, True),
)
THRESHOLD = 0.7
MISSED, JITTER, ALARMS = 0.05, 0.03, 0.05
Moment = tuple[float, NDArray[np.uint8] | None, list[Face], list[Face]]
"""Time, frame or ``None``, true faces, found faces."""
FACE = Cutout(np.zeros((68, 60, 3), np.uint8), Face(
    Box(10, 10, 50, 58), 1.0, ((21, 29), (39, 29), (30, 38), (23, 47), (37, 47))
))  # fmt: skip


def noisy(shown: Sequence[Shown], rng: np.random.Generator) -> Iterator[Face]:
    """What a detector might find."""
    for one in shown:
        box, side = one.face.box, one.face.box.height
        score = rng.normal(0.88, 0.05) * min(1.0, 0.35 + 0.75 * one.visible)
        if rng.random() >= MISSED:
            edges = np.array(box.to_list()) + rng.normal(0, JITTER * side, 4)
            points = np.array(one.face.landmarks) + rng.normal(0, JITTER * side, (5, 2))
            yield Face(Box(*edges.tolist()), float(np.clip(score, 0.05, 0.99)),
                       tuple((float(x), float(y)) for x, y in points))  # fmt: skip
    for low, high in ((0.7, 0.8), (0.2, 0.6)):
        if rng.random() < ALARMS:
            x, y, side = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(40, 100)
            points = np.array(FACE.face.landmarks) / 60 * side + (x, y)
            yield Face(Box(x, y, x + side * 0.8, y + side), float(rng.uniform(low, high)),
                       tuple((float(a), float(b)) for a, b in points))  # fmt: skip


def moments(
    scene: str, seed: int, rate: float, variable: bool, cutouts: Sequence[Cutout],
    detector: Detector | None,
) -> list[Moment]:  # fmt: skip
    """The frames of one clip."""
    clip, rng = compose(scene, seed), np.random.default_rng([seed, int(rate), variable])
    found: list[Moment] = []
    for time_s in times(rate, variable, seed):
        shown = clip.truth(time_s, cutouts)
        truth = [replace(one.face, track_id=one.number) for one in shown]
        image: NDArray[np.uint8] | None = None
        if cutouts != [FACE]:
            image = clip.render(time_s, cutouts, seed)
        elif clip.cuts:  # nothing but a colour a scene
            image = np.full((4, 4, 3), 80 * (sum(time_s >= cut for cut in clip.cuts) % 3), np.uint8)
        if detector is None or image is None:
            faces = list(noisy(shown, rng))
        else:
            faces = detector.detect(image, detector.score_threshold / 2)
        found.append((time_s, image, truth, faces))
    return found


def trackers(threshold: float, rate: float) -> dict[str, Callable[[Moment], Sequence[Face]]]:
    """By name: the numbered faces of a moment."""
    mien, alone = Tracker(score_threshold=threshold), Tracker()
    byte, near = ByteTrack(rate), Nearest(threshold)
    return {
        "Tracker": lambda m: mien.update(m[3], m[0], m[1]),
        "Tracker, sure alone": lambda m: alone.update(
            [face for face in m[3] if face.score >= threshold], m[0], m[1]
        ),
        "ByteTrack": lambda m: byte.update(m[3]),
        "nearest": lambda m: near.update(m[3]),
    }


def measure(clip: Sequence[Moment], track: Callable[[Moment], Sequence[Face]]) -> list[float]:
    """HOTA, IDF1 and switches."""
    stream = compare_frames((moment[2], track(moment)) for moment in clip)
    return [hota(stream).hota, idf1(stream), identity_switches(stream)]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=10, help="of each scene and rate")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path, help="photos with faces: a folder or zip")
    parser.add_argument("--detector", help="finds faces in the frames, which --pictures draws")
    args = parser.parse_args()
    if args.detector and not args.pictures:
        parser.error("--detector needs frames to look at: give --pictures")

    cutouts, detector, threshold = [FACE], None, THRESHOLD
    if args.pictures:
        cutouts = cut_out(pictures(args.pictures), 60)
    if args.detector:
        detector = load_detector(args.detector, threads=1)
        threshold = detector.score_threshold
    rows: dict[tuple[str, str], dict[str, list[Any]]] = {}
    for scene in args.scenes:
        for rate, variable in RATES:
            for seed in range(args.seed, args.seed + args.clips):
                clip = moments(scene, seed, rate, variable, cutouts, detector)
                for name, track in trackers(threshold, rate).items():
                    values = measure(clip, track)
                    speed = f"{rate:g}{' uneven' if variable else ''}"
                    for key in (("scene", scene), ("frames/s", speed), ("", "all")):
                        rows.setdefault(key, {}).setdefault(name, []).append(values)
    print(f"{'':22}" + "".join(f"{name:>27}" for name in rows["", "all"]))
    print(f"{'':22}" + "    HOTA    IDF1   switches" * len(rows["", "all"]))
    for key, by_name in sorted(rows.items(), key=lambda item: item[0][0], reverse=True):
        cells = ""
        for values in by_name.values():
            h, i, s = np.mean(values, axis=0)
            cells += f"   {h:.3f}   {i:.3f}   {s:8.2f}"
        print(f"{' '.join(key):22}{cells}")
    print("switches: a clip of 12 seconds")


if __name__ == "__main__":
    main()
