"""The jobs of a server in its private folder: one folder a job, written so that a kill loses none.

::

    ID/video           the video, until the job is over
    ID/job.json        ``Job``, written whole
    ID/results.jsonl   a result a line; it only grows
    ID/people.json     the people, once the job is done
    ID/results.jsonl.journal   what was found in the frames so far (``mien.frame_journal``)
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mien.errors import OutputError
from mien.files import write_whole
from mien.reading import read_file
from mien.server.jobs.job import Job, is_id, job_of
from mien.server.private_folder import PrivateFolder, remove

VIDEO, STATE, RESULTS, PEOPLE = "video", "job.json", "results.jsonl", "people.json"
IDLE_S = 3600.0
"""A video is deleted when its job has not run for so long."""
KEPT_S = 24 * 3600.0
"""For how long results are kept."""
SPARE = 1 << 30
"""Bytes that uploads leave free on the disk; jobs that run leave half of it."""
_TORN = 1 << 16


class JobStore:
    """Every job of one server; threads may share it."""

    def __init__(self, folder: PrivateFolder, now: Callable[[], float] = time.time) -> None:
        """Reads the jobs that an earlier server left, and removes what is left of broken ones.

        What else lies in the folder stays: it may be one that somebody uses for other things.
        """
        self._folder, self._now = folder, now
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        for path in folder.entries():
            if not is_id(path.name):
                continue
            job = _read(path)
            if job is None or job.state == "cancelled":
                remove(path)
                continue
            self._jobs[job.id] = job
            _drop_torn_line(path / RESULTS)
        self.expire()

    def path(self, job: Job, name: str = "") -> Path:
        """A file of a job, or its folder."""
        return self._folder.path / job.id / name

    def free(self) -> int:
        """Bytes that are free on the disk."""
        return shutil.disk_usage(self._folder.path).free

    def begin(self, job: Job) -> Path:
        """Make the folder of a job that is being uploaded; where its video goes.

        A server that starts removes it unless ``add`` was called. Raises ``OutputError``.
        """
        try:
            self.path(job).mkdir(mode=0o700)
        except OSError as error:
            raise OutputError(f"cannot write {str(self._folder.path)!r} ({error.strerror})") from (
                error
            )
        return self.path(job, VIDEO)

    def give_up(self, job: Job) -> None:
        """Remove what ``begin`` made."""
        remove(self.path(job))

    def add(self, job: Job) -> None:
        """Take a job whose video is there. Raises ``OutputError``."""
        self.save(job)
        with self._lock:
            self._jobs[job.id] = job

    def save(self, job: Job) -> None:
        """Write the state of a job. Raises ``OutputError``."""
        write_whole(self.path(job, STATE), job.to_json())

    def all(self) -> list[Job]:
        """The oldest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: job.created)

    def find(self, number: str) -> Job | None:
        """The job of an id."""
        with self._lock:
            return self._jobs.get(number)

    def end(self, job: Job) -> None:
        """Store the end of a job, and delete its video.

        Raises ``OutputError`` where the disk is full; the video is deleted then too.
        """
        job.ended = self._now()
        try:
            self.save(job)
        finally:
            remove(self.path(job, VIDEO))
            remove(self.path(job, f"{RESULTS}.journal"))

    def forget(self, job: Job) -> None:
        """Show a job no more; a server that starts removes it."""
        with self._lock:
            self._jobs.pop(job.id, None)
        job.state = "cancelled"
        with suppress(OutputError):
            self.save(job)

    def drop(self, job: Job) -> None:
        """Forget a job, and delete all of its files."""
        self.forget(job)
        remove(self.path(job))

    def expire(self) -> list[Job]:
        """Delete results that are a day old; jobs that wait for too long, which have failed then.

        The latter come back; their videos are deleted.
        """
        now, idle = self._now(), []
        for job in self.all():
            if job.is_over:
                if now - (job.ended or job.touched) > KEPT_S:
                    self.drop(job)
            elif job.state == "queued" and now - job.touched > IDLE_S:
                job.state, job.problem = "failed", _WAITED
                idle.append(job)
            elif not self.path(job, VIDEO).is_file():
                job.state, job.problem = "failed", _GONE
                idle.append(job)
        for job in idle:
            with suppress(OutputError):
                self.end(job)
        return idle


def problem_of(status: int, title: str, detail: str) -> dict[str, object]:
    """A problem as a job keeps it."""
    return {"title": title, "status": status, "detail": detail}


def not_stored(error: OSError) -> str:
    """What clients are told where the folder cannot be written: why, but not its path."""
    cause = error.__cause__ if isinstance(error, OutputError) else error
    reason = cause.strerror if isinstance(cause, OSError) else None
    why = reason or "its folder cannot be written"
    return f"the server cannot store this video ({why}): send it again later"


_WAITED = problem_of(
    503, "Service Unavailable", "the video waited for more than an hour and was deleted: send it "
    "again"
)  # fmt: skip
_GONE = problem_of(503, "Service Unavailable", "the video is gone: send it again")


def _read(path: Path) -> Job | None:
    try:
        job = job_of(read_file(path / STATE, 1 << 16))
    except (OSError, ValueError):
        return None
    if job.id != path.name:
        return None
    if job.state == "running":
        job.state = "queued"  # by a server that is no more
    return job


def _drop_torn_line(path: Path) -> None:
    """Cut off what a kill left of a last line."""
    with suppress(OSError), path.open("r+b") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _TORN)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            end = start
            if at >= 0:
                end = start + at + 1
                break
        if end < size:
            file.truncate(end)
