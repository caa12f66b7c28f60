"""Jobs on the disk: what is kept, for how long, and what a start finds."""

from __future__ import annotations

import errno
import json
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.errors import ConfigError, OutputError
from mien.files import output_error
from mien.pipeline import Recognizer
from mien.server.jobs.job import Job, VideoOptions, job_of, new_job
from mien.server.jobs.queue import VideoJobs
from mien.server.jobs.run import MOST_STARTS, run_job
from mien.server.jobs.store import IDLE_S, KEPT_S, RESULTS, SPARE, STATE, VIDEO, JobStore
from mien.server.private_folder import PrivateFolder, open_private
from mien.server.settings import Limits
from tests.support.clips import write, write_face

LIMITS = Limits(pixels=10**6)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[PrivateFolder]:
    with open_private(str(tmp_path / "jobs")) as folder:
        yield folder


def added(store: JobStore, **changes: object) -> Job:
    job = new_job("somebody", "a.mp4", VideoOptions(fps=5.0))
    store.begin(job).write_bytes(b"video")
    for name, value in changes.items():
        setattr(job, name, value)
    store.add(job)
    return job


def test_a_job_is_read_as_it_was_written(folder: PrivateFolder) -> None:
    job = added(JobStore(folder), state="running", starts=1)
    again = JobStore(folder).find(job.id)
    assert again is not None and again.state == "queued"  # its server is no more
    again.state = "running"
    assert again == job
    assert stat.S_IMODE((folder.path / job.id).stat().st_mode) == 0o700


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{}", b"\xff", b'{"format": 1}', b"{" * 70_000])
def test_what_is_no_job_is_removed(folder: PrivateFolder, wrong: bytes) -> None:
    job = added(JobStore(folder))
    with pytest.raises(ValueError, match=r"."):
        job_of(wrong)
    (folder.path / job.id / STATE).write_bytes(wrong)
    assert JobStore(folder).all() == [] and folder.entries() == []


def test_a_job_owned_by_a_name_is_dropped(folder: PrivateFolder) -> None:
    job = added(JobStore(folder))
    state = folder.path / job.id / STATE
    state.write_text(json.dumps({**json.loads(state.read_text()), "format": 1}))
    assert JobStore(folder).all() == [] and folder.entries() == []


def test_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    # A home folder often has mode 700 too.
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "scratch-book").mkdir()
    for name in ("thesis.txt", "scratch-book/page.txt", "job.json"):
        (home / name).write_text("years of work")
    with open_private(str(home)) as folder:
        job = added(JobStore(folder), state="cancelled")
        assert JobStore(folder).all() == [] and not (home / job.id).exists()
    assert (home / "thesis.txt").read_text() == "years of work"
    assert (home / "job.json").exists() and (home / "scratch-book" / "page.txt").exists()


def test_a_job_under_another_name_is_no_job(folder: PrivateFolder) -> None:
    job = added(JobStore(folder))
    values = json.loads((folder.path / job.id / STATE).read_text())
    (folder.path / job.id / STATE).write_text(json.dumps({**values, "id": "../elsewhere"}))
    assert JobStore(folder).all() == []


def test_results_go_after_a_day_and_videos_that_wait_after_an_hour(folder: PrivateFolder) -> None:
    now = 1_000_000.0
    store = JobStore(folder, lambda: now)
    waits, done = added(store, created=now, touched=now), added(store, created=now, touched=now)
    done.state = "done"
    store.end(done)
    assert not store.path(done, VIDEO).exists() and store.path(waits, VIDEO).exists()
    assert store.expire() == []
    now += IDLE_S + 1
    assert store.expire() == [waits] and waits.state == "failed"
    assert waits.problem is not None and "more than an hour" in str(waits.problem["detail"])
    assert not store.path(waits, VIDEO).exists()
    now += KEPT_S - IDLE_S
    store.expire()
    assert [job.id for job in store.all()] == [waits.id]  # which failed an hour later
    now += IDLE_S + 1
    store.expire()
    assert store.all() == [] and folder.entries() == []


