"""A server that is killed while it analyses a video, and started again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

import httpx

from mien.pipeline import Recognizer
from mien.server.jobs.store import RESULTS, STATE, VIDEO
from tests.server.support.served import serve_process
from tests.server.support.videos import results, send, wait
from tests.support.clips import face, write_frames

FRAMES = 120


@pytest.mark.slow
def test_a_job_goes_on_after_kill_9(tmp_path: Path) -> None:
    clip = write_frames(tmp_path / "long.mp4", [face(n // 8) for n in range(FRAMES)], 25)
    jobs = tmp_path / "jobs"
    with (
        serve_process(tmp_path, "--jobs", str(jobs)) as first,
        httpx.Client(base_url=first.url, timeout=30) as client,
    ):
        job = send(client, clip)
        lines = jobs / job["id"] / RESULTS
        end = time.monotonic() + 30
        while time.monotonic() < end and (
            not lines.exists() or lines.read_bytes().count(b"\n") < 30
        ):
            time.sleep(0.02)
        first.kill()
    before = lines.read_bytes()
    assert before.count(b"\n") < FRAMES and (jobs / job["id"] / VIDEO).exists()
    with lines.open("ab") as file:
        file.write(b'{"torn')  # as a kill in the middle of a write leaves it
    half = jobs / "0123456789abcdef01234567"  # a job's id
    half.mkdir()
    (half / VIDEO).write_bytes(b"an upload that a kill cut off")
    with serve_process(tmp_path, "--jobs", str(jobs)) as second:
        assert not half.exists()
        with httpx.Client(base_url=second.url, timeout=30) as client:
            found = results(client, job)  # those of before at once, then the rest as they come
            done = wait(client, job)
            assert done["state"] == "done" and done["progress"]["frames"] == FRAMES
            assert [one["frame_index"] for one in found] == list(range(FRAMES))
            assert lines.read_bytes().startswith(before)
            alone = [one.to_dict() for one in Recognizer(threads=1).video(clip)]
            for mine, theirs in zip(found, alone, strict=True):
                assert [f["track_id"] for f in mine["faces"]] == [
                    f["track_id"] for f in theirs["faces"]
                ]
                for one, other in zip(mine["faces"], theirs["faces"], strict=True):
                    assert one["probs"] == pytest.approx(other["probs"], abs=1e-3)
            assert not (jobs / job["id"] / VIDEO).exists()
            assert {p.name for p in (jobs / job["id"]).iterdir()} == {
                STATE, RESULTS, "people.json",
            }  # fmt: skip
