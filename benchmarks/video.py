"""Videos from file to results: frames a second, beside the obvious loop over OpenCV's frames.

    python benchmarks/video.py --pictures wider_train5.zip

Clips of faces that are cut out of photos and move a little: one face in 640×480 and in 1920×1080,
twenty in 1280×720. The ways take turns over the same file in this run; frames a second are medians,
ratios those of the pairs. The obvious loop reads with ``cv2.VideoCapture`` and gives each frame to
``Recognizer.image``: no times, nobody followed, nothing steadied. ``Recognizer.video`` follows and
steadies: with every frame searched and each face in it named, with each person named ten times a
second, with every fifth frame searched, with both, and with ten frames a second of the 30.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.compose_clips import Cutout, background, cut_out, paste, pictures

from mien.media.video.writer import VideoWriter
from mien.pipeline import Recognizer
from mien.runtime import processor, usable_cores

CLIPS = (
    (640, 480, 1, 150.0, 16.0), (1920, 1080, 1, 300.0, 8.0), (1280, 720, 20, 110.0, 4.0),
)  # fmt: skip
"""Width, height, faces, the side of a face in pixels, and seconds: some take longer than others."""
RATE = 30.0
WAYS: dict[str, dict[str, Any]] = {
    "video": {},
    "named 10 times": {"classify_every": 0.1},
    "every 5th": {"detect_every": 5},
    "both": {"detect_every": 5, "classify_every": 0.1},
    "both, sparser": {"detect_every": 10, "classify_every": 0.2},
    "10 a second": {"fps": 10},
}
"""Options of ``Recognizer.video``; the first name is that of the defaults."""


def write(
    path: Path, width: int, height: int, faces: int, side: float, frames: int, cut: Sequence[Cutout]
) -> None:
    """One clip, in which faces stand in rows and sway."""
    columns = math.ceil(math.sqrt(faces * width / height))
    rows = math.ceil(faces / columns)
    ground = cv2.resize(background(1), (width, height))
    with VideoWriter(path, RATE) as out:
        for number in range(frames):
            time_s, picture = number / RATE, ground.copy()
            for face in range(faces):
                row, column = divmod(face, columns)
                x = (column + 0.5) * width / columns + 0.2 * side * math.sin(time_s * 2 + face)
                y = (row + 0.5) * height / rows + 0.1 * side * math.sin(time_s * 3 + face)
                paste(picture, cut[face % len(cut)], x, y, side)
            out.write(picture, time_s)


def obvious(recognizer: Recognizer, path: Path) -> int:
    """Faces in all frames, by the loop that anybody would write."""
    video, faces = cv2.VideoCapture(str(path)), 0
    while True:
        there, frame = video.read()
        if not there:
            return faces
        faces += len(recognizer.image(np.ascontiguousarray(frame[:, :, ::-1])))


def compare(what: str, frames: int, ways: Sequence[Callable[[], int]], repeats: int) -> None:
    """A line: frames a second of each way, and how many times as fast as the first it is."""
    faces = [way() for way in ways]
    rounds = []
    for _ in range(repeats):
        times = []
        for way in ways:
            began = time.perf_counter()
            way()
            times.append(time.perf_counter() - began)
        rounds.append(times)
    taken = np.array(rounds)  # (repeats, ways)
    rates = frames / np.median(taken, axis=0)
    ratios = np.median(taken[:, :1] / taken, axis=0)
    cells = "".join(f"{rate:9.1f} {ratio:5.2f}" for rate, ratio in zip(rates, ratios, strict=True))
    print(f"{what:24}{cells}   faces {', '.join(map(str, faces))}", flush=True)


def faces_of(recognizer: Recognizer, path: Path, **options: Any) -> int:
    """Faces in all frames that are analysed; ``options`` are those of ``Recognizer.video``."""
    return sum(len(result) for result in recognizer.video(path, **options))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True, help="photos: a folder or zip")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    cut = cut_out(pictures(args.pictures), 20)
    recognizer = Recognizer()
    print(f"{processor()}, {usable_cores()} cores; frames a second")
    print(f"{'':24}" + "".join(f"{name:>15}" for name in ("loop", *WAYS)))
    with tempfile.TemporaryDirectory() as folder:
        for width, height, faces, side, seconds in CLIPS:
            path, frames = Path(folder) / f"{width}.mp4", round(RATE * seconds)
            write(path, width, height, faces, side, frames, cut)
            ways = [partial(obvious, recognizer, path)]
            ways += [partial(faces_of, recognizer, path, **options) for options in WAYS.values()]
            name = f"{faces} face{'s' * (faces > 1)}, {width}×{height}"
            compare(name, frames, ways, args.repeats)


if __name__ == "__main__":
    main()
