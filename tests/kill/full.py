"""Commands on a disk that fills: one clear line, and nothing torn."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from random import Random

from tests.kill.checks import torn, unfinished
from tests.kill.jobs import Job
from tests.kill.run import run

SIZES = 4  # of the disk, for each command
PAGE = 4096  # bytes


def fill(job: Job, folder: Path, random: Random) -> tuple[int, int, list[str]]:
    """Disks tried, commands that failed on them, and faults. Without root nothing is tried."""
    faults: list[str] = []
    plain = folder / "plain"
    plain.mkdir(parents=True)
    job.arguments(plain)  # may copy its inputs
    before = _pages(plain)
    run(job.arguments(plain), plain, prepare=job.prepare)
    needed = _pages(plain) - before
    tried = failed = 0
    for _ in range(SIZES):
        size = (before + random.randint(1, max(needed - 1, 1))) * PAGE
        out = folder / "disk"
        out.mkdir()
        if not _mount(out, size):
            out.rmdir()
            return 0, 0, []
        try:
            arguments = job.arguments(out)
            ended = run(arguments, out, prepare=job.prepare)
            tried += 1
            if ended.status:
                failed += 1
                lines = [line for line in ended.log.splitlines() if line.startswith("mien: ")]
                if ended.status != 1 or not lines or "Traceback" in ended.log:
                    faults.append(f"status {ended.status}: {ended.log[-600:]}")
            faults += torn(out)
            faults += [f"stays: {name}" for name in unfinished(out) if ".tmp" in name]
        finally:
            subprocess.run(["umount", str(out)], check=True)
            shutil.rmtree(out)
    return tried, failed, faults


def _pages(folder: Path) -> int:
    return sum(-(-path.stat().st_size // PAGE) for path in folder.rglob("*") if path.is_file())


def _mount(folder: Path, size: int) -> bool:
    """Whether a file system of ``size`` bytes now lies at ``folder``; only root may."""
    if os.geteuid():
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
