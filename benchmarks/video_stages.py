"""Where the time of `mien video` goes: milliseconds of processor time a frame, by stage.

    python benchmarks/video_stages.py --pictures wider_train5.zip

The clips are those of `benchmarks/video.py`, with every frame searched, with every fifth, and with
that and each person named ten times a second. The time is that of `Recognizer.video` and the rows
of its results. Each stage takes one thread here, and what other programs do meanwhile is not
counted. Outside of this measurement decoding, searching and classifying run at the same time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ["OPENCV_FFMPEG_THREADS"] = "1"

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.video import CLIPS, write
from tools.compose_clips import cut_out, pictures

from mien import video_results
from mien.face_reading import FaceReader
from mien.media.video.capture import Capture
from mien.pipeline import Recognizer
from mien.runtime import Session, processor
from mien.tracking.smoothing import Smoother
from mien.tracking.tracker import Tracker
from mien.types import Result

NETWORK = " (network)"
FRAMES = 120
"""Of each clip."""
STAGES: tuple[tuple[str, Any, str], ...] = (
    ("decode", Capture, "grab"),
    ("picture in RGB", Capture, "image"),
    ("search", Recognizer, "_find_frame"),
    ("looks", video_results, "look_for"),
    ("follow", Tracker, "update"),
    ("follow", Tracker, "predict"),
    ("classify", FaceReader, "_classify"),
    ("judge", video_results, "quality"),
    ("smooth", Smoother, "update"),
    ("result and row", FaceReader, "_result"),
    ("result and row", Result, "rows"),
    (NETWORK, Session, "run"),
)
"""The name of a stage, and the function that is it."""
_WAYS: tuple[dict[str, Any], ...] = (
    {}, {"detect_every": 5}, {"detect_every": 5, "classify_every": 0.1},
)  # fmt: skip


class Stages:
    """Processor time by stage, without that of the stages inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._here = threading.local()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what this thread does in a ``with`` block."""
        outer = getattr(self._here, "name", "")
        name = outer + name if name == NETWORK else name
        self._here.name = name
        began = time.thread_time()
        try:
            yield
        finally:
            seconds = time.thread_time() - began
            self._here.name = outer
            self.seconds[name] += seconds
            if outer:
                self.seconds[outer] -= seconds

    def counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, counted as a stage."""

        def call(*args: Any, **options: Any) -> Any:
            with self.stage(name):
                return function(*args, **options)

        return call


def profile(recognizer: Recognizer, path: Path, options: dict[str, Any]) -> dict[str, float]:
    """Milliseconds a frame of each stage; ``options``: of ``Recognizer.video``."""
    stages, frames = Stages(), 0
    with ExitStack() as stack:
        for name, place, function in STAGES:
            counted = stages.counted(name, getattr(place, function))
            stack.enter_context(patch.object(place, function, counted))
        with stages.stage("rest"):
            for result in recognizer.video(path, **options):
                list(result.rows(keep_empty=True))
                frames += 1
    return {name: 1000 * seconds / frames for name, seconds in stages.seconds.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True, help="photos: a folder or zip")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    cut, recognizer = cut_out(pictures(args.pictures), 20), Recognizer(threads=1)
    columns: list[dict[str, float]] = []
    heads = []
    with tempfile.TemporaryDirectory() as folder:
        for width, height, faces, side, _ in CLIPS:
            path = Path(folder) / f"{width}.mp4"
            write(path, width, height, faces, side, FRAMES, cut)
            for options in _WAYS:
                rounds = [profile(recognizer, path, options) for _ in range(args.repeats)]
                columns.append(min(rounds, key=lambda taken: sum(taken.values())))
                rates = f"1/{options.get('detect_every', 1)}, {options.get('classify_every', 0)}"
                heads.append(f"{faces}, {width}: {rates}")
    print(f"{processor()}; {FRAMES} frames; ms of one core; the best of {args.repeats}")
    print(f"{'':20}" + "".join(f"{head:>18}" for head in heads))
    names = dict.fromkeys(name for taken in columns for name in taken)
    for name in (*names, "sum"):
        cells = (sum(taken.values()) if name == "sum" else taken.get(name, 0) for taken in columns)
        print(f"{name:20}" + "".join(f"{cell:18.2f}" for cell in cells))


if __name__ == "__main__":
    main()
