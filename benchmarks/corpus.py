"""``mien corpus``: speed against one process, cost of its files, size of a manifest, memory.

    python benchmarks/corpus.py speed --pictures facemask853.zip
    python benchmarks/corpus.py manifest --count 1000000
    python benchmarks/corpus.py memory --pictures facemask853.zip --passes 50

``speed`` gives, in rounds that take turns: pictures a second of ``Recognizer.images`` in one
process with one thread and with two, of the local engine with one worker and two, and with
``--ray`` of the engine ray; and their ratios, the median of the rounds. Starting processes is not
counted: the time of a run on few pictures is taken off. ``manifest`` lists empty files, first and
again. ``memory`` gives the driver's and the workers' resident memory over a run.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mien.scale.manifest import write_manifest
from mien.scale.running import run
from mien.scale.sources.finding import find_inputs

FEW = 8
"""Pictures of the run that is taken off."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["speed", "manifest", "memory"])
    parser.add_argument("--pictures", type=Path, help="a zip or folder of pictures")
    parser.add_argument("--first", type=int, default=400, help="pictures in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--passes", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        {"speed": speed, "manifest": manifest, "memory": memory}[arguments.what](
            arguments, Path(folder)
        )


def speed(arguments: argparse.Namespace, folder: Path) -> None:
    pictures = unpack(arguments.pictures, folder / "pictures", arguments.first)
    few = pictures[:FEW]
    ways: dict[str, Callable[[], float]] = {
        "one process, one thread": lambda: by_recognizer(pictures, 1),
        "one process, two threads": lambda: by_recognizer(pictures, 2),
        "local, one worker": lambda: by_corpus(pictures, few, folder, "local", 1),
        "local, two workers": lambda: by_corpus(pictures, few, folder, "local", 2),
    }
    if arguments.ray:
        ways["ray, two workers"] = lambda: by_corpus(pictures, few, folder, "ray", 2)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, way in ways.items():
            rates[name].append(way())
    base = rates["one process, one thread"]
    for name, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(found, base, strict=True))
        print(f"{name:26} {statistics.median(found):8.1f} a second, {ratio:.2f} times the first")
    both = zip(rates["local, two workers"], rates["one process, two threads"], strict=True)
    print(f"two workers against two threads: {statistics.median(a / b for a, b in both):.2f}")


def by_recognizer(pictures: Sequence[str], threads: int) -> float:
    """Pictures a second in a new process, which is what a worker is; loading is not counted."""
    code = (
        "import sys, time; from mien import Recognizer; r = Recognizer(threads=int(sys.argv[1])); "
        "paths = sys.stdin.read().split('\\0'); list(r.images(paths[:8])); "
        "began = time.monotonic(); list(r.images(paths)); print(time.monotonic() - began)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(threads)], input="\0".join(pictures), text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    return len(pictures) / float(done.stdout)


def by_corpus(
    pictures: Sequence[str], few: Sequence[str], folder: Path, engine: Any, workers: int
) -> float:
    seconds = []
    for paths in (few, pictures):
        shutil.rmtree(folder / "job", ignore_errors=True)
        began = time.monotonic()
        run(list(paths), folder / "job", engine, workers=workers, shard_size=len(paths) // 8)
        seconds.append(time.monotonic() - began)
    return (len(pictures) - len(few)) / (seconds[1] - seconds[0])


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
    import psutil

    pictures = unpack(arguments.pictures, folder / "pictures", arguments.first)
    for turn in range(arguments.passes):  # links: the same pictures under many names
        for path in pictures:
            (folder / "pictures" / f"{turn:05}_{Path(path).name}").symlink_to(path)
    ended = threading.Event()
    sizes: list[tuple[int, int]] = []

    def watch() -> None:
        me = psutil.Process()
        while not ended.wait(1):
            workers = [each.memory_info().rss for each in me.children()]
            sizes.append((me.memory_info().rss, max(workers, default=0)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        done = run(folder / "pictures", folder / "job", workers=2)
    finally:
        ended.set()
        thread.join()
    tenth = max(1, len(sizes) // 10)
    for name, part in (("second tenth", sizes[tenth : 2 * tenth]), ("last tenth", sizes[-tenth:])):
        driver, worker = (statistics.median(column) / 2**20 for column in zip(*part, strict=True))
        print(f"{name}: driver {driver:.0f} MiB, largest worker {worker:.0f} MiB")
    print(f"{done.inputs:,} pictures in {done.seconds:.0f} s")


def unpack(source: Path, folder: Path, first: int) -> list[str]:
    """The first pictures of a zip or folder, as files."""
    folder.mkdir()
    if source.is_dir():
        found = sorted(path for path in source.rglob("*") if path.suffix in (".jpg", ".png"))
        return [str(path.resolve()) for path in found[:first]]
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith((".jpg", ".png"))]
        for name in names[:first]:
            (folder / Path(name).name).write_bytes(archive.read(name))
    return sorted(map(str, folder.iterdir()))


if __name__ == "__main__":
    main()
