"""Keeps what FFmpeg and OpenCV print about damaged files off the user's terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

_lock = Lock()
_users = 0
_level = 0
_SILENT = 0


def _logging() -> Any:
    """The module of OpenCV that has the functions of its log."""
    try:
        from cv2.utils import logging
    except ImportError:  # OpenCV 4
        import cv2

        return cv2
    return logging


@contextmanager
def no_stderr() -> Iterator[None]:
    """Send standard error of the whole process nowhere inside a ``with`` block; keep it short.

    For OpenCV's writers, which print to it past every level.
    """
    with _lock:
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence both libraries inside a ``with`` block; blocks of several threads may overlap.

    OpenCV's level is restored afterwards. It sets FFmpeg's when a process opens its first video,
    from the environment variable ``OPENCV_FFMPEG_LOGLEVEL``: a value that the user has set is kept.
    """
    logging = _logging()
    global _users, _level
    with _lock:
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
        if not _users:
            _level = logging.getLogLevel()
            logging.setLogLevel(_SILENT)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                logging.setLogLevel(_level)
