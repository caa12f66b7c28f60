"""One thread against all cores, by the size of what a network gets.

    python benchmarks/threads.py

Both take turns in this run; milliseconds are medians, and the ratio is the median of the pairs'.
``SMALL`` of ``mien.detectors.yunet.network`` is chosen from it: below, YuNet takes one thread. The
classifier gains from all cores with a single face.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.runtime import open_session, processor, usable_cores
from mien.weights import DEFAULT, YUNET

PICTURES = (128, 192, 256, 320, 480, 640, 960, 1280, 1920)
"""Sides in pixels of the detector's input, which is three quarters as high."""
FACES = (1, 2, 4, 8, 16, 32, 64)
"""In a call of the classifier, at 44×44 pixels."""


def compare(what: str, model: Path, pixels: NDArray[np.float32], repeats: int) -> None:
    """A line: milliseconds with one thread and with all cores, and their ratio."""
    sessions = [open_session(model, threads=threads) for threads in (1, usable_cores())]
    name = sessions[0].get_inputs()[0].name
    outputs = [output.name for output in sessions[0].get_outputs()]
    pairs = []
    for turn in range(repeats + 2):
        times = []
        for session in sessions:
            began = time.perf_counter()
            session.run(outputs, {name: pixels})
            times.append((time.perf_counter() - began) * 1000)
        if turn > 1:  # the first ones warm up
            pairs.append(times)
    taken = np.array(pairs)
    one, many = np.median(taken, axis=0)
    ratio = np.median(taken[:, 0] / taken[:, 1])
    print(f"{what:28} {pixels.size:>12,} {one:9.2f} {many:9.2f} ms   {ratio:5.2f}", flush=True)


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    print(f"{processor()}, one thread against {usable_cores()}")
    print(f"{'':28} {'numbers in':>12} {'one':>9} {'all':>9}      one / all")
    for side in PICTURES:
        lines = side * 3 // 4 // 32 * 32
        picture = rng.uniform(0, 255, (1, 3, lines, side)).astype(np.float32)
        compare(f"YuNet, {side}×{lines}", YUNET, picture, repeats)
    for faces in FACES:
        crops = rng.normal(size=(faces, 1, 44, 44)).astype(np.float32)
        compare(f"classifier, {faces} faces", DEFAULT, crops, repeats)


if __name__ == "__main__":
    main()
