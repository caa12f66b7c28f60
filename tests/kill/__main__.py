"""``python -m tests.kill``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib.pyplot  # noqa: F401 - imported once, for all commands
import onnxscript  # noqa: F401
import optuna  # noqa: F401
import sklearn.ensemble  # noqa: F401
import torch
import torchvision  # noqa: F401

from mien.train.trainer import train  # noqa: F401
from tests.kill.checks import differences, result, torn, unfinished
from tests.kill.full import fill
from tests.kill.jobs import Job, Material, jobs, training
from tests.kill.run import Ended, Kill, random_kill, run

KILLS_BEFORE_A_RESTART = 3


class Line:
    """A row of the table."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.kills = self.restarts = 0
        self.faults: list[str] = []


def kill_job(job: Job, kills: int, folder: Path, random: Random) -> Line:
    """Kill one command ``kills`` times, restarting it after a few; the faults found."""
    line = Line(job)
    (folder / "reference").mkdir(parents=True)
    arguments = job.arguments(folder / "reference")
    reference = run(arguments, folder / "reference", prepare=job.prepare)
    expected = result(folder / "reference")
    if reference.status:
        line.faults.append(f"the undisturbed run failed: {reference.log}")
        return line
    while line.kills < kills:
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        ended, killed = None, 0
        for _ in range(random.randint(1, KILLS_BEFORE_A_RESTART)):
            ended = _run(job, out, random_kill(random, reference))
            if ended.status != -9:
                break
            killed += 1
            line.faults += [f"after a kill: {fault}" for fault in torn(out)]
        line.kills += killed
        if ended is None or ended.status == -9:
            ended = _run(job, out, None)
            line.restarts += 1
        if ended.status:
            line.faults.append(f"the run after {killed} kills: {ended.status}, {ended.log}")
            continue
        line.faults += torn(out) + [f"stays: {name}" for name in unfinished(out)]
        line.faults += differences(expected, result(out))
    return line


def _run(job: Job, out: Path, kill: Kill | None) -> Ended:
    arguments = job.arguments(out)
    if job.again and list(out.rglob("last.pt")):
        arguments += job.again
    return run(arguments, out, prepare=job.prepare, kill=kill)


def main() -> None:
    """Print a table and the faults; the exit status is 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of a command's name")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began, random = time.monotonic(), Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        material = Material(folder / "material")
        (folder / "trained").mkdir()
        first = [*training(material, 2), "--out", folder / "trained/run"]
        ended = run(first, folder / "trained")
        assert ended.status == 0, ended.log
        chosen = [job for job in jobs(material, folder / "trained/run") if options.only in job.name]
        weights = sum(job.weight for job in chosen)
        lines = []
        print(
            f"{'command':24} {'kills':>5} {'restarts':>8} {'faults':>6} {'seconds':>7}", flush=True
        )
        for job in chosen:
            started = time.monotonic()
            kills = -int(-options.kills * job.weight // weights)
            line = kill_job(job, kills, folder / "kill" / job.name.replace(" ", "_"), random)
            lines.append(line)
            print(
                f"{job.name:24} {line.kills:5} {line.restarts:8} {len(line.faults):6} "
                f"{time.monotonic() - started:7.0f}",
                flush=True,
            )
        total = sum(line.kills for line in lines), sum(line.restarts for line in lines)
        faults = [f"{line.job.name}: {fault}" for line in lines for fault in line.faults]
        print(f"{'all':24} {total[0]:5} {total[1]:8} {len(faults):6}")
        print(f"\n{'on a disk that fills':24} {'sizes':>5} {'failed':>8} {'faults':>6}", flush=True)
        for job in chosen:
            sizes, failed, found = fill(job, folder / "full" / job.name.replace(" ", "_"), random)
            faults += [f"{job.name} on a full disk: {fault}" for fault in found]
            print(f"{job.name:24} {sizes:5} {failed:8} {len(found):6}", flush=True)
    print(f"\nseed {options.seed}, {time.monotonic() - began:.0f} s, {len(faults)} faults")
    for fault in dict.fromkeys(faults):
        print("FAULT", fault.strip())
    sys.exit(1 if faults else 0)


main()
