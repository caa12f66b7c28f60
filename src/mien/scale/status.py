"""How far a job is, from the files of its folder; another process may be running it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mien.extras import require_extra
from mien.files import LOCK, try_lock
from mien.scale.job import Job

_RECENT_S = 600.0
"""The rate is that of the last minutes of work."""


@dataclass(frozen=True)
class Status:
    """Numbers of inputs."""

    inputs: int
    done: int
    failed: int
    faces: int
    shards: int
    shards_done: int
    rate: float | None
    """Inputs a second, of late; ``None`` before the first shard is done."""
    running: str | None
    """Which process is at it; ``None`` if none is."""

    @property
    def left(self) -> int:
        """Inputs without an answer."""
        return self.inputs - self.done

    @property
    def seconds_left(self) -> float | None:
        """Until the end at this rate; ``None`` where none is known or nobody runs it."""
        return self.left / self.rate if self.rate and self.running else None


def status_of(folder: Path) -> Status:
    """The status of a job. Raises ``ConfigError`` for a folder of none."""
    require_extra("scale", "mien corpus")
    job = Job(folder)
    facts = [known for shard in job.shards if (known := job.facts(shard)) is not None]
    done, failed, faces = (
        sum(each[name] for each in facts) for name in ("inputs", "failed", "faces")
    )
    return Status(
        len(job.manifest), done, failed, faces, len(job.shards), len(facts), _rate(job),
        _holder(folder / LOCK),
    )  # fmt: skip


def _rate(job: Job) -> float | None:
    """Inputs a second over the last minutes in which any shard was worked on."""
    past = [(float(each["at"]), float(each["seconds"]), int(each["inputs"])) for each in job.past()]
    last = max((at for at, _, _ in past), default=0.0)
    recent = sorted((at - took, at, count) for at, took, count in past if last - at <= _RECENT_S)
    worked, until = 0.0, 0.0
    for start, end, _ in recent:  # times of several workers overlap
        worked += max(0.0, end - max(start, until))
        until = max(until, end)
    return sum(count for _, _, count in recent) / worked if worked > 0 else None


def _holder(path: Path) -> str | None:
    with suppress(OSError), path.open("rb") as file:
        if not try_lock(file, path):
            return file.read(200).decode(errors="replace")
    return None
