"""Runs ``mien corpus run`` twice, once killed again and again, and compares the files to the byte.

Workers and the driver are killed with SIGKILL at random moments, spread over the run; after the
driver's death the same command is given again.

    python tools/corpus_kills.py photos --out kills --workers-killed 50 --drivers-killed 10

What comes after ``--`` goes to both runs, such as ``-- --shard-size 100``; ``--engine`` is that of
the killed one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil


def main() -> int:
    """Exit status: 0 the files are the same, 1 they are not, or a run failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--workers-killed", type=int, default=50)
    parser.add_argument("--drivers-killed", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--nice", type=int, default=0)
    arguments, more = parser.parse_known_args()
    more = [word for word in more if word != "--"]
    os.nice(arguments.nice)
    whole, killed = arguments.out / "whole", arguments.out / "killed"
    arguments.out.mkdir(parents=True, exist_ok=True)

    began = time.monotonic()
    if start(arguments.sources, whole, more, arguments.out).wait() not in (0, 1):
        return fail("the run without kills failed: see log.txt")
    print(f"without kills: {time.monotonic() - began:.0f} s, {len(files(whole))} files", flush=True)

    began = time.monotonic()
    more += ["--engine", arguments.engine]
    workers, drivers = kill_often(arguments, killed, more, shards_in(whole))
    print(f"with {workers} kills of workers and {drivers} of the driver: "
          f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip

    others = [name for name in sorted(files(whole) | files(killed)) if differs(whole, killed, name)]
    print(f"{len(files(whole)) - len(others)} files are the same, {len(others)} differ", flush=True)
    return fail("differing: " + ", ".join(others[:5])) if others else 0


def kill_often(
    arguments: argparse.Namespace, out: Path, more: list[str], shards: int
) -> tuple[int, int]:
    """Run to the end with all kills; how many workers and drivers were killed."""
    draw = random.Random(arguments.seed)
    plan = ["worker"] * arguments.workers_killed + ["driver"] * arguments.drivers_killed
    draw.shuffle(plan)
    moments = sorted(draw.random() * shards * 0.97 for _ in plan)
    counts = {"worker": 0, "driver": 0}
    process = start(arguments.sources, out, more, arguments.out)
    while True:
        code = process.poll()
        if code in (0, 1):
            break
        if code is not None:
            raise SystemExit(fail(f"the run ended with {code}: see log.txt"))
        if plan and shards_in(out) >= moments[0]:
            time.sleep(draw.random())
            victim = process.pid if plan[0] == "driver" else a_worker(process.pid, draw)
            if victim is not None and process.poll() is None:
                os.kill(victim, signal.SIGKILL)
                counts[plan.pop(0)] += 1
                moments.pop(0)
                if victim == process.pid:
                    process.wait()
                    process = start(arguments.sources, out, more, arguments.out)
        time.sleep(0.05)
    if plan:
        print(f"{len(plan)} kills were left over: the run was too short", flush=True)
    return counts["worker"], counts["driver"]


def start(sources: list[str], out: Path, more: list[str], place: Path) -> subprocess.Popen[bytes]:
    """The command, begun or begun again; what it prints is added to ``log.txt``."""
    command = [sys.executable, "-m", "mien", "corpus", "run", *sources, "--out", str(out), *more]
    with (place / "log.txt").open("ab") as log:
        return subprocess.Popen(command, stderr=log)


def a_worker(driver: int, draw: random.Random) -> int | None:
    """A process that analyses, for this driver."""
    try:
        children = psutil.Process(driver).children(recursive=True)
        found = [c.pid for c in children if "mien.scale.child" in " ".join(c.cmdline())]
    except psutil.Error:
        return None
    return draw.choice(sorted(found)) if found else None


def files(folder: Path) -> set[str]:
    """Those that may not differ: not the timings."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("timings.jsonl", ".lock")
    }


def shards_in(folder: Path) -> int:
    """The number of shards that are done."""
    return len(list((folder / "shards").glob("*.inputs.parquet")))


def differs(a: Path, b: Path, name: str) -> bool:
    """Whether a file is missing in one of the folders or not the same."""
    try:
        return (a / name).read_bytes() != (b / name).read_bytes()
    except OSError:
        return True


def fail(text: str) -> int:
    """Print why; the exit status."""
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
