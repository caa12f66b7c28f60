"""Live streams over a real connection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
pytest.importorskip("websockets", reason="the extra 'server' is not installed")

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from mien.log.opening import create_log
from mien.log.persons import add_person, give_consent, withdraw_consent
from mien.media.images import read_image
from mien.media.video.reader import Frame
from mien.pipeline import Recognizer
from mien.server.settings import Limits
from tests.server.support.served import Served
from tests.support.clips import face
from tests.support.logs import rows


def jpeg(image: Any) -> bytes:
    data: bytes = cv2.imencode(".jpg", image[:, :, ::-1])[1].tobytes()
    return data


FRAMES = [jpeg(face(2 * n)) for n in range(8)]


@contextmanager
def talking(one: Served, role: str | None = None, query: str = "", **options: Any) -> (
    Iterator[ClientConnection]
):  # fmt: skip
    headers = {"Authorization": f"Bearer {one.tokens[role]}"} if role else {}
    address = one.url.replace("http", "ws") + "/v1/live" + query
    with connect(
        address, additional_headers={**headers, **options}, max_size=None, open_timeout=20
    ) as socket:
        yield socket


def heard(socket: ClientConnection, seconds: float = 20) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(socket.recv(seconds))
    return found


def closed(socket: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the server closes the connection."""
    with pytest.raises(ConnectionClosed) as error:
        for _ in range(100):
            socket.recv(20)
    assert error.value.rcvd is not None
    return error.value.rcvd.code, error.value.rcvd.reason


def test_frames_become_results_as_by_the_library(served: Callable[..., Any]) -> None:
    one = served()
    with talking(one, query="?smooth=0") as socket:
        hello = heard(socket)["hello"]
        assert "happiness" in hello["labels"]
        found = []
        for number, frame in enumerate(FRAMES, start=1):
            socket.send(frame)
            answer = heard(socket)
            assert answer["seq"] == number and "dropped" not in answer
            found.append(answer["result"])
        frames = (Frame(read_image(f), n, n / 10, live=True) for n, f in enumerate(FRAMES))
        alone = [r.to_dict() for r in Recognizer(threads=1).watch(frames, smooth=0)]
        assert [r["faces"] for r in found] == [r["faces"] for r in alone]
        assert len({r["faces"][0]["track_id"] for r in found}) == 1
        # what is no frame is answered too, and the stream goes on
        socket.send(b"GIF89a")
        assert heard(socket)["problem"]["status"] == 422
        socket.send(FRAMES[0][:2000])
        assert heard(socket)["problem"]["status"] == 422
        socket.send(FRAMES[0])
        assert heard(socket)["result"]["faces"][0]["track_id"]
        socket.send('{"record": {"person": "anna"}}')
        assert heard(socket)["problem"]["status"] == 403
    assert one.faults == []


def test_the_newest_frame_waits_and_others_are_dropped(served: Callable[..., Any]) -> None:
    one = served()
    with talking(one) as socket:
        heard(socket)
        for _ in range(5):
            for frame in FRAMES:
                socket.send(frame)
        numbers, dropped = [], 0
        while not numbers or numbers[-1] < 40:
            answer = heard(socket)
            numbers.append(answer["seq"])
            dropped = answer.get("dropped", 0)
        assert numbers == sorted(set(numbers)) and numbers[-1] == 40
        assert dropped == 40 - len(numbers) > 0
    with one.client() as client:
        figures = client.get("/metrics").text
    assert "mien_frames_total 40.0" in figures
    assert f"mien_frames_dropped_total {dropped}.0" in figures
    assert "mien_live_connections 0.0" in figures


def test_who_may_not_is_told_why(served: Callable[..., Any]) -> None:
    one = served(tokens=True, limits=Limits(live=4, frame_bytes=50_000, frame_pixels=50_000))
    with talking(one) as socket:
        assert closed(socket)[0] == 1008
    with talking(one, Authorization="Bearer mien_wrong") as socket:
        assert closed(socket)[0] == 1008
    with (
        pytest.raises(Exception, match="403"),
        talking(one, "analyse", Origin="https://elsewhere.example"),
    ):
        pass
    with ExitStack() as stack:
        first = [stack.enter_context(talking(one, "analyse")) for _ in range(2)]
        assert all("hello" in heard(socket) for socket in first)
        with talking(one, "analyse") as socket:
            code, reason = closed(socket)
            assert code == 1013 and "you have 2 live connections" in reason
        others = [stack.enter_context(talking(one, "care")) for _ in range(2)]
        assert all("hello" in heard(socket) for socket in others)
        with talking(one, "watch") as socket:
            code, reason = closed(socket)
            assert code == 1013 and "all 4 live connections are taken" in reason
        first[0].send(jpeg(cv2.resize(face(), (300, 300))))
        assert "pixels" in heard(first[0])["problem"]["detail"]
        first[0].send(b"\xff\xd8\xff" + b"0" * 60_000)
        assert closed(first[0])[0] == 1009
    end = time.monotonic() + 10
    while one.context.live.connections and time.monotonic() < end:
        time.sleep(0.01)
    assert one.context.live.connections == 0
    assert one.faults == []


def test_recording_goes_into_the_log_while_there_is_consent(
    served: Callable[..., Any], tmp_path: Path
) -> None:
    log = create_log(tmp_path / "log.db", window_s=1)
    for name in ("anna", "ben"):
        add_person(log, name)
    give_consent(log, "anna", "anna", "a test")
    one = served(tokens=True, log=tmp_path / "log.db")
    with talking(one, "care") as socket, talking(one, "care") as other:
        heard(socket)
        heard(other)
        for person, status in (("ben", 409), ("carl", 404), (5, 422)):
            socket.send(json.dumps({"record": {"person": person}}))
            answer = heard(socket)
            assert answer["problem"]["status"] == status and answer["recording"] is None
        wanted = json.dumps({"record": {"person": "anna", "place": "kitchen"}})
        socket.send(wanted)
        assert heard(socket) == {"recording": {"person": "anna"}}
        other.send(wanted)
        assert heard(other)["problem"]["status"] == 409
        begun = time.monotonic()
        for number in range(10_000):
            socket.send(FRAMES[number % 8])
            assert heard(socket)["result"]["faces"]
            if time.monotonic() - begun > 2.2:
                break
        found = rows(log, "observations")
        assert found and all(row["seen_s"] for row in found)
        withdraw_consent(log, "anna")
        for number in range(10_000):
            socket.send(FRAMES[number % 8])
            answer = heard(socket)
            if "recording" in answer:
                break
        assert (
            answer["recording"] is None
            and "no consent is in force" in (answer["problem"]["detail"])
        )
        count = len(rows(log, "observations"))
        socket.send(FRAMES[0])
        while "result" not in heard(socket):
            pass
        assert len(rows(log, "observations")) == count
        give_consent(log, "anna", "anna", "a test")
        other.send(wanted)  # nobody else records any more
        assert heard(other) == {"recording": {"person": "anna"}}
        other.send(FRAMES[0])
        assert "result" in heard(other)
    end = time.monotonic() + 10
    while one.context.live.connections and time.monotonic() < end:
        time.sleep(0.01)
    sessions = rows(log, "sessions")
    assert len(sessions) == 2 and all(row["end_ms"] for row in sessions)
    (setup,) = rows(log, "setups")
    assert setup["place"] == "kitchen" and setup["model_sha256"]
    assert [row["actor"] for row in rows(log, "audit") if row["action"] == "record"] == [
        "the care", "the care",
    ]  # fmt: skip
    log.close()
    assert one.faults == []


def test_silence_ends_a_connection(
    served: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.server.live.conversation.IDLE_S", 0.3)
    one = served()
    with talking(one) as socket:
        assert closed(socket) == (1000, "no frame came for 0.3 s")