def test_torn_lines_go_and_whole_ones_stay(folder: PrivateFolder) -> None:
    store = JobStore(folder)
    for content, kept in (
        (b'{"a": 1}\n{"b": 2}\n{"c"', b'{"a": 1}\n{"b": 2}\n'),
        (b'{"a"', b""), (b"", b""), (b"1\n" + b"x" * 200_000, b"1\n"), (b"1\n2\n", b"1\n2\n"),
    ):  # fmt: skip
        job = added(store)
        store.path(job, RESULTS).write_bytes(content)
        JobStore(folder)
        assert store.path(job, RESULTS).read_bytes() == kept


def test_a_full_disk_keeps_no_video(folder: PrivateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(store: JobStore, job: Job) -> None:
        raise OutputError("no space left")

    jobs, job = VideoJobs(folder, Recognizer(threads=1), LIMITS), new_job("a", "b", VideoOptions())
    with jobs:
        with jobs.arriving(job) as path:
            assert path is not None
            path.write_bytes(b"video")
            jobs.store.add(job)
            monkeypatch.setattr(JobStore, "add", lambda store, job: None)
            monkeypatch.setattr(JobStore, "save", full)
        end = time.monotonic() + 20
        while path.exists() and time.monotonic() < end:
            time.sleep(0.005)
        assert job.state == "failed" and not path.exists()
        jobs.remove(job)  # and of what is left, everything goes
        assert folder.entries() == []


def test_a_video_that_brings_servers_down_is_given_up(
    folder: PrivateFolder, tmp_path: Path
) -> None:
    store, recognizer = JobStore(folder), Recognizer(threads=1)
    job = added(store, starts=MOST_STARTS)
    run_job(job, store, recognizer, LIMITS, lambda: False)
    assert job.state == "failed" and job.problem is not None
    assert "ended 3 times" in str(job.problem["detail"])
    # A server that ends in order does not count.
    job = added(store, starts=1)
    store.path(job, VIDEO).write_bytes(write(tmp_path / "grey.avi", 3).read_bytes())
    run_job(job, store, recognizer, LIMITS, lambda: True)
    assert (job.state, job.starts) == ("queued", 1)
    run_job(job, store, recognizer, Limits(pixels=10), lambda: False)
    assert job.state == "failed" and job.problem is not None and "a.mp4" in str(job.problem)


def test_a_long_job_goes_on_after_others(
    folder: PrivateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.server.jobs.run.TURN_S", 0.0)
    clip, store = write_face(tmp_path / "face.mp4", 5), JobStore(folder)
    recognizer, job = Recognizer(threads=1), added(store, options=VideoOptions())
    store.path(job, VIDEO).write_bytes(clip.read_bytes())
    reached = [0]
    while not job.is_over:
        run_job(job, store, recognizer, LIMITS, lambda: False, lambda: True)
        assert job.is_over or (job.state == "queued" and job.progress.frames > reached[-1])
        reached.append(job.progress.frames)
    assert job.state == "done" and reached[-1] == 5 and len(reached) > 3
    found = store.path(job, RESULTS).read_bytes().splitlines()
    alone = [one.to_dict() | {"source": "a.mp4"} for one in recognizer.video(clip)]
    assert [json.loads(line) for line in found] == alone


@pytest.mark.parametrize("offline", [False, True])
def test_a_video_past_a_bound_fails_and_keeps_its_results(
    folder: PrivateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: bool
) -> None:
    store, clip, recognizer = JobStore(folder), write(tmp_path / "a.avi", 9), Recognizer(threads=1)
    options = VideoOptions(smooth=0.4, offline=offline)

    def run(limits: Limits) -> Job:
        job = added(store, options=options)
        store.path(job, VIDEO).write_bytes(clip.read_bytes())
        run_job(job, store, recognizer, limits, lambda: False)
        assert {one.name for one in store.path(job).iterdir()} >= {STATE, RESULTS}
        assert not store.path(job, VIDEO).exists()
        return job

    def lines(job: Job) -> int:
        return store.path(job, RESULTS).read_bytes().count(b"\n")

    job = run(replace(LIMITS, video_frames=9))
    assert job.state == "done" and lines(job) == 9
    job = run(replace(LIMITS, video_frames=4))
    assert job.state == "failed" and "more than 4 frames" in str(job.problem) and lines(job) == 4
    monkeypatch.setattr("mien.server.jobs.run._SAVED_EVERY_S", 0.0)
    monkeypatch.setattr(JobStore, "free", lambda store: SPARE // 2 - 1)
    job = run(LIMITS)
    assert job.state == "failed" and "nearly full" in str(job.problem) and lines(job) == 1


@pytest.mark.parametrize("fails", [
    "mien.server.jobs.run.people_of", "mien.server.jobs.run.open_video",
    "mien.server.jobs.run.write_whole", "mien.server.jobs.run.journal_beside",
])  # fmt: skip
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_no_failure_tells_the_servers_paths(
    folder: PrivateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str,
    is_wrapped: bool,
) -> None:  # fmt: skip
    store, clip = JobStore(folder), write(tmp_path / "grey.avi", 2)
    job = added(store)
    store.path(job, VIDEO).write_bytes(clip.read_bytes())
    secret = str(store.path(job, "people.json"))

    def refuse(*_: object, **__: object) -> None:
        error = OSError(errno.EIO, "Input/output error", secret)
        if is_wrapped:
            raise output_error(repr(secret), error) from error
        raise error

    monkeypatch.setattr(fails, refuse)
    run_job(job, store, Recognizer(threads=1), LIMITS, lambda: False)
    detail = str(job.problem and job.problem["detail"])
    assert job.state == "failed" and "Input/output error" in detail
    assert str(tmp_path) not in json.dumps(job.public())


def test_the_next_server_goes_on_where_one_ended(folder: PrivateFolder, tmp_path: Path) -> None:
    """Without a process that is killed: tests/server/jobs/test_kill.py has that."""
    clip, recognizer = write_face(tmp_path / "face.mp4", 12), Recognizer(threads=1)
    store = JobStore(folder)
    job = new_job("somebody", "a.mp4", VideoOptions())
    store.begin(job).write_bytes(clip.read_bytes())
    store.add(job)
    lines, looked = store.path(job, RESULTS), 0

    def ends() -> bool:
        nonlocal looked
        looked += 1
        return looked > 20  # it is asked for each frame and each result

    run_job(job, store, recognizer, LIMITS, ends)
    first = lines.read_bytes() if lines.exists() else b""
    assert job.state == "queued" and store.path(job, VIDEO).exists()
    lines.write_bytes(first + b'{"torn')
    store = JobStore(folder)
    again = store.find(job.id)
    assert again is not None and again.starts == 0
    run_job(again, store, recognizer, LIMITS, lambda: False)
    found = lines.read_bytes()
    alone = [one.to_dict() | {"source": "a.mp4"} for one in recognizer.video(clip)]
    assert again.state == "done" and found.startswith(first)
    assert [json.loads(line) for line in found.splitlines()] == alone


def test_one_server_a_folder_and_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_private(str(tmp_path / "a")), pytest.raises(ConfigError, match="is serving with"):
        open_private(str(tmp_path / "a"))
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(ConfigError, match="others may read"):
        open_private(str(tmp_path / "open"))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(ConfigError, match="not a folder of yours"):
        open_private(str(tmp_path / "link"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with open_private(None) as one, open_private(None) as two:
        assert one.path != two.path and one.path.parent == tmp_path / "state" / "mien"
        assert stat.S_IMODE(one.path.stat().st_mode) == 0o700
        with one.scratch() as place:
            (place / "export").write_text("private")
            left = place
        assert not left.exists()
        (one.path / ".mien-scratch-left").mkdir()
    with open_private(None) as again:
        assert again.path == one.path and again.entries() == []
