"""Network cameras that send MJPEG over HTTP → their newest picture.

OpenCV reads them too, but scales pictures to the size of the first one without a word, and cannot
say why one does not open.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.media.camera.arrivals import NO_PICTURES, OVER, TOO_LARGE, Picture, StreamError
from mien.media.camera.jpegs import MOST_BYTES, Jpeg, Jpegs

_AT_ONCE = 1 << 16  # bytes
_DAMAGED = 50  # pictures in a row


class _Arrived(NamedTuple):
    jpeg: Jpeg
    time_ns: int


def pictures(stream: http.client.HTTPResponse, limit: int) -> Iterator[Picture]:
    """The newest picture each time; others that came while one was decoded are counted.

    ``limit``: pixels of a picture. Damaged ones are left out. Raises ``StreamError``.
    """
    queue: SimpleQueue[_Arrived | StreamError] = SimpleQueue()
    Thread(target=_receive, args=(stream, queue), daemon=True).start()
    came = damaged = 0
    while damaged < _DAMAGED:
        item = queue.get()
        came += isinstance(item, _Arrived)
        while isinstance(item, _Arrived) and not queue.empty():
            after = queue.get()
            if isinstance(after, StreamError):
                queue.put(after)  # it comes after this picture
                break
            item, came = after, came + 1
        if isinstance(item, StreamError):
            raise item
        if item.jpeg.pixels > limit:
            raise StreamError(TOO_LARGE)
        bgr = _decode(item.jpeg.data)
        if bgr is None:
            damaged += 1
        else:
            yield Picture(bgr, item.time_ns, came)
            came = damaged = 0
    raise StreamError(NO_PICTURES)


def _receive(stream: http.client.HTTPResponse, queue: SimpleQueue[_Arrived | StreamError]) -> None:
    jpegs = Jpegs(MOST_BYTES)
    try:
        with stream:
            while data := stream.read1(_AT_ONCE):
                for jpeg in jpegs.feed(data):
                    queue.put(_Arrived(jpeg, time.monotonic_ns()))
        queue.put(StreamError(OVER))
    except StreamError as end:
        queue.put(end)
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: of broken chunks
        queue.put(StreamError("the connection broke"))


def _decode(data: bytes) -> NDArray[Any] | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
