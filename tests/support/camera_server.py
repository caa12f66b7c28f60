"""A network camera on loopback that misbehaves on demand: MJPEG over HTTP."""

from __future__ import annotations

import base64
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

Image = NDArray[np.uint8]

LEVELS = 30
STEP = 8


@dataclass
class FaultyCamera:
    """What the server does, which a test may change while it serves; ``url`` is its address."""

    url: str = ""
    mode: str = "serve"
    """Also ``stall`` (sends nothing more), ``freeze`` (repeats one picture), ``garbage`` (bytes
    that are no picture), ``cut`` (ends the connection), ``refuse`` (answers 404) and ``silent``
    (accepts, never answers)."""
    size: tuple[int, int] = (64, 48)
    """Width and height of the pictures."""
    rate: float = 50.0
    password: str | None = None
    """``user:password`` that it asks for."""
    picture: Image | None = None
    """RGB, sent with one changing pixel; grey levels that count the frames without it."""
    connections: int = 0
    refused: int = 0
    sent: int = 0
    serving: int = 0
    """Connections that are open now."""
    _over: Event = field(default_factory=Event)

    def frame(self) -> bytes:
        """The next picture as JPEG; its level is that of ``sent``, unless frozen."""
        if self.picture is not None:
            image = self.picture.copy()
            image[:8, :8] = self.sent % 2 * 255
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
        return
    if camera.mode == "refuse":
        handler.send_error(404)
        return
    if camera.password is not None:
        token = base64.b64encode(camera.password.encode()).decode()
        if handler.headers["Authorization"] != f"Basic {token}":
            camera.refused += 1
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
    handler.send_response(200)
    handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
    handler.end_headers()
    next_at = time.monotonic()
    while not camera._over.is_set() and camera.mode != "cut":
        if camera.mode == "garbage":
            handler.wfile.write(b"\x00garbage\xff" * 200)
        elif camera.mode != "stall":
            jpeg = camera.frame()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            handler.wfile.write(head.encode() + jpeg + b"\r\n")
        next_at = max(next_at + 1 / camera.rate, time.monotonic() - 1 / camera.rate)
        camera._over.wait(max(0.0, next_at - time.monotonic()))
