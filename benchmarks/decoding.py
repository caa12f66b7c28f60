"""What the one decoder costs: time against OpenCV's, and memory of many large photos at once.

    python benchmarks/decoding.py [--photos 12] [--megapixels 100]

Times are medians of rounds in which the two decoders take turns, so only their ratio matters.
OpenCV's pixels are not those that Mien promises: it drops transparency and knows neither LAB nor
orientation in XMP. For memory, ``--photos`` JPEGs of ``--megapixels`` each are read as a data set,
in a process of its own for each way to read them; 0 leaves that out.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from PIL import Image

from mien.media.decoder import open_picture
from mien.samples import ASTRONAUT

ROUNDS = 15
MEASURE = """
import sys, time
from pathlib import Path
from mien.datasets.opening import open_dataset
from mien.datasets.files.decoding import decoded
from mien.datasets.inspection import inspect
began = time.perf_counter()
data = open_dataset(sys.argv[1], "folder")
if sys.argv[2] == "info":
    inspect(data)
else:
    for sample, image in decoded(data.samples("train")):
        pass
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(f"{time.perf_counter() - began:.0f} s, peak memory {peak:,.0f} MiB")
"""


def encoded(side: int, kind: str, mode: str = "RGB") -> bytes:
    """A square of the portrait."""
    picture = Image.open(ASTRONAUT).crop((140, 30, 300, 190)).resize((side, side)).convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return buffer.getvalue()


CASES = {
    "48 px PNG, grey (FER2013)": (encoded(48, "PNG", "L"), 1),
    "100 px JPEG (RAF-DB)": (encoded(100, "JPEG"), 1),
    "224 px JPEG (AffectNet)": (encoded(224, "JPEG"), 1),
    "1024 px JPEG": (encoded(1024, "JPEG"), 1),
    "3000 px JPEG": (encoded(3000, "JPEG"), 1),
    "3000 px JPEG at 1/8": (encoded(3000, "JPEG"), 8),
    "512 px PNG": (encoded(512, "PNG"), 1),
}
REDUCED = {1: 0, 8: cv2.IMREAD_REDUCED_GRAYSCALE_8}


def by_opencv(data: bytes, reduction: int) -> np.ndarray:
    flags = cv2.IMREAD_ANYCOLOR | REDUCED[reduction]
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if image.ndim == 3 else image


def by_mien(data: bytes, reduction: int) -> np.ndarray:
    with open_picture(io.BytesIO(data), "it") as picture:
        return picture.pixels(reduction)


def seconds(work: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def times() -> None:
    cv2.setNumThreads(1)
    print(f"{'picture':28} {'OpenCV':>9} {'Mien':>9}   Mien / OpenCV")
    for name, (data, reduction) in CASES.items():
        pair = [lambda d=data, r=reduction, by=by: by(d, r) for by in (by_opencv, by_mien)]
        repeats = max(1, int(0.03 / max(seconds(one, 2) for one in pair)))
        rounds = [[seconds(one, repeats) for one in pair] for _ in range(ROUNDS)]
        opencv, mien = (median(column) * 1000 for column in zip(*rounds, strict=True))
        ratio = median(b / a for a, b in rounds)
        print(f"{name:28} {opencv:6.2f} ms {mien:6.2f} ms {ratio:10.1f}")


def memory(photos: int, megapixels: int) -> None:
    side = round((megapixels * 1e6) ** 0.5)
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder, "happy", "0.jpg")
        first.parent.mkdir()
        first.write_bytes(encoded(side, "JPEG"))
        for number in range(1, photos):
            Path(folder, "happy", f"{number}.jpg").hardlink_to(first)
        for way, name in {"info": "inspected", "decoded": "decoded as for training"}.items():
            command = [sys.executable, "-c", MEASURE, folder, way]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            print(f"{photos} photos of {megapixels} megapixels {name}: {done.stdout.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--megapixels", type=int, default=100)
    given = parser.parse_args()
    times()
    if given.photos:
        memory(given.photos, given.megapixels)


if __name__ == "__main__":
    main()
