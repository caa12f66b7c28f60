"""Videos over a real connection: what comes back is what the library finds."""

from __future__ import annotations

import dataclasses
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.pipeline import Recognizer
from mien.server.access.tokens import TokenFile
from mien.server.jobs.store import VIDEO
from mien.server.settings import Limits
from mien.sinks.csv import CsvSink
from mien.sinks.persons import Persons
from tests.server.support.videos import events, results, send, wait
from tests.support.clips import face, write, write_face, write_frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face(tmp_path_factory.mktemp("clip") / "face.mp4", 12, empty=(5,))


def test_a_video_is_analysed_as_by_the_library(served: Callable[..., Any], clip: Path) -> None:
    one = served()
    with one.client() as client:
        job = send(client, clip, name="../a\x07/my face.mp4")
        assert job["name"] == "my face.mp4" and job["state"] in ("queued", "running")
        followed = results(client, job)  # while it runs
        done = wait(client, job)
        expected = [r.to_dict() for r in Recognizer(threads=1).video(clip)]
        assert [{**r, "source": None} for r in followed] == [
            {**r, "source": None} for r in expected
        ]
        assert done["progress"] == {"frames": 12, "of": 12, "time_s": 1.1, "duration_s": 1.2}
        assert results(client, job, 7) == followed[7:] and results(client, job, 99) == []
        table = client.get(f"/v1/videos/{job['id']}/results", params={"format": "csv"})
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        text = io.StringIO()
        with CsvSink(text) as sink:
            for result in Recognizer(threads=1).video(clip):
                sink.write(dataclasses.replace(result, source="my face.mp4"))
        assert table.text == text.getvalue()
        people = client.get(f"/v1/videos/{job['id']}/people").json()
        reference = Persons()
        for result in Recognizer(threads=1).video(clip):
            reference.add(result)
        for mine, theirs in zip(people["people"], reference.all(), strict=True):
            assert mine["seen_s"] == pytest.approx(theirs.seen_s, abs=1e-3)
            assert mine["shares"] == pytest.approx(dict(theirs.shares()), abs=1e-4)
            assert sum(s["end_s"] - s["start_s"] for s in mine["segments"]) == pytest.approx(
                theirs.seen_s, abs=0.01
            )
        assert done["people"] == len(people["people"])
        assert 'mien_videos{state="done"} 1.0' in client.get("/metrics").text
        assert not list(Path(one.server.settings.jobs).rglob(VIDEO))  # nothing uploaded is kept
        assert [j["id"] for j in client.get("/v1/videos").json()["videos"]] == [job["id"]]
        assert client.delete(f"/v1/videos/{job['id']}").status_code == 204
        assert client.get(f"/v1/videos/{job['id']}").status_code == 404
        assert [p.name for p in Path(one.server.settings.jobs).iterdir()] == [".lock"]
    assert one.faults == []


def test_a_form_and_events(served: Callable[..., Any], clip: Path) -> None:
    one = served()
    with one.client() as client:
        files = {"video": ("clip.mp4", clip.read_bytes(), "video/mp4"), "other": ("x", b"y")}
        job = client.post("/v1/videos?every=3&smooth=0", files=files).json()
        assert job["name"] == "clip.mp4" and job["options"]["every"] == 3
        followed = events(client, job)
        assert followed[-1][0] == "done" and followed[-1][1] == wait(client, job)
        assert {name for name, _ in followed[:-1]} <= {"progress"}
        headers = {"X-Name": "J%C3%BCrgen.mp4"}  # as of a picture
        other = client.post("/v1/videos", content=clip.read_bytes(), headers=headers).json()
        assert other["name"] == "Jürgen.mp4"
        frames = [r["frame_index"] for r in results(client, job)]
        assert frames == [0, 3, 6, 9]
    assert one.faults == []


REFUSED: list[tuple[bytes, dict[str, str], int, str]] = [
    (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", {}, 415, "no video that is read"),
    (b"ffconcat version 1.0\nfile /etc/passwd\n", {}, 415, "no video that is read"),
    (b"", {}, 422, "has no video"),
    (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}, 422, "form"),
    (b"nonsense", {"Content-Type": "multipart/form-data"}, 422, "boundary"),
    (b"\x1aE\xdf\xa3" + b"0" * 40_000, {}, 413, "larger than 30,000 bytes"),
]


