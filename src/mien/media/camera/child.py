"""The process that reads a camera: OpenCV may block in it for ever, and it is then killed."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
from numpy.typing import NDArray

from mien.media.camera.slots import MOST_PIXELS, Slots
from mien.media.video.quiet import quiet

_FAILURES = 5  # in a row before a stream has ended
_PAUSE_S = 0.02
_FFMPEG = {
    # Frames that wait for other threads of the decoder, or in a buffer, would be late.
    "OPENCV_FFMPEG_THREADS": "1",
    # UDP loses packets. An answer must not lead to this machine's files.
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": (
        "rtsp_transport;tcp|fflags;nobuffer|"
        "protocol_whitelist;crypto,http,httpproxy,https,rtp,rtsp,rtsps,srtp,tcp,tls,udp"
    ),
}


class End(IntEnum):
    """Why the process ended: its exit status."""

    UNOPENED = 64
    OVER = 65
    FROZEN = 66
    TOO_LARGE = 67
    NO_MEMORY = 68


def main(settings: dict[str, Any]) -> None:
    """Read the camera until it ends; ``settings`` are those that ``process.start`` sends."""
    path = settings["memory"]
    file = os.open(path, os.O_RDWR)
    with suppress(OSError):  # not on Windows; from here on nothing is left after a kill
        Path(path).unlink()
    Thread(target=_end_with_parent, daemon=True).start()
    os._exit(read(settings["camera"], Slots(file), settings["limit"], settings["freeze_s"]))


def read(camera: int | str, slots: Slots, limit: int, freeze_s: float | None) -> End:
    """Write every frame into ``slots``; returns why there are no more.

    ``limit``: pixels of a frame. ``freeze_s``: seconds for which the picture may stay the same to
    the last bit.
    """
    with quiet():
        capture = _open(camera)
        if not capture.isOpened():
            return End.UNOPENED
        failures, shape, before = 0, (0, 0), None
        changed = time.monotonic()
        while failures < _FAILURES:
            good, bgr = capture.read()
            if not good or bgr is None or bgr.ndim != 3 or not bgr.size:
                failures += 1
                time.sleep(_PAUSE_S)
                continue
            now, failures = time.monotonic_ns(), 0
            if bgr.shape[:2] != shape:
                shape = bgr.shape[:2]
                if shape[0] * shape[1] > min(limit, MOST_PIXELS):
                    return End.TOO_LARGE
                try:
                    slots.reserve(*shape)
                except OSError:
                    return End.NO_MEMORY
            if before is None or not _same(bgr, before):
                changed = now / 1e9
            elif freeze_s is not None and now / 1e9 - changed >= freeze_s:
                return End.FROZEN
            cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=slots.place(*shape))
            slots.publish(now)
            before = bgr
    return End.OVER


def _open(camera: int | str) -> cv2.VideoCapture:
    if isinstance(camera, str):
        for name, value in _FFMPEG.items():
            os.environ.setdefault(name, value)
        return cv2.VideoCapture(camera, cv2.CAP_FFMPEG)
    capture = cv2.VideoCapture(camera)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and cv2.norm(one, other, cv2.NORM_INF) == 0


def _end_with_parent() -> None:
    """End this process when the one that started it has gone, and its pipe with it."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)
