"""``mien corpus``: speed against one process, cost of its files, size of a manifest, memory.

    python benchmarks/corpus.py speed --pictures facemask853.zip fer2013.zip --first 4000 --ray
    python benchmarks/corpus.py manifest --count 1000000
    python benchmarks/corpus.py memory --pictures fer2013.zip --count 200000

``speed`` lets ways take turns on the same pictures, in each of ``--rounds``, and gives the median
of the rounds and of their ratios:

- on one core, ``Recognizer.images`` with one thread, and the local engine with one worker: their
  ratio is the overhead of manifest, shards, processes and Parquet;
- on two cores, ``Recognizer.images`` with one thread and with two, the local engine with two
  workers, and with ``--ray`` the engine ray.

Both rates are those of steady work. The recognizer's is counted after its first pictures. That of
an engine is the slope of the line through the moments at which shards were written, without the
first and last of each worker, so neither start nor end count; they are given apart, as the time of
the whole run less that of all pictures at this rate. Processor time is that of all processes, by
the same line. Where other programs take the cores, look at that.

``manifest`` lists empty files, first and again. ``memory`` analyses ``--count`` pictures, made of
the given ones by changing a pixel, and gives resident memory in each tenth of the time.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
from PIL import Image

from mien.scale.manifest import write_manifest
from mien.scale.progress import Progress
from mien.scale.running import run
from mien.scale.sources.finding import find_inputs

SUFFIXES = (".jpg", ".jpeg", ".png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["speed", "manifest", "memory"])
    parser.add_argument("--pictures", type=Path, nargs="+", help="zips or folders of pictures")
    parser.add_argument("--first", type=int, default=2000, help="pictures of all, drawn by chance")
    parser.add_argument("--shards", type=int, default=20, help="in a run of speed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, help="for temporary files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        {"speed": speed, "manifest": manifest, "memory": memory}[arguments.what](
            arguments, Path(folder)
        )


class Speed(NamedTuple):
    """Of steady work."""

    rate: float
    """Pictures a second."""
    processor: float
    """Seconds for a picture, of all processes."""
    apart: float = 0.0
    """Seconds of the run that are not steady work: start and end."""


def speed(arguments: argparse.Namespace, folder: Path) -> None:
    pictures = unpack(arguments.pictures, folder / "pictures", arguments.first)
    cores = sorted(os.sched_getaffinity(0))
    one, two = cores[:1], cores[:2]

    def engine(name: Any, on: list[int]) -> Callable[[], Speed]:
        return lambda: by_corpus(pictures, folder / "job", name, on, arguments.shards)

    ways = {
        "one core, one thread": lambda: by_recognizer(pictures, one, 1),
        "one core, local": engine("local", one),
        "two cores, one thread": lambda: by_recognizer(pictures, two, 1),
        "two cores, two threads": lambda: by_recognizer(pictures, two, 2),
        "two cores, local": engine("local", two),
    }
    ratios = [
        ("overhead", "one core, one thread", "one core, local"),
        ("two workers to one thread", "two cores, local", "two cores, one thread"),
        ("two workers to two threads", "two cores, local", "two cores, two threads"),
    ]
    if arguments.ray:
        ways["two cores, ray"] = engine("ray", two)
        ratios.append(("ray to local", "two cores, ray", "two cores, local"))
    found: dict[str, list[Speed]] = {name: [] for name in ways}
    for turn in range(arguments.rounds):
        load = os.getloadavg()[0]
        for name, way in ways.items():
            found[name].append(way())
            print(f"round {turn + 1}: {name}, {found[name][-1].rate:.1f} a second", flush=True)
        print(f"round {turn + 1} began with a load of {load:.1f}", flush=True)
    print(f"\n{len(pictures):,} pictures")
    for name, each in found.items():
        rate, processor, apart = map(statistics.median, zip(*each, strict=True))
        print(f"{name:24} {rate:8.1f} a second, {1000 * processor:6.2f} ms of processor a picture, "
              f"{apart:5.1f} s for start and end")  # fmt: skip
    for what, above, below in ratios:
        pairs = list(zip(found[above], found[below], strict=True))
        rate = statistics.median(a.rate / b.rate for a, b in pairs)
        processor = statistics.median(b.processor / a.processor for a, b in pairs)
        print(f"{what:28} {rate:.3f} by time, {processor:.3f} by processor time")


def by_recognizer(pictures: Sequence[str], cores: Sequence[int], threads: int) -> Speed:
    """In a new process, which is what a worker is."""
    code = (
        "import os, sys, time; os.sched_setaffinity(0, map(int, sys.argv[2].split(','))); "
        "import cv2; cv2.setNumThreads(int(sys.argv[1])); "
        "from mien import Recognizer; r = Recognizer(threads=int(sys.argv[1])); "
        "paths = sys.stdin.read().split('\\0'); list(r.images(paths[:64])); "
        "began, used = time.monotonic(), time.process_time(); list(r.images(paths)); "
        "print(time.monotonic() - began, time.process_time() - used)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(threads), ",".join(map(str, cores))],
        input="\0".join(pictures), text=True, capture_output=True, check=True,
    )  # fmt: skip
    wall, processor = map(float, done.stdout.split())
    return Speed(len(pictures) / wall, processor / len(pictures))


def by_corpus(
    pictures: Sequence[str], job: Path, engine: Any, cores: Sequence[int], shards: int
) -> Speed:
    """With a worker for each of ``cores``."""
    shutil.rmtree(job, ignore_errors=True)
    before, workers = os.sched_getaffinity(0), len(cores)
    points: list[tuple[float, float, int]] = []
    used_by: dict[int, float] = {}  # by process, as an engine ends some before the last shards

    def note(progress: Progress) -> None:
        for each in descendants():
            times = each.info["cpu_times"]
            used_by[each.pid] = times.user + times.system
        seconds = time.process_time() + sum(used_by.values())
        points.append((time.monotonic(), seconds, progress.done))

    os.sched_setaffinity(0, cores)
    try:
        began = time.monotonic()
        run(
            list(pictures), job, engine, workers=workers, on_progress=note,
            shard_size=-(-len(pictures) // shards),
        )  # fmt: skip
        whole = time.monotonic() - began
    finally:
        os.sched_setaffinity(0, before)
    # The first point is that of no shard.
    wall, used, done = np.array(points[workers : len(points) - workers + 1]).T
    rate, processor = np.polyfit(wall, done, 1)[0], np.polyfit(done, used, 1)[0]
    return Speed(rate, processor, whole - len(pictures) / rate)


def descendants() -> Iterator[psutil.Process]:
    """The processes below this one, each with its ``info``."""
    for each in psutil.Process().children(recursive=True):
        try:
            each.info = each.as_dict(["cpu_times", "memory_info", "cmdline"])
        except psutil.NoSuchProcess:
            continue
        if each.info["cpu_times"] is not None:
            yield each


def manifest(arguments: argparse.Namespace, folder: Path) -> None:
    for number in range(arguments.count):
        inside = folder / "files" / f"{number // 1000:04}"
        if number % 1000 == 0:
            inside.mkdir(parents=True)
        (inside / f"picture_{number:07}.jpg").touch()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for turn in ("first", "again"):
        began, processor = time.monotonic(), time.process_time()
        count = write_manifest(folder / "manifest.arrow", find_inputs([folder / "files"], print))
        print(
            f"{turn}: {count:,} files in {time.monotonic() - began:.1f} s "
            f"({time.process_time() - processor:.1f} s of the processor)"
        )
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = (folder / "manifest.arrow").stat().st_size
    print(f"peak memory {after / 1024:.0f} MiB, {before / 1024:.0f} before; {size / 1e6:.0f} MB")


def memory(arguments: argparse.Namespace, folder: Path) -> None:
    originals = unpack(arguments.pictures, folder / "pictures", arguments.first)
    multiply(originals, folder / "many", arguments.count)
    ended = threading.Event()
    sizes: list[tuple[int, int, int]] = []

    def watch() -> None:
        while not ended.wait(1):
            me = psutil.Process().memory_info().rss
            below = [
                (each.info["cmdline"] or [], each.info["memory_info"]) for each in descendants()
            ]
            workers = [size.rss for line, size in below if "mien.scale.child" in " ".join(line)]
            if workers:
                sizes.append((me, max(workers), me + sum(size.rss for _, size in below)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        engine: Any = "ray" if arguments.ray else "local"
        done = run(folder / "many", folder / "job", engine, workers=2)
    finally:
        ended.set()
        thread.join()
    for tenth, part in enumerate(np.array_split(np.array(sizes), 10), start=1):
        me, worker, together = np.median(part, axis=0) / 2**20
        print(f"tenth {tenth:2}: driver {me:.0f} MiB, largest worker {worker:.0f} MiB, "
              f"all processes {together:.0f} MiB")  # fmt: skip
    print(f"{done.inputs:,} pictures with {done.faces:,} faces in {done.seconds:.0f} s")


def multiply(originals: Sequence[str], folder: Path, count: int) -> None:
    """``count`` grey pictures as PNG: the originals again and again, with one pixel changed."""
    for number in range(count):
        turn, place = divmod(number, len(originals))
        with Image.open(originals[place]) as opened:
            pixels = np.array(opened.convert("L"))
        pixels.flat[turn % pixels.size] ^= turn // pixels.size + 1
        inside = folder / f"{number // 1000:04}"
        if number % 1000 == 0:
            inside.mkdir(parents=True)
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        (inside / f"{number:07}.png").write_bytes(buffer.getvalue())


def unpack(sources: Sequence[Path], folder: Path, first: int) -> list[str]:
    """Some pictures of zips and folders, drawn by chance but always the same, as files."""
    folder.mkdir()
    names: list[tuple[Path, str]] = []
    for source in sources:
        if source.is_dir():
            inside = [str(path) for path in source.rglob("*")]
        else:
            with zipfile.ZipFile(source) as archive:
                inside = archive.namelist()
        names += [(source, name) for name in sorted(inside) if name.lower().endswith(SUFFIXES)]
    chosen = random.Random(0).sample(names, min(first, len(names)))
    archives = {source: zipfile.ZipFile(source) for source in sources if not source.is_dir()}
    for number, (source, name) in enumerate(chosen):
        data = archives[source].read(name) if source in archives else Path(name).read_bytes()
        (folder / f"{number:06}{Path(name).suffix.lower()}").write_bytes(data)
    return sorted(map(str, folder.iterdir()))


if __name__ == "__main__":
    main()
