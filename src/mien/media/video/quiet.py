"""Keeps what FFmpeg and OpenCV print about damaged files off the user's terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_users = 0
_level = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Silence both libraries inside a ``with`` block; blocks of several threads may overlap.

    OpenCV's level is restored afterwards. It sets FFmpeg's when a process opens its first video,
    from the environment variable ``OPENCV_FFMPEG_LOGLEVEL``: a value that the user has set is kept.
    """
    import cv2

    global _users, _level
    with _lock:
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
        if not _users:
            _level = cv2.utils.logging.getLogLevel()
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                cv2.utils.logging.setLogLevel(_level)
