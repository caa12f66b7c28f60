"""Runs the jobs of a server one after the other, owners in turn, and deletes what has expired."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from mien.errors import OutputError
from mien.files import Closing
from mien.pipeline import Recognizer
from mien.server.jobs.job import Job
from mien.server.jobs.run import run_job
from mien.server.jobs.store import JobStore, not_stored, problem_of
from mien.server.private_folder import PrivateFolder
from mien.server.problems import Problem
from mien.server.settings import Limits

MOST_WAITING = 20
"""Jobs that arrive or wait; who brings a further one is asked to come back."""
MOST_OF_ONE = 5
"""Of them, those of one owner."""
_LATER = {"Retry-After": "60"}
_SWEEP_S = 60.0
_END_S = 10.0


class VideoJobs(Closing):
    """The queue of one server. ``close`` stops the job that runs; the next server goes on with it.

    One job runs at a time: it keeps all cores busy. The next one is the oldest of the owner whose
    last turn is the longest ago, and one that takes long goes on after a turn of the others.
    """

    def __init__(self, folder: PrivateFolder, recognizer: Recognizer, limits: Limits) -> None:
        self.store = JobStore(folder)
        self._recognizer, self._limits = recognizer, limits
        self._waiting = [job for job in self.store.all() if not job.is_over]
        self._arriving: Counter[str] = Counter()  # by owner
        self._turns: dict[str, float] = {}  # owner → when a job of theirs was last begun
        self._changed = threading.Condition()
        self._is_stopping = threading.Event()
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("mien-videos", self._work), ("mien-sweep", self._sweep))
        ]
        for thread in self._threads:
            thread.start()

    @contextmanager
    def arriving(self, job: Job) -> Iterator[Path]:
        """Where the video of a new job goes.

        The job is in the queue when the ``with`` block has ended well, else nothing is left of it.
        Raises ``OutputError``, and ``Problem`` 429 or 503 where too many wait, of the owner or in
        all.
        """
        with self._changed:
            waiting = self._arriving + Counter(job.owner for job in self._waiting)
            if waiting[job.owner] >= MOST_OF_ONE:
                detail = f"{MOST_OF_ONE} of your videos wait: send more when one is analysed"
                raise Problem(429, detail, _LATER)
            if waiting.total() >= MOST_WAITING:
                raise Problem(503, "too many videos wait: try again later", _LATER)
            self._arriving[job.owner] += 1
        try:
            yield self.store.begin(job)
            self.store.add(job)
        except BaseException:
            self.store.give_up(job)
            raise
        finally:
            with self._changed:
                self._arriving[job.owner] -= 1
        with self._changed:
            self._waiting.append(job)
            self._changed.notify()

    def of(self, owners: Collection[str]) -> list[Job]:
        """The jobs of somebody, the oldest first."""
        return [job for job in self.store.all() if job.owner in owners]

    def find(self, owners: Collection[str], number: str) -> Job | None:
        """A job by its id, if it is of one of ``owners``."""
        job = self.store.find(number)
        return job if job is not None and job.owner in owners else None

    def remove(self, job: Job) -> None:
        """Cancel a job, and delete all of it. One that runs ends with its next frame."""
        with self._changed:
            job.is_cancelled = True
            if job in self._waiting:
                self._waiting.remove(job)
            runs = job.state == "running"
        if runs:
            self.store.forget(job)
        else:
            self.store.drop(job)

    def states(self) -> dict[str, int]:
        """How many jobs there are, by state."""
        return dict(Counter(job.state for job in self.store.all()))

    def close(self) -> None:
        """Stop; a job that runs is in the queue of the next server on this folder."""
        self._is_stopping.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_END_S)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                run_job(
                    job, self.store, self._recognizer, self._limits, self._is_stopping.is_set,
                    partial(self._others_wait, job),
                )  # fmt: skip
            except OutputError as error:
                if not self._is_stopping.is_set():  # else the next server goes on with it
                    self._give_up(job, error)
            with self._changed:
                if job.state == "queued" and not job.is_cancelled:
                    self._waiting.insert(0, job)

    def _others_wait(self, job: Job) -> bool:
        """Whether a job of another owner than that of ``job`` waits."""
        with self._changed:
            return any(other.owner != job.owner for other in self._waiting)

    def _give_up(self, job: Job, error: OutputError) -> None:
        """End a job whose state cannot be stored: the disk is full, or gone."""
        if not job.is_over:
            job.state = "failed"
            job.problem = problem_of(503, "Service Unavailable", not_stored(error))
            with suppress(OutputError):
                self.store.end(job)
        if job.is_cancelled:
            self.store.drop(job)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._is_stopping.is_set():
                if self._waiting:
                    job = min(self._waiting, key=lambda job: self._turns.get(job.owner, 0.0))
                    self._waiting.remove(job)
                    if not job.is_over:
                        self._turns[job.owner] = time.monotonic()
                        job.state = "running"
                        return job
                else:
                    self._changed.wait()
        return None

    def _sweep(self) -> None:
        while not self._is_stopping.wait(_SWEEP_S):
            gone = self.store.expire()
            with self._changed:
                self._waiting = [job for job in self._waiting if job not in gone]
