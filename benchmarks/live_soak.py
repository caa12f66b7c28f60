"""Does `mien camera` live through half an hour of a bad camera? Rows, memory and reconnections.

    python benchmarks/live_soak.py

The camera is on loopback: MJPEG over HTTP that shows a real face at 640×480. From time to time it
ends the connection, stalls, freezes, sends garbage, asks for a password or changes its size; see
``FAULTS``. `mien camera --output rows.jsonl` watches it. While it runs, the file of the rows must
always end with a whole row, and memory is that of both processes, without what they share with
others. Printed at the end: the rows, whether they are right, the memory, and each fault with what
`mien camera` said of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.camera_server import FaultyCamera, faulty_camera

from mien.media.images import read_image
from mien.samples import ASTRONAUT

FAULTS = ("cut", "stall", "cut", "freeze", "cut", "size", "cut", "garbage", "cut", "401")
LASTS_S = {"cut": 2.0, "stall": 8.0, "freeze": 14.0, "garbage": 8.0, "401": 5.0}
LOOK_S = 5.0


def portrait() -> np.ndarray:
    """A person in 640×480."""
    whole = read_image(ASTRONAUT)
    return np.ascontiguousarray(cv2.resize(whole, (640, 640), interpolation=cv2.INTER_CUBIC)[:480])


def memory_of(pid: int) -> float:
    """MiB of a process and of those it started, without pages of files; 0 of one that has ended."""
    try:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    own = sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024
    return own + sum(map(memory_of, children))


def disturb(server: FaultyCamera, fault: str) -> None:
    """One fault, for as long as it lasts."""
    if fault == "size":
        server.scale = 1.5 if server.scale == 1 else 1.0
        return
    server.mode = fault
    if fault == "401":  # open connections go on otherwise
        server.mode = "cut"
        time.sleep(0.2)
        server.mode = fault
    time.sleep(LASTS_S[fault])
    server.mode = "serve"


def check(text: str) -> str:
    """What is wrong with the rows of results; else how many there are."""
    results = [json.loads(line) for line in text.splitlines()]
    indices = [result["frame_index"] for result in results]
    times = [result["time_s"] for result in results]
    assert indices == sorted(set(indices)) and times == sorted(set(times)), "not in order"
    sizes = {(result["width"], result["height"]) for result in results}
    faces = sum(len(result["faces"]) == 1 for result in results)
    return (
        f"{len(results):,} rows, in order, of {indices[-1] + 1:,} frames in "
        f"{times[-1] / 60:.1f} minutes; sizes {sorted(sizes)}; one face in {faces:,}"
    )


def main() -> None:
    """Print what happens, then the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=15, help="frames a second of the camera")
    parser.add_argument("--between", type=float, default=60, help="seconds between two faults")
    args = parser.parse_args()
    memory: list[float] = []
    torn = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        faulty_camera(picture=portrait(), rate=args.rate) as server,
    ):
        rows, said = Path(folder) / "rows.jsonl", Path(folder) / "said.txt"
        command = [sys.executable, "-m", "mien", "camera", server.url, "--output", str(rows)]
        command += ["--for", str(round(args.minutes * 60))]
        faults, made = cycle(FAULTS), []
        with (
            said.open("w") as out,
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=out) as process,
        ):
            began, fault_at = time.monotonic(), args.between
            while process.poll() is None:
                time.sleep(LOOK_S)
                if rows.exists() and (data := rows.read_bytes()):
                    torn += not data.endswith(b"\n")
                at = time.monotonic() - began
                if at >= min(60, args.between) and (now := memory_of(process.pid)):
                    memory.append(now)
                if fault_at <= at < args.minutes * 60 - args.between:
                    made.append(next(faults))
                    disturb(server, made[-1])
                    fault_at = time.monotonic() - began + args.between
                    print(f"{at / 60:5.1f} min  {made[-1]:8} {memory[-1]:6.1f} MiB", flush=True)
        lines = said.read_text().splitlines()
        print(f"exit {process.returncode}; {check(rows.read_text())}")
        print(f"rows that were not whole when looked at: {torn}")
    print(f"memory: {memory[0]:.1f} MiB after a minute, {memory[-1]:.1f} at the end, "
          f"most {max(memory):.1f}")  # fmt: skip
    print(f"faults: {len(made)}, of which {made.count('size')} changes of size")
    for what in ("connected", "frames are now", "next attempt"):
        print(f"lines with {what!r}: {sum(what in line for line in lines)}")
    print(*lines[-1:])
    reasons = {line.partition("live.mjpg: ")[2].partition(";")[0] for line in lines}
    for reason in sorted(reasons - {""}):
        print(f"  {sum(f': {reason}' in line for line in lines):3} × {reason}")


if __name__ == "__main__":
    main()
