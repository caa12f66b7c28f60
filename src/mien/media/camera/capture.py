"""Webcams and RTSP cameras → their pictures, by OpenCV."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import cv2

from mien.media.camera.arrivals import OVER, UNOPENED, UNPLUGGED, Picture, StreamError

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


def pictures(camera: int | str) -> Iterator[Picture]:
    """Each picture as it is decoded. Raises ``StreamError``."""
    capture = _open(camera)
    if not capture.isOpened():
        raise StreamError(UNOPENED if isinstance(camera, str) else UNPLUGGED)
    failures = 0
    while failures < _FAILURES:
        good, bgr = capture.read()
        if good and bgr is not None and bgr.ndim == 3 and bgr.size:
            failures = 0
            yield Picture(bgr, time.monotonic_ns(), 1)
        else:
            failures += 1
            time.sleep(_PAUSE_S)
    raise StreamError(OVER)


def _open(camera: int | str) -> cv2.VideoCapture:
    if isinstance(camera, str):
        for name, value in _FFMPEG.items():
            os.environ.setdefault(name, value)
        return cv2.VideoCapture(camera, cv2.CAP_FFMPEG)
    capture = cv2.VideoCapture(camera)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture
