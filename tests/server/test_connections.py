"""Clients that are slow, silent, rude or gone, over real sockets, with short times."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.samples import ASTRONAUT
from mien.server import bodies, protocol, running
from mien.server.access.who import ANYBODY
from mien.server.jobs.job import VideoOptions, new_job
from mien.server.settings import Limits
from tests.server.support.served import Served, serving

POST = b"POST /v1/analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
SOON = 20.0


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without patience."""
    limits = Limits(request_s=0.3, body_bytes=1_000_000, memory_bytes=1_500_000)
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in (("HEAD_S", 0.3), ("WRITE_S", 0.3), ("TICK_S", 0.05)):
            patch.setattr(protocol, name, seconds)
        patch.setattr(running, "KEEP_ALIVE_S", 0.3)
        with serving(tmp_path_factory.mktemp("served"), limits=limits) as server:
            yield server


@pytest.fixture
def one(started: Served) -> Iterator[Served]:
    """The server, which is well after each test."""
    yield started
    assert started.faults == []
    with started.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def connect(one: Served) -> Any:
    opened = socket.create_connection(("127.0.0.1", one.server.port), timeout=SOON)
    return closing(opened)


def rest(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    data = b""
    try:
        while more := connection.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    return data


def dribble(connection: socket.socket, data: bytes) -> None:
    """A byte every now and then, until the server closes."""
    try:
        for _ in range(1000):
            connection.sendall(data)
            time.sleep(0.03)
    except OSError:
        return
    raise AssertionError("the server goes on reading")


def test_heads_that_do_not_end(one: Served) -> None:
    with connect(one) as silent, connect(one) as half, connect(one) as slow:
        half.sendall(b"GET / HTTP/1.1\r\nHost:")
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        thread = threading.Thread(target=dribble, args=(slow, b"x"))
        thread.start()
        assert rest(silent) == b""
        assert rest(half).startswith(b"HTTP/1.1 408 ")
        thread.join(SOON)
        assert not thread.is_alive()


def test_a_second_head_that_does_not_end(one: Served) -> None:
    with connect(one) as kept:
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET")
        assert rest(kept).startswith(b"HTTP/1.1 200 ")


def test_bodies_that_do_not_end(one: Served) -> None:
    with connect(one) as fixed, connect(one) as chunked:
        fixed.sendall(POST + b"Content-Length: 1000\r\n\r\n")
        chunked.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        threads = [threading.Thread(target=dribble, args=(fixed, b"x")),
                   threading.Thread(target=dribble, args=(chunked, b"1\r\nx\r\n"))]  # fmt: skip
        for thread in threads:
            thread.start()
        assert rest(fixed).startswith(b"HTTP/1.1 408 ")
        assert rest(chunked).startswith(b"HTTP/1.1 408 ")
        for thread in threads:
            thread.join(SOON)
            assert not thread.is_alive()


def test_a_video_has_to_come_faster(one: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LEAST_RATE", 1)  # so that a picture may take its time
    with connect(one) as stream:
        head = POST.replace(b"analyze", b"videos") + b"Content-Length: 2000\r\n\r\n"
        stream.sendall(head + b"\x1aE\xdf\xa3" + b"0" * 1000)
        assert rest(stream).startswith(b"HTTP/1.1 408 ")
    assert one.context.jobs.store.all() == []


def test_a_stream_whose_request_does_not_end(one: Served) -> None:
    store, job = one.context.jobs.store, new_job(ANYBODY.id, "a.mp4", VideoOptions())
    store.begin(job)
    store.add(job)  # and nobody runs it
    try:
        with connect(one) as stream:
            head = f"GET /v1/videos/{job.id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            stream.sendall(head.encode() + b"Content-Length: 5\r\n\r\n")
            answer = rest(stream)  # ends, and is no fault of the server
        assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1 ") == 1
    finally:
        store.drop(job)


def test_a_refused_body_is_answered_before_it_is_sent(one: Served) -> None:
    for length in (b"Content-Length: 999999999999\r\n\r\n", b"Content-Length: 2000000\r\n\r\nxx"):
        with connect(one) as large:
            large.sendall(POST + length)
            assert large.recv(12) == b"HTTP/1.1 413"
            rest(large)  # ends although the body has not come


def test_too_much_in_memory(one: Served) -> None:
    with connect(one) as first, connect(one) as second:
        for each in (first, second):
            each.sendall(POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 900_000)
        refused = select.select([first, second], [], [], SOON)[0]
        assert len(refused) == 1 and b"receiving too much" in rest(refused[0])
        other = second if refused == [first] else first
        other.sendall(b"x" * 100_000)
        assert b"receiving too much" not in rest(other)


def test_a_client_that_does_not_read(one: Served) -> None:
    with closing(socket.socket()) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(SOON)
        deaf.connect(("127.0.0.1", one.server.port))
        request = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        end = time.monotonic() + SOON
        with pytest.raises(OSError):
            while time.monotonic() < end:
                deaf.sendall(request)
                time.sleep(0.001)


def test_clients_that_leave_cost_nothing_for_long(one: Served) -> None:
    data = ASTRONAUT.read_bytes()
    for _ in range(20):
        with connect(one) as gone:
            gone.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(data) + data)
    with connect(one) as gone:
        gone.sendall(POST + b"Content-Length: 99999\r\n\r\nxx")
    end = time.monotonic() + SOON
    while one.context.engine._admitted and time.monotonic() < end:
        time.sleep(0.02)
    assert one.context.engine._admitted == 0


@pytest.mark.parametrize("request_", [
    b"\x00\x01\x02\x03\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 500_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST /v1/analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\n\r\n",
], ids=range(10))  # fmt: skip
def test_what_is_not_http(one: Served, request_: bytes) -> None:
    with connect(one) as rude:
        rude.sendall(request_)
        head, _, body = rest(rude).partition(b"\r\n\r\n")
        status = int(head.split()[1])
        assert status in (400, 421)
        assert json.loads(body)["status"] == status


def test_paths_that_lead_out(one: Served) -> None:
    for path in (b"/../../etc/passwd", b"/..%2f..%2fetc/passwd", b"/%00", b"//etc/passwd",
                 b"/%2e%2e/%2e%2e/app.py", b"/x" * 5000, b"/\\..\\app.py", b"/%ff%fe",
                 b"/v1/analyze/../session", b"/..;/", b"/js/../../app.py"):  # fmt: skip
        with connect(one) as rude:
            rude.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % path)
            answer = rest(rude)
            assert answer.split()[1] in (b"400", b"404"), (path, answer[:100])
