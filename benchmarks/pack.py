"""Speed of ``mien data pack`` against a single-threaded Pillow loop, and its memory.

    python benchmarks/pack.py --pictures photos.zip --size 32

The same picture files, unpacked into a temporary folder and read once before, so that both find
them in the system's cache; the same output size, both to RGB. The loop is what a simple script
does: ``Image.open``, ``convert("RGB")``, ``resize``, into an array. Packing also writes its files.
Both take turns, each in its own process; the ratio is of medians. CPU time is the sum over all
threads; a busy machine affects it less. Memory is the peak of a packing process above that of one
that packs 16 pictures, for all files and for four times as many.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", required=True, help="A folder or zip of picture files.")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--exact", action="store_true", help="Decode every JPEG whole.")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)  # of this script's own processes
    given = parser.parse_args()
    if given.part:
        work(*given.part, given.size, given.exact)
        return
    with tempfile.TemporaryDirectory() as scratch:
        once = unpack(Path(given.pictures), Path(scratch) / "once")
        n = len(list(once.iterdir()))
        runs: dict[str, list[dict[str, float]]] = {"pillow": [], "pack": []}
        for _ in range(given.turns):
            for what, found in runs.items():
                found.append(measure(what, once.parent, given))
        cores = len(os.sched_getaffinity(0))
        print(f"{n:,} pictures to {given.size}×{given.size} RGB, {cores} cores")
        (loop, loop_cpu), (ours, our_cpu) = (
            (n / np.median([r["seconds"] for r in run]), np.median([r["cpu"] for r in run]) / n)
            for run in runs.values()
        )
        for what, rate, cpu in (("Pillow, one thread", loop, loop_cpu), ("pack", ours, our_cpu)):
            print(f"{what:18} {rate:8,.0f} pictures a second, {cpu * 1000:.2f} ms of CPU each")
        share = our_cpu / loop_cpu
        print(f"{ours / loop:.1f} times the pictures a second, {share:.2f} of the CPU time each")
        few = measure("pack", some(once, Path(scratch) / "few", 16), given)["peak"]
        for times_over in (1, 4):
            many = repeated(once, Path(scratch) / f"x{times_over}", times_over)
            peak = measure("pack", many, given)["peak"] - few
            print(
                f"memory for {times_over * n:7,} pictures: {peak / 1024:5.1f} MiB above 16 pictures"
            )


def unpack(source: Path, folder: Path) -> Path:
    """The pictures of ``source`` in ``folder/happiness``."""
    place = folder / "happiness"
    place.mkdir(parents=True)
    if source.is_dir():
        for index, path in enumerate(sorted(source.rglob("*"))):
            if path.suffix.lower() in SUFFIXES:
                (place / f"{index:06}{path.suffix.lower()}").write_bytes(path.read_bytes())
    else:
        with zipfile.ZipFile(source) as archive:
            for index, name in enumerate(sorted(archive.namelist())):
                if name.lower().endswith(SUFFIXES):
                    suffix = Path(name).suffix.lower()
                    (place / f"{index:06}{suffix}").write_bytes(archive.read(name))
    return place


def some(pictures: Path, folder: Path, n: int) -> Path:
    """A data set of the first ``n`` pictures, as links."""
    (folder / "happiness").mkdir(parents=True)
    for path in sorted(pictures.iterdir())[:n]:
        (folder / "happiness" / path.name).hardlink_to(path)
    return folder


def repeated(pictures: Path, folder: Path, times: int) -> Path:
    """A data set of all of them so many times, as links."""
    (folder / "happiness").mkdir(parents=True)
    for path in pictures.iterdir():
        for copy in range(times):
            (folder / "happiness" / f"{copy}_{path.name}").hardlink_to(path)
    return folder


def measure(what: str, folder: Path, given: argparse.Namespace) -> dict[str, float]:
    """Run ``work`` in its own process."""
    command = [sys.executable, __file__, "--pictures", "-", "--size", str(given.size)]
    command += ["--part", what, str(folder)] + (["--exact"] if given.exact else [])
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def work(what: str, folder: str, size: int, exact: bool) -> None:
    """One turn: seconds without the imports, and the process's peak memory in KiB."""
    if what == "pillow":
        import PIL.Image  # noqa: F401 - imported before the clock starts, like the others
    else:
        import mien.datasets.packing.pack  # noqa: F401
    before = time.process_time()
    seconds = pillow(Path(folder), size) if what == "pillow" else packed(Path(folder), size, exact)
    cpu = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


def pillow(folder: Path, size: int) -> float:
    """The loop of a simple script."""
    from PIL import Image

    began = time.perf_counter()
    names = sorted(folder.rglob("*.*"))
    out = np.empty((len(names), size, size, 3), np.uint8)
    for row, name in zip(out, names, strict=True):
        with Image.open(name) as image:
            row[...] = np.asarray(image.convert("RGB").resize((size, size)))
    return time.perf_counter() - began


def packed(folder: Path, size: int, exact: bool) -> float:
    """``mien data pack``, from listing the folder to the last file written."""
    from mien.datasets.opening import open_dataset
    from mien.datasets.packing.pack import pack

    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        source = open_dataset(folder, "folder")
        pack(source, folder, Path(out) / "pack", size=size, channels=3, exact=exact)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
