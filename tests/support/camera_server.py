"""A network camera on loopback that misbehaves on demand: MJPEG over HTTP."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.support.stamps import stamp

Image = NDArray[np.uint8]

LEVELS = 30
STEP = 8
REALM, NONCE = "camera", "dcd98b7102dd2f0e8b11d0f600bfb0c0"
PAGES = {
    "page": ("text/html; charset=utf-8", b"<html>Log in</html>"),
    "single": ("image/jpeg", b"\xff\xd8\xff\xd9"),
    "json": ("application/json", b"{}"),
}


@dataclass
class FaultyCamera:
    """What the server does, which a test may change while it serves; ``url`` is its address."""

    url: str = ""
    mode: str = "serve"
    """Also ``stall`` (sends nothing more), ``freeze`` (repeats one picture), ``garbage`` (bytes
    that are no picture), ``broken`` (pictures without their second half), ``huge`` (a picture
    without an end), ``cut`` (ends the connection), ``silent`` (accepts, never answers), ``deaf``
    (accepts, hangs up), a number (that HTTP status) and the names of ``PAGES``."""
    size: tuple[int, int] = (64, 48)
    """Width and height of grey pictures."""
    rate: float = 50.0
    password: str | None = None
    """``user:password`` that it asks for."""
    digest: str = ""
    """The algorithm of HTTP Digest; empty: HTTP Basic."""
    lengths: bool = True
    """Whether parts have a Content-Length."""
    between: bytes = b""
    """What comes before the boundary of each part."""
    picture: Image | None = None
    """RGB, sent with a corner that changes; grey levels that count the frames without it."""
    scale: float = 1.0
    """Of ``picture``."""
    stamped: bool = False
    """Whether ``picture`` gets the time of sending, by ``stamp``, of ``time.monotonic``."""
    connections: int = 0
    refused: int = 0
    sent: int = 0
    serving: int = 0
    """Connections that are open now."""
    _over: Event = field(default_factory=Event)

    def frame(self) -> bytes:
        """The next picture as JPEG; its level is that of ``sent``, unless frozen."""
        if self.picture is not None:
            image = cv2.resize(self.picture, None, fx=self.scale, fy=self.scale)
            image[:8, :8] = self.sent % 2 * 255
            if self.stamped:
                stamp(image, time.monotonic_ns() // 1000)
        else:
            width, height = self.size
            image = np.full((height, width, 3), self.sent % LEVELS * STEP, np.uint8)
            image[: height // 3, : width // 3] = (255, 0, 0)
        self.sent += self.mode != "freeze"
        return cv2.imencode(".jpg", image[:, :, ::-1])[1].tobytes()


def level_of(image: Image) -> int:
    """The number of a grey frame, modulo ``LEVELS``, by its lower right half."""
    height, width = image.shape[:2]
    return round(float(image[height // 2 :, width // 2 :].mean()) / STEP)


@contextmanager
def faulty_camera(**settings: Any) -> Iterator[FaultyCamera]:
    """A camera that serves inside the ``with`` block."""
    camera = FaultyCamera(**settings)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            camera.serving += 1
            with suppress(OSError):  # the reader has gone
                _serve(self, camera)
            camera.serving -= 1

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    camera.url = f"http://127.0.0.1:{server.server_port}/live.mjpg"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield camera
    finally:
        camera._over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _serve(handler: BaseHTTPRequestHandler, camera: FaultyCamera) -> None:
    camera.connections += 1
    handler.close_connection = True
    if camera.mode == "silent":
        camera._over.wait()
    elif camera.mode.isdigit():
        handler.send_error(int(camera.mode))
    elif camera.mode in PAGES:
        kind, body = PAGES[camera.mode]
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.end_headers()
        handler.wfile.write(body)
    elif camera.mode == "deaf":
        pass
    elif camera.password is not None and not _has_password(handler, camera):
        camera.refused += 1
        way = f'Digest realm="{REALM}", nonce="{NONCE}", algorithm={camera.digest}, qop="auth"'
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", way if camera.digest else f'Basic realm="{REALM}"')
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    else:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        _stream(handler, camera)


def _stream(handler: BaseHTTPRequestHandler, camera: FaultyCamera) -> None:
    next_at = time.monotonic()
    while not camera._over.is_set() and camera.mode != "cut":
        if camera.mode == "garbage":
            handler.wfile.write(b"\x00garbage\xff" * 200)
        elif camera.mode == "huge":
            handler.wfile.write(camera.frame()[:-2] + b"\x55" * (1 << 16))
            while camera.mode == "huge" and not camera._over.is_set():
                handler.wfile.write(b"\x55" * (1 << 20))
        elif camera.mode != "stall":
            jpeg = camera.frame()
            head = "--frame\r\nContent-Type: image/jpeg\r\n"
            if camera.lengths:
                head += f"Content-Length: {len(jpeg)}\r\n"
            if camera.mode == "broken":
                jpeg = jpeg[: len(jpeg) // 2]
            handler.wfile.write(camera.between + head.encode() + b"\r\n" + jpeg + b"\r\n")
        next_at = max(next_at + 1 / camera.rate, time.monotonic() - 1 / camera.rate)
        camera._over.wait(max(0.0, next_at - time.monotonic()))


def _has_password(handler: BaseHTTPRequestHandler, camera: FaultyCamera) -> bool:
    assert camera.password is not None
    given = handler.headers["Authorization"] or ""
    if not camera.digest:
        return given == f"Basic {base64.b64encode(camera.password.encode()).decode()}"
    if not given:
        return False
    user, password = camera.password.split(":", 1)
    sent = dict(re.findall(r'(\w+)="?([^",]*)"?', given))

    def digest(*parts: str) -> str:  # RFC 7616, section 3.4.1
        name = camera.digest.replace("-", "").lower()
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    response = digest(
        digest(user, REALM, password), NONCE, sent.get("nc", ""), sent.get("cnonce", ""), "auth",
        digest("GET", handler.path),
    )  # fmt: skip
    return sent.get("response") == response and sent.get("username") == user
