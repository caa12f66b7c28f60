"""Who waits for how long: owners take turns, and none takes all places."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.pipeline import Recognizer
from mien.server.jobs.job import Job, VideoOptions, new_job
from mien.server.jobs.queue import MOST_OF_ONE, MOST_WAITING, VideoJobs
from mien.server.private_folder import open_private
from mien.server.problems import Problem
from mien.server.settings import Limits


class Turns:
    """Stands for ``run_job``: a job runs until ``go`` lets it end."""

    def __init__(self) -> None:
        self.owners: list[str] = []
        self.long: list[str] = []
        """Owners whose next job makes room for others."""
        self.began, self.go = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, job: Job, *given: Any) -> None:
        self.owners.append(job.owner)
        self.others_wait = given[-1]
        self.began.release()
        assert self.go.acquire(timeout=20)
        if job.owner in self.long:
            self.long.remove(job.owner)
            job.state = "queued"
        else:
            job.state = "done"

    def after(self, count: int) -> list[str]:
        """Let jobs end until ``count`` more have begun; the owners so far."""
        for _ in range(count):
            self.go.release()
            assert self.began.acquire(timeout=20)
        return self.owners


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    turns = Turns()
    monkeypatch.setattr("mien.server.jobs.queue.run_job", turns)
    return turns


@pytest.fixture
def jobs(tmp_path: Path, turns: Turns) -> Iterator[VideoJobs]:
    with (
        open_private(str(tmp_path / "jobs")) as folder,
        VideoJobs(folder, Recognizer(threads=1), Limits()) as jobs,
    ):
        yield jobs
        turns.go.release(100)


def send(jobs: VideoJobs, owner: str) -> None:
    with jobs.arriving(new_job(owner, "a", VideoOptions())) as path:
        path.write_bytes(b"video")


def test_owners_take_turns(jobs: VideoJobs, turns: Turns) -> None:
    send(jobs, "a")
    assert turns.began.acquire(timeout=20)
    for owner in "aaabbc":
        send(jobs, owner)
    assert turns.after(6) == ["a", "b", "c", "a", "b", "a", "a"]


def test_a_long_job_makes_room(jobs: VideoJobs, turns: Turns) -> None:
    turns.long.append("a")
    send(jobs, "a")
    assert turns.began.acquire(timeout=20)
    send(jobs, "a")
    assert not turns.others_wait()
    send(jobs, "b")
    assert turns.others_wait()
    assert turns.after(3) == ["a", "b", "a", "a"]
    first, second = jobs.of({"a"})
    assert (first.state, second.state) == ("done", "running")


def test_nobody_takes_all_places(jobs: VideoJobs, turns: Turns) -> None:
    send(jobs, "first")  # which runs, and waits no more
    assert turns.began.acquire(timeout=20)
    for _ in range(MOST_OF_ONE - 1):
        send(jobs, "a")
    with jobs.arriving(new_job("a", "x", VideoOptions())) as path:
        path.write_bytes(b"video")
        with pytest.raises(Problem, match=f"{MOST_OF_ONE} of your videos wait") as refused:
            send(jobs, "a")
        assert refused.value.status == 429 and "Retry-After" in refused.value.headers
        for number in range(MOST_WAITING - MOST_OF_ONE):
            send(jobs, f"other {number}")
        with pytest.raises(Problem, match="too many videos wait") as refused:
            send(jobs, "last")
        assert refused.value.status == 503
    with pytest.raises(Problem, match="of your videos wait"):
        send(jobs, "a")
    jobs.remove(jobs.of({"a"})[0])
    send(jobs, "a")


def test_an_upload_that_breaks_off_gives_its_place_back(jobs: VideoJobs) -> None:
    for _ in range(MOST_OF_ONE + 1):
        with (
            pytest.raises(ValueError, match="gone"),
            jobs.arriving(new_job("a", "x", VideoOptions())),
        ):
            raise ValueError("gone")
    assert jobs.of({"a"}) == []
