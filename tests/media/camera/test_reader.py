"""Cameras that stall, cut, freeze, send garbage, ask for a password and come back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from mien.errors import ConfigError
from mien.media.camera import reader
from mien.media.camera.events import CameraEvent, Connected, Lost, Resized
from mien.media.camera.reader import Camera, open_camera
from tests.support.camera_server import faulty_camera, level_of
from tests.support.rtsp_server import rtsp_camera

PATIENCE = 60.0  # seconds, of a test on a busy machine
SECRET = "s3cr%40t"


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "FIRST_RETRY_S", 0.02)


def until(camera: Camera, wanted: Callable[[], object]) -> None:
    """Read until something is the case."""
    end = time.monotonic() + PATIENCE
    while not wanted():
        assert time.monotonic() < end, "it did not happen"
        camera.read(0.05)


def child_of(camera: Camera) -> int:
    assert camera._process is not None
    return camera._process._process.pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_frames_are_new_in_order_and_those_dropped_are_counted() -> None:
    with faulty_camera() as server, open_camera(server.url) as camera:
        frames = []
        for frame in islice(camera, 8):
            frames.append(frame)
            behind = (server.sent - 1 - level_of(frame.image)) % 30
            assert behind < 15
            if len(frames) == 4:
                sent = server.sent
                while server.sent < sent + 10:  # this side is slow
                    time.sleep(0.01)
        assert camera.name == server.url
        assert camera.dropped >= 5
        indices = [frame.index for frame in frames]
        assert camera.frames == indices[-1] + 1 == len(frames) + camera.dropped
        assert indices == sorted(set(indices))
        times = [frame.time_s for frame in frames]
        assert times == sorted(set(times))
        # The level tells which frame it is: none was counted twice or left out.
        levels = [(level_of(f.image) - level_of(frames[0].image)) % 30 for f in frames]
        assert levels == [(index - indices[0]) % 30 for index in indices]
        assert frames[0].image.shape == (48, 64, 3)
        assert frames[0].image[2, 2, 0] > 200 > 60 > frames[0].image[2, 2, 2]  # red: RGB


@pytest.mark.parametrize(("mode", "reason"), [
    ("cut", "the stream ended"), ("garbage", "no frame for 0.5 s"),
    ("stall", "no frame for 0.5 s"), ("freeze", "the picture is frozen"),
])  # fmt: skip
def test_a_fault_is_reported_and_the_camera_comes_back(mode: str, reason: str) -> None:
    events: list[CameraEvent] = []
    with (
        faulty_camera() as server,
        open_camera(server.url, on_event=events.append, stall_s=0.5, freeze_s=0.5) as camera,
    ):
        until(camera, lambda: camera.frames > 3)
        server.mode = mode
        until(camera, lambda: len(events) > 1)
        assert not camera.connected
        server.mode = "serve"
        before = camera.frames
        until(camera, lambda: camera.frames > before + 3)
    name = server.url
    assert events[0] == Connected(name, 64, 48, 1)
    assert events[1] == Lost(name, reason, 0.02, True)
    assert events[-1] == Connected(name, 64, 48, 2)
    assert all(isinstance(e, Lost) and not e.was_connected for e in events[2:-1])
    assert str(events[-1]) == f"{name}: connected again, 64×48"


def test_frames_have_their_size_when_it_changes() -> None:
    events: list[CameraEvent] = []
    with faulty_camera() as server, open_camera(server.url, on_event=events.append) as camera:
        until(camera, lambda: camera.frames)
        for width, height in ((1280, 960), (32, 24)):
            server.size = (width, height)
            until(camera, lambda: len(events) > 1)
            frame = camera.read()
            assert frame is not None and frame.image.shape == (height, width, 3)
            assert frame.image[2, 2, 0] > 200 and level_of(frame.image) < 30
            assert events.pop() == Resized(server.url, width, height)
        assert camera.connections == 1


def test_a_camera_that_never_answers_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "OPEN_S", 0.5)
    events: list[CameraEvent] = []
    with (
        faulty_camera(mode="silent") as server,
        open_camera(server.url, on_event=events.append) as camera,
    ):
        until(camera, lambda: len(events) >= 2)
    waits = [0.02, 0.04]
    assert events[:2] == [Lost(server.url, "no frame for 0.5 s", w, False) for w in waits]


def test_passwords_work_and_appear_nowhere() -> None:
    events: list[CameraEvent] = []
    with faulty_camera(password="anna:s3cr@t") as server:
        address = server.url.replace("://", f"://anna:{SECRET}@")
        shown = server.url.replace("://", "://***@")
        with open_camera(address, on_event=events.append) as camera:
            until(camera, lambda: camera.frames)
            assert camera.name == shown
            command = Path(f"/proc/{child_of(camera)}/cmdline")
            if command.exists():  # on Linux
                assert b"s3cr" not in command.read_bytes()
            server.password = "anna:another"
            server.mode = "cut"
            until(camera, lambda: not camera.connected)
            server.mode = "serve"
            until(camera, lambda: any("refuses the user" in str(e) for e in events))
        assert server.refused
    text = " ".join([repr(camera), *map(str, events), *map(repr, events)])
    assert "s3cr" not in text and "anna" not in text
    assert shown in text


def test_a_reading_process_that_is_killed_is_replaced() -> None:
    events: list[CameraEvent] = []
    with faulty_camera() as server, open_camera(server.url, on_event=events.append) as camera:
        until(camera, lambda: camera.frames)
        os.kill(child_of(camera), signal.SIGKILL)
        until(camera, lambda: camera.connections == 2)
    assert "killed by signal 9" in str(events[1])


def test_a_reading_process_that_hangs_is_ended() -> None:
    """As where ``read`` blocks in a driver: the process answers to nothing but SIGKILL."""
    events: list[CameraEvent] = []
    with (
        faulty_camera() as server,
        open_camera(server.url, on_event=events.append, stall_s=0.5) as camera,
    ):
        until(camera, lambda: camera.frames)
        hanging = child_of(camera)
        os.kill(hanging, signal.SIGSTOP)
        until(camera, lambda: camera.connections == 2)
        assert not is_alive(hanging)
    assert "no frame for 0.5 s" in str(events[1])


def test_closing_leaves_nothing_behind() -> None:
    with faulty_camera() as server, open_camera(server.url) as camera:
        until(camera, lambda: camera.frames)
        child = child_of(camera)
        assert camera._process is not None
        path = Path(camera._process._path)
    assert not path.exists() and not is_alive(child)
    assert camera.read(0) is None and list(camera) == []
    camera.close()


def test_the_reading_process_ends_with_its_parent() -> None:
    code = """
