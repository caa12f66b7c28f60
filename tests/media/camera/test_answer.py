"""What a camera answers over HTTP, and the line that says what to do where that is no stream."""

from __future__ import annotations

import re
import socket
from threading import Thread

import pytest

from mien.media.camera.answer import open_stream
from mien.media.camera.arrivals import StreamError
from tests.support.camera_server import faulty_camera


def reason(address: str) -> str:
    with pytest.raises(StreamError) as caught:
        open_stream(address)
    text = str(caught.value)
    assert ": " in text and "\n" not in text and len(text) < 120
    assert "SECRET" not in text and "anna" not in text and "127.0.0.1" not in text
    assert caught.value.__cause__ is None
    return text


@pytest.mark.parametrize(("mode", "wanted"), [
    ("401", r"asks for a password .*http://user:password@"), ("403", "forbids"),
    ("404", "nothing at this address .*MJPEG stream"), ("503", "503 Service Unavailable: "),
    ("799", "HTTP 799: "), ("page", "a web page.*MJPEG stream"), ("single", "a single picture"),
    ("json", "something else than video"), ("deaf", "hangs up"),
])  # fmt: skip
def test_what_is_no_stream(mode: str, wanted: str) -> None:
    with faulty_camera(mode=mode) as server:
        assert re.search(wanted, reason(server.url))


@pytest.mark.parametrize("digest", ["", "MD5", "SHA-256"])
def test_passwords(digest: str) -> None:
    with faulty_camera(password="anna:SEC@RET/ü", digest=digest) as server:
        right = server.url.replace("://", "://anna:SEC%40RET%2F%C3%BC@")
        stream = open_stream(right)
        assert stream is not None
        stream.close()
        assert server.connections == 2  # asked, then given
        assert "refuses the user or password" in reason(right.replace("RET", "RIT"))
        assert server.connections == 4  # a wrong password is not tried again and again
        assert "asks for a password" in reason(server.url)


def test_a_way_to_log_in_that_is_not_known() -> None:
    with faulty_camera(password="anna:SECRET", digest="SHA-512-256") as server:
        assert "allow Digest or Basic" in reason(server.url.replace("://", "://anna:SECRET@"))


@pytest.mark.parametrize("challenge", [b'Digest realm=, nonce="x"', b"Digest =", b"Digest ,,"])
def test_a_challenge_with_empty_values(challenge: bytes) -> None:
    asks = b"HTTP/1.1 401 X\r\nWWW-Authenticate: " + challenge + b"\r\nContent-Length: 0\r\n\r\n"
    assert "allow Digest or Basic" in reason(f"http://anna:SECRET@{answers(asks)[0]}/")


def answers(*answers: bytes) -> tuple[str, list[bytes]]:
    """The address of a server that gives one answer after the other, and what it was asked."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

    Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}", asked


def test_a_password_goes_to_no_other_server() -> None:
    asks = b"HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
    other, asked = answers(asks)
    leads = f"HTTP/1.1 302 X\r\nLocation: http://{other}/\r\nContent-Length: 0\r\n\r\n"
    place, _ = answers(leads.encode())
    assert "refuses" in reason(f"http://anna:SECRET@{place}/")
    assert len(asked) == 1 and b"Authorization" not in asked[0]


@pytest.mark.parametrize(("answer", "wanted"), [
    (b"RTSP/1.0 400 Bad Request\r\n\r\n", "does not answer by HTTP"),
    (b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "302 Found"),
    (b"HTTP/1.1 200 X\r\n" + b"a: b\r\n" * 500 + b"\r\n", "does not answer by HTTP"),
    (b"HTTP/1.1 200 X\r\na: " + b"b" * 100_000 + b"\r\n\r\n", "does not answer by HTTP"),
])  # fmt: skip
def test_answers_that_are_wrong(answer: bytes, wanted: str) -> None:
    assert wanted in reason(f"http://{answers(answer)[0]}/")


@pytest.mark.parametrize("kind", ["Content-Type: video/mp2t\r\n", ""])
def test_other_video_is_left_to_ffmpeg(kind: str) -> None:
    place, _ = answers(f"HTTP/1.1 200 X\r\n{kind}\r\n".encode())
    assert open_stream(f"http://{place}/") is None


def test_what_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "cannot be reached (Connection refused)" in reason(f"http://127.0.0.1:{port}/")
    assert "host is not known" in reason("http://camera.invalid/")
    assert "write @ : / ? # % in a password as" in reason("http://anna:SEC/RET@127.0.0.1/")
    with faulty_camera() as server:
        assert "by HTTPS" in reason(server.url.replace("http://", "https://"))