def test_what_is_no_video_is_refused_and_not_kept(served: Callable[..., Any]) -> None:
    one = served(limits=Limits(video_bytes=30_000))
    with one.client() as client:
        for body, headers, status, says in REFUSED:
            for content in (body, iter([body])):  # with and without Content-Length
                answer = client.post("/v1/videos", content=content, headers=headers)
                assert answer.status_code == status and says in answer.json()["detail"]
                assert answer.headers["content-type"] == "application/problem+json"
        assert client.get("/v1/videos").json() == {"videos": []}
    assert [p.name for p in Path(one.server.settings.jobs).iterdir()] == [".lock"]


def test_a_damaged_video_fails_or_says_what_is_missing(
    served: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x20ftypisom" + b"\0" * 500)
    one = served()
    with one.client() as client:
        job = send(client, broken, name="broken.mp4")
        found = wait(client, job)
        assert found["state"] == "failed" and found["problem"]["status"] == 422
        assert "'broken.mp4'" in found["problem"]["detail"]
        assert str(tmp_path) not in json.dumps(found)
        assert events(client, job)[-1][0] == "failed"
        answer = client.get(f"/v1/videos/{job['id']}/people")
        assert answer.status_code == 409 and "it is failed" in answer.json()["detail"]
        for wrong in ("every=0", "fps=-1", "every=2&fps=2", "offline=1&smooth=0", "smooth=nan"):
            answer = client.post(f"/v1/videos?{wrong}", content=clip.read_bytes())
            assert answer.status_code == 422, wrong
    assert one.faults == []


def test_too_many_wait_and_a_full_disk(
    served: Callable[..., Any], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = served()
    with one.client() as client:
        monkeypatch.setattr("mien.server.jobs.queue.MOST_WAITING", 0)
        answer = client.post("/v1/videos", content=clip.read_bytes())
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
        monkeypatch.setattr("mien.server.jobs.queue.MOST_WAITING", 9)
        monkeypatch.setattr("mien.server.jobs.queue.MOST_OF_ONE", 0)
        answer = client.post("/v1/videos", content=clip.read_bytes())
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
        monkeypatch.setattr("mien.server.jobs.queue.MOST_OF_ONE", 5)
        monkeypatch.setattr("mien.server.routes.videos.SPARE", 1 << 60)
        answer = client.post("/v1/videos", content=clip.read_bytes())
        assert answer.status_code == 503 and "nearly full" in answer.json()["detail"]
        assert client.get("/v1/videos").json() == {"videos": []}
    assert [p.name for p in Path(one.server.settings.jobs).iterdir()] == [".lock"]
    assert one.faults == []


def test_a_running_video_is_cancelled_at_once(served: Callable[..., Any], tmp_path: Path) -> None:
    path = write_frames(tmp_path / "long.mp4", [face(n // 8) for n in range(200)])
    one = served()
    with one.client() as client:
        job = send(client, path)
        waiting = send(client, path)
        with client.stream("GET", f"/v1/videos/{job['id']}/results") as answer:
            lines = answer.iter_lines()
            next(lines)
            assert client.delete(f"/v1/videos/{job['id']}").status_code == 204
            assert sum(1 for _ in lines) < 199  # the stream ends
        assert client.delete(f"/v1/videos/{waiting['id']}").status_code == 204
        assert client.get("/v1/videos").json() == {"videos": []}
        end = time.monotonic() + 20
        folder = Path(one.server.settings.jobs)
        while len(list(folder.iterdir())) > 1 and time.monotonic() < end:
            time.sleep(0.02)
        assert [p.name for p in folder.iterdir()] == [".lock"]
    assert one.faults == []


def test_a_video_is_seen_by_its_owner_alone(served: Callable[..., Any], tmp_path: Path) -> None:
    one = served(tokens=True)
    path = write(tmp_path / "grey.avi", 3)
    with one.client("analyse") as client, one.client("admin") as other, one.client() as nobody:
        job = send(client, path)
        assert wait(client, job)["people"] == 0
        assert other.get("/v1/videos").json() == {"videos": []}
        for what in ("", "/events", "/results", "/people"):
            assert other.get(f"/v1/videos/{job['id']}{what}").status_code == 404
            assert nobody.get(f"/v1/videos/{job['id']}{what}").status_code == 401
        assert other.delete(f"/v1/videos/{job['id']}").status_code == 404
        assert client.get(f"/v1/videos/{job['id']}").json()["state"] == "done"
    tokens = TokenFile(one.server.settings.tokens)
    tokens.revoke("the analyse")
    one.tokens["analyse"] = tokens.create("the analyse", "analyse")[0]
    with one.client("analyse") as namesake:
        assert namesake.get("/v1/videos").json() == {"videos": []}