import sys, time
from mien.media.camera.reader import open_camera
camera = open_camera(sys.argv[1])
camera.read()
print("ready", flush=True)
time.sleep(60)
"""
    with (
        faulty_camera() as server,
        subprocess.Popen(
            [sys.executable, "-c", code, server.url], stdout=subprocess.PIPE, text=True
        ) as parent,
    ):
        assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
        assert server.serving == 1
        parent.kill()
        end = time.monotonic() + PATIENCE
        while server.serving and time.monotonic() < end:
            time.sleep(0.05)
        assert not server.serving


def test_rtsp_stalls_and_comes_back() -> None:
    events: list[CameraEvent] = []
    with (
        rtsp_camera() as (url, server),
        open_camera(url, on_event=events.append, stall_s=1) as camera,
    ):
        until(camera, lambda: camera.frames > 5)
        os.kill(server, signal.SIGSTOP)
        until(camera, lambda: not camera.connected)
        os.kill(server, signal.SIGCONT)
        before = camera.frames
        until(camera, lambda: camera.frames > before + 5)
    assert events[0] == Connected(url, 160, 120, 1)
    assert events[1] == Lost(url, "no frame for 1 s", 0.02, True)
    assert events[-1] == Connected(url, 160, 120, 2)


def test_rtsp_is_cut_and_comes_back_with_a_password() -> None:
    events: list[CameraEvent] = []
    with rtsp_camera(user="anna", password="s3cr@t") as (url, server):
        port = int(url.rsplit(":", 1)[1].partition("/")[0])
        address = url.replace("://", f"://anna:{SECRET}@")
        with open_camera(address, on_event=events.append, stall_s=1) as camera:
            until(camera, lambda: camera.frames > 5)
            os.kill(server, signal.SIGKILL)
            until(camera, lambda: not camera.connected)
            with rtsp_camera(port, "anna", "another"):
                until(camera, lambda: any("cannot be opened" in str(e) for e in events))
            with rtsp_camera(port, "anna", "s3cr@t"):
                until(camera, lambda: camera.connections == 2)
    assert "s3cr" not in f"{camera.name} {events}"


def test_iteration_ends_after_the_seconds_without_any_frame() -> None:
    with faulty_camera(mode="404") as server, open_camera(server.url, seconds=0.1) as camera:
        assert list(camera) == []
        assert (camera.frames, camera.dropped, camera.connected) == (0, 0, False)


def test_waits_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without processes: those that end at once stand in for them."""
    events: list[CameraEvent] = []

    class Dead:
        class slots:  # noqa: N801
            number = 0

        def __init__(self, *_: object) -> None: ...
        def end(self) -> str:
            return "dead"

        def kill(self) -> None: ...

    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += max(seconds, 0.01)

    monkeypatch.setattr(reader, "ReadingProcess", Dead)
    monkeypatch.setattr(reader, "FIRST_RETRY_S", 0.5)
    monkeypatch.setattr(reader.time, "monotonic", lambda: now)
    monkeypatch.setattr(reader.time, "sleep", sleep)
    open_camera(0, on_event=events.append).read(200)
    waits = [event.retry_s for event in events if isinstance(event, Lost)]
    assert waits[:9] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize("option", [
    {"seconds": 0}, {"seconds": float("nan")}, {"stall_s": -1}, {"freeze_s": 0},
    {"max_pixels": 0},
])  # fmt: skip
def test_options_out_of_range(option: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"\bis\b|got"):
        open_camera(0, **option)  # type: ignore[arg-type]


def test_it_is_over_when_asked_though_nothing_comes() -> None:
    answers = iter([False, True])
    with open_camera("http://127.0.0.1:1/", is_over=lambda: next(answers)) as camera:
        assert list(camera) == []
