"""Analyses the video of one job. What a kill interrupts goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

from mien.errors import ConfigError, MienError, OutputError, VideoReadError, one_line
from mien.files import write_whole
from mien.frame_journal import FrameJournal, journal_beside
from mien.media.video.reader import Frame, open_video
from mien.pipeline import Recognizer
from mien.reports.video.people import people_of
from mien.reports.video.timeline import VideoTimeline
from mien.server.jobs.job import Job
from mien.server.jobs.store import PEOPLE, RESULTS, SPARE, VIDEO, JobStore, not_stored, problem_of
from mien.server.problems import Problem, status_of
from mien.server.settings import Limits

MOST_STARTS = 3
"""How often a job may be begun: a damaged video may end the process."""
TURN_S = 600.0
"""A job whose new frames took so long makes room for others that wait, and goes on after them."""
_SAVED_EVERY_S = 20.0
_NO_ROOM = "the server's disk is nearly full: results end here; send the video again later"


class _Stopped(Exception):  # noqa: N818 - not an error
    """The job was cancelled, others have their turn, or the server ends."""


def run_job(
    job: Job, store: JobStore, recognizer: Recognizer, limits: Limits,
    is_stopping: Callable[[], bool], others_wait: Callable[[], bool] = lambda: False,
) -> None:  # fmt: skip
    """Analyse the video, and store how that ended.

    A job that is stopped because the server ends, or because others wait, stays ``queued``.
    Raises ``OutputError`` where the folder cannot be written.
    """
    if job.starts >= MOST_STARTS:
        _fail(job, 500, f"the server ended {job.starts} times while it analysed this video")
        store.end(job)
        return
    job.state, job.starts, job.touched = "running", job.starts + 1, time.time()
    store.save(job)
    try:
        _analyse(job, store, recognizer, limits, is_stopping, others_wait)
    except _Stopped:
        job.state, job.starts, job.touched = "queued", job.starts - 1, time.time()
        store.save(job)
    except Problem as error:
        _fail(job, error.status, str(error))
    except OutputError as error:
        _fail(job, 503, not_stored(error))
    except MienError as error:
        _fail(job, status_of(error), _pathless(str(error), job, store))
    except Exception as error:  # noqa: BLE001 - libraries raise anything; the next job must run
        # The system's errors name files.
        why = (error.strerror or type(error).__name__) if isinstance(error, OSError) else (
            _pathless(one_line(error), job, store)
        )  # fmt: skip
        _fail(job, 500, f"the video could not be analysed ({why})")
    else:
        job.progress.of = job.progress.frames  # what files say is an estimate
        job.state = "done"
    if job.is_over:
        store.end(job)
    if job.is_cancelled:  # perhaps since a moment ago
        store.drop(job)


def _fail(job: Job, status: int, detail: str) -> None:
    job.state = "failed"
    job.problem = problem_of(status, HTTPStatus(status).phrase, detail)


def _too_many(limits: Limits) -> str:
    return (
        f"the video has more than {limits.video_frames:,} frames, which is all that a video may "
        "have: results end here; send a shorter one, or fewer frames a second (fps, every)"
    )


def _pathless(text: str, job: Job, store: JobStore) -> str:
    """A message with the video's name, where it has the path on the server."""
    path = str(store.path(job, VIDEO))
    return text.replace(repr(path), repr(job.name)).replace(path, job.name)


def _analyse(
    job: Job, store: JobStore, recognizer: Recognizer, limits: Limits,
    is_stopping: Callable[[], bool], others_wait: Callable[[], bool],
) -> None:  # fmt: skip
    path, options = str(store.path(job, VIDEO)), job.options
    job.notes = []

    def note(_: str, error: VideoReadError) -> None:
        job.notes.append(_pathless(str(error), job, store))

    video = open_video(
        path, every=options.every, fps=options.fps, max_pixels=limits.pixels, on_error=note,
        on_note=lambda text: None,
    )  # fmt: skip
    saved = began = time.monotonic()
    known = job.progress.frames  # of an earlier turn: they are read again, but not analysed
    bounds: list[Problem] = []  # that the video has passed

    def frames() -> Iterator[Frame]:
        nonlocal saved, began
        for number, frame in enumerate(video, start=1):
            if job.is_cancelled or is_stopping():
                raise _Stopped
            if number > limits.video_frames:
                bounds.append(Problem(413, _too_many(limits)))
                return
            if number <= known + 1:
                began = time.monotonic()
            elif time.monotonic() - began > TURN_S and others_wait():
                raise _Stopped
            yield frame
            if number > known:
                job.progress.frames, job.progress.time_s = number, frame.time_s
            if time.monotonic() - saved > _SAVED_EVERY_S:
                saved, job.touched = time.monotonic(), time.time()
                store.save(job)
                if store.free() < SPARE // 2:
                    bounds.append(Problem(503, _NO_ROOM))
                    return

    job.progress.of, job.progress.duration_s = video.expected, video.duration_s
    timeline = VideoTimeline(job.name)
    with video, _journal(job, store, recognizer) as journal:
        results = recognizer.watch(
            frames(), job.name, smooth=options.smooth, offline=options.offline,
            detect_every=options.detect_every, classify_every=options.classify_every,
            journal=journal.video(1),
        )  # fmt: skip
        with _Lines(store.path(job, RESULTS)) as lines:
            for result in results:
                if job.is_cancelled or is_stopping():
                    raise _Stopped
                lines.add(json.dumps(result.to_dict()).encode())
                timeline.add(result)
        if bounds:
            raise bounds[0]
        if not timeline.frames:
            reason = job.notes[0] if job.notes else f"{job.name!r} has no frame to analyse"
            raise VideoReadError(reason)
        timeline.end()
        found = people_of(timeline)
        write_whole(store.path(job, PEOPLE), json.dumps(found).encode())
        job.people = len(found["people"]) + found["others"]
        journal.finish()


def _journal(job: Job, store: JobStore, recognizer: Recognizer) -> FrameJournal:
    """The journal of the frames; one of another model or version is given up."""
    output, sources = str(store.path(job, RESULTS)), [str(store.path(job, VIDEO))]
    request = {
        **asdict(job.options), "model": recognizer.classifier.spec.sha256,
        "detector": recognizer.detector.facts.name,
    }  # fmt: skip
    with suppress(ConfigError):
        return journal_beside(output, sources, request, resume=True)
    Path(output).unlink(missing_ok=True)
    return journal_beside(output, sources, request, resume=False)


class _Lines:
    """A file of lines that only grows: those that an earlier run wrote are not written again."""

    def __init__(self, path: Path) -> None:
        self._known = _count_lines(path)
        self._file = path.open("ab", buffering=0)

    def add(self, line: bytes) -> None:
        """Take the next line."""
        if self._known:
            self._known -= 1
        else:
            self._file.write(line + b"\n")

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _count_lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)
