"""Do the AffectNet readers stream? Entries a second and peak memory on a tree of their layout.

    python benchmarks/readers.py PICTURE... [--entries 100000] [--keep FOLDER]

The tree is made of hard links to a few real pictures, with annotations drawn at random, in a
temporary folder (or in FOLDER, where it is kept and used again). Each reader runs in its own
process and reads every entry twice: once without decoding pictures, once decoding one in a
hundred. Memory is the process's peak beyond what it had before the data set was opened.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

READERS = ("affectnet", "affectnet2021")


class Links:
    """Many hard links to one file; a new copy starts when the file system allows no more links."""

    def __init__(self) -> None:
        self._latest: dict[object, Path] = {}

    def put(self, target: Path, key: object, content: Callable[[], bytes]) -> None:
        """``target`` with the content that goes by ``key``."""
        latest = self._latest.get(key)
        if latest is None or latest.stat().st_nlink >= 10_000:
            target.write_bytes(content())
            self._latest[key] = target
        else:
            os.link(latest, target)


def make_affectnet(place: Path, pictures: list[Path], entries: int) -> None:
    """``training.csv`` and ``Manually_Annotated_Images``, a thousand pictures a folder."""
    generator = np.random.default_rng(0)
    links = Links()
    sizes = [cv2.imread(str(picture)).shape[:2] for picture in pictures]
    images = place / "Manually_Annotated_Images"
    with (place / "training.csv").open("w") as table:
        table.write(
            "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
            "expression,valence,arousal\n"
        )
        for entry in range(entries):
            which = entry % len(pictures)
            name = f"{entry // 1000 + 1}/{entry:060x}{pictures[which].suffix}"
            if entry % 1000 == 0:
                (images / name).parent.mkdir(parents=True)
            links.put(images / name, which, pictures[which].read_bytes)
            height, width = sizes[which]
            x, y = generator.integers(0, width // 2), generator.integers(0, height // 2)
            marks = ";".join(f"{value:.2f}" for value in generator.uniform(0, 200, 136))
            label = generator.integers(0, 11)
            valence, arousal = generator.uniform(-1, 1, 2) if label < 8 else (-2, -2)
            table.write(
                f"{name},{x},{y},{width // 2},{height // 2},{marks},{label},{valence},{arousal}\n"
            )


def make_affectnet2021(place: Path, pictures: list[Path], entries: int) -> None:
    """``train_set``: an image and four annotation files an entry, texts as in the release."""
    generator = np.random.default_rng(0)
    images, annotations = place / "train_set" / "images", place / "train_set" / "annotations"
    images.mkdir(parents=True)
    annotations.mkdir()
    links = Links()
    for entry in range(entries):
        which = entry % len(pictures)
        links.put(images / f"{entry}.jpg", which, pictures[which].read_bytes)
        values = {
            "exp": str(generator.integers(0, 8)),
            "val": f"{generator.uniform(-1, 1):.2f}",
            "aro": f"{generator.uniform(-1, 1):.2f}",
            "lnd": "",
        }
        for kind, text in values.items():
            array = np.array(text) if text else np.zeros(136)
            links.put(annotations / f"{entry}_{kind}.npy", (kind, text), partial(npy, array))


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def peak_mb() -> float:
    """Peak memory of this process alone (Linux); getrusage would start from its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(name: str, place: str) -> None:
    import mien.datasets.crops.affectnet
    import mien.datasets.crops.affectnet2021  # noqa: F401 - so that memory of imports does not count as data
    from mien.datasets.opening import open_dataset

    warm = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[
        1
    ]  # OpenCV allocates its own memory once
    cv2.imdecode(warm, cv2.IMREAD_COLOR)
    before, start = peak_mb(), time.perf_counter()
    dataset = open_dataset(place, name)
    count = sum(1 for _ in dataset.samples("train"))
    seconds, memory = time.perf_counter() - start, peak_mb() - before
    start, decoded = time.perf_counter(), 0
    for index, sample in enumerate(dataset.samples("train")):
        if index % 100 == 0:
            decoded += sample.image.size > 0
    print(
        f"{name:14} {count:8,} entries: {count / seconds:9,.0f} entries a second, "
        f"{memory:6.1f} MB; with {decoded:,} decoded in {time.perf_counter() - start:.1f} s "
        f"{peak_mb() - before:6.1f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--measure", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure, str(given.pictures[0]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        home = given.keep or Path(temporary)
        for name, make in zip(READERS, (make_affectnet, make_affectnet2021), strict=True):
            if not (home / name).exists():
                (home / name).mkdir()
                make(home / name, given.pictures, given.entries)
            command = [sys.executable, __file__, str(home / name), "--measure", name]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
