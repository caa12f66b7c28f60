"""The process that reads a camera: a driver may block in it for ever, and it is then killed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
from numpy.typing import NDArray

from mien.media.camera import capture, mjpeg
from mien.media.camera.answer import open_stream
from mien.media.camera.arrivals import ENDED, FROZEN, NO_MEMORY, TOO_LARGE, Picture, StreamError
from mien.media.camera.slots import MOST_PIXELS, Slots
from mien.media.images import is_address
from mien.media.video.quiet import quiet


def main(settings: dict[str, Any]) -> None:
    """Read the camera until it ends; ``settings`` are those that ``process.start`` sends."""
    path = settings["memory"]
    file = os.open(path, os.O_RDWR)
    with suppress(OSError):  # not on Windows; from here on nothing is left after a kill
        Path(path).unlink()
    Thread(target=_end_with_parent, daemon=True).start()
    slots = Slots(file)
    slots.end = read(settings["camera"], slots, settings["limit"], settings["freeze_s"])
    os._exit(ENDED)


def read(camera: int | str, slots: Slots, limit: int, freeze_s: float | None) -> str:
    """Write every picture into ``slots``; returns why there are no more.

    ``limit``: pixels of a picture. ``freeze_s``: seconds for which the picture may stay the same to
    the last bit.
    """
    limit = min(limit, MOST_PIXELS)
    try:
        with quiet():
            _write(_pictures(camera, limit), slots, limit, freeze_s)
    except StreamError as end:
        return str(end)
    raise AssertionError("pictures end with StreamError")


def _pictures(camera: int | str, limit: int) -> Iterator[Picture]:
    if is_address(camera):
        stream = open_stream(camera)
        if stream is not None:
            return mjpeg.pictures(stream, limit)
    return capture.pictures(camera)


def _write(pictures: Iterator[Picture], slots: Slots, limit: int, freeze_s: float | None) -> None:
    shape: tuple[int, ...] = ()
    before: NDArray[Any] | None = None
    changed_ns = 0
    for bgr, time_ns, came in pictures:
        if bgr.shape != shape:
            shape = bgr.shape
            if shape[0] * shape[1] > limit:
                raise StreamError(TOO_LARGE)
            try:
                slots.reserve(*shape[:2])
            except OSError:
                raise StreamError(NO_MEMORY) from None
        if before is None or not _same(bgr, before):
            changed_ns = time_ns
        elif freeze_s is not None and time_ns - changed_ns >= freeze_s * 1e9:
            raise StreamError(FROZEN)
        cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=slots.place(*shape[:2]))
        slots.publish(time_ns, came)
        before = bgr


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and cv2.norm(one, other, cv2.NORM_INF) == 0


def _end_with_parent() -> None:
    """End this process when the one that started it has gone, and its pipe with it."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)
