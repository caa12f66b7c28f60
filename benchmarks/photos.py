"""From a photo's bytes to its expressions: detectors, threads, large photos, processes.

    git worktree add ../before 07d96cb
    python benchmarks/photos.py --photos photos --before ../before

``--photos`` is a folder of pictures of people, for the last part. Every line compares two ways
that take turns in this run: milliseconds are medians, and the ratio is the median of the pairs', so
that a slow moment hits both. ``--before`` is a checkout of an earlier commit, whose
``Recognizer()`` runs in a process of its own. With the package ``fer`` installed, its network runs
too, with each of its detectors; it gets the decoded picture.
"""

from __future__ import annotations

import argparse
import atexit
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from mien.media.inputs import expand
from mien.pipeline import Recognizer
from mien.runtime import processor, usable_cores
from mien.samples import ASTRONAUT

LARGE = 4000, 3000
"""Width and height of the large photo: 12 megapixels."""

Run = Callable[[], object]

CHILD = """
import sys
from pathlib import Path
from mien import Recognizer
read, data = Recognizer().image, {}
for line in sys.stdin:
    path = line.strip()
    data[path] = data.get(path) or Path(path).read_bytes()
    read(data[path])
    print(flush=True)
"""
"""Reads the photo whose path each line has, and answers with an empty line."""


def compare(what: str, first: Run, second: Run, repeats: int) -> None:
    """A line: milliseconds of both, and how many times as long the first takes."""
    pairs = []
    for run in (first, second):
        run()
    for _ in range(repeats):
        times = []
        for run in (first, second):
            began = time.perf_counter()
            run()
            times.append((time.perf_counter() - began) * 1000)
        pairs.append(times)
    taken = np.array(pairs)  # (repeats, 2)
    before, after = np.median(taken, axis=0)
    ratio = np.median(taken[:, 0] / taken[:, 1])
    print(f"{what:62} {before:9.1f} {after:9.1f} ms   {ratio:5.2f}", flush=True)


def earlier(checkout: Path, photo: Path) -> Run:
    """``Recognizer()`` of another checkout on ``photo``."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
    )  # fmt: skip
    atexit.register(child.kill)

    def run() -> None:
        assert child.stdin and child.stdout
        print(photo, file=child.stdin, flush=True)
        if not child.stdout.readline():
            raise SystemExit(f"{checkout} cannot read {photo}")

    return run


def one_photo(repeats: int, before: Path | None) -> None:
    """A photo of 512×512 pixels with one face."""
    data = ASTRONAUT.read_bytes()
    cores = usable_cores()
    yunet, mtcnn = Recognizer(threads=1), Recognizer("mtcnn", threads=1)
    chosen, all_cores = Recognizer(), Recognizer(threads=cores)

    def ours() -> object:
        return yunet.image(data)

    compare("512×512: MTCNN → YuNet, one thread", lambda: mtcnn.image(data), ours, repeats)
    compare(f"512×512: {cores} threads → one", lambda: all_cores.image(data), ours, repeats)
    compare("512×512: one thread → the default", ours, lambda: chosen.image(data), repeats)
    if before:
        theirs = earlier(before, ASTRONAUT)
        compare("512×512: --before → the default", theirs, lambda: chosen.image(data), repeats)
    for name, theirs in fer():
        compare(f"512×512: fer, {name} → YuNet, one thread", theirs, ours, repeats)


def fer() -> Iterator[tuple[str, Run]]:
    """``fer``'s network with each of its detectors on the same photo; none if it is missing."""
    try:
        from fer.fer import FER  # since 25.10 no longer a name of the package itself
    except ImportError as error:
        print(f"fer is left out: {error}")
        return
    picture = np.array(Image.open(ASTRONAUT))[:, :, ::-1]
    for name, mtcnn in (("Haar", False), ("MTCNN", True)):
        yield name, partial(FER(mtcnn=mtcnn).detect_emotions, picture)


def large_photo(repeats: int, before: Path | None) -> None:
    """The same photo enlarged and cropped to 12 megapixels."""
    with Image.open(ASTRONAUT) as photo:
        enlarged = photo.resize((LARGE[0], LARGE[0]), Image.Resampling.LANCZOS)
    file = BytesIO()
    enlarged.crop((0, 0, *LARGE)).save(file, "JPEG", quality=90)
    data = file.getvalue()
    yunet, mtcnn = Recognizer(threads=1), Recognizer("mtcnn", threads=1)

    def reduced() -> object:
        return yunet.image(data)

    def whole() -> object:
        return next(yunet.stream([data]))

    compare("12 MP: decoded whole → reduced, one thread", whole, reduced, repeats)
    compare("12 MP: MTCNN → YuNet, one thread", lambda: mtcnn.image(data), reduced, repeats)
    if before:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place, "large.jpg")
            path.write_bytes(data)
            chosen, theirs = Recognizer(), earlier(before, path)
            compare("12 MP: --before → the default", theirs, lambda: chosen.image(data), repeats)


def folder(photos: Path, number: int, repeats: int) -> None:
    """Whole commands on ``number`` photos: processes with one thread against threads."""
    found = list(expand([photos], recursive=True))
    cores = usable_cores()
    with tempfile.TemporaryDirectory() as name:
        for index, path in zip(range(number), itertools.cycle(found)):
            Path(name, f"{index:05}{Path(path).suffix}").symlink_to(Path(path).resolve())

        def run(*options: str) -> Run:
            command = [sys.executable, "-m", "mien", "analyze", name, "-f", "csv", "-q", *options]
            return lambda: subprocess.run(command, check=False, stdout=subprocess.DEVNULL)

        text = f"{number} photos: one process, %s → {cores} processes"
        workers = run("--workers", str(cores))
        compare(text % f"{cores} threads", run("--threads", str(cores)), workers, repeats)
        compare(text % "the default", run(), workers, repeats)


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="a folder of photos")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier commit")
    parser.add_argument("--number", type=int, default=1000, help="photos of the folder's part")
    parser.add_argument("--repeats", type=int, default=50)
    args = parser.parse_args()
    print(f"{processor()}, {usable_cores()} cores; medians of {args.repeats} turns")
    print(f"{'first → second':62} {'first':>9} {'second':>9}      first / second")
    one_photo(args.repeats, args.before)
    large_photo(max(3, args.repeats // 5), args.before)
    if args.photos:
        folder(args.photos, args.number, 3)


if __name__ == "__main__":
    main()
