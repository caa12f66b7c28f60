"""The pictures of a video file, one after the other, by OpenCV's FFmpeg."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from mien.errors import VideoReadError
from mien.media.decoder import Image
from mien.media.formats import is_picture_name
from mien.media.video.address import address_of
from mien.media.video.damage import cut_off, is_mp4
from mien.media.video.quiet import quiet

MOST_RATE = 1000.0
"""Frames a second; containers that count in milliseconds declare so many where they know none."""
_PATIENCE = 1000  # pieces of a file that fail in a row before it has ended
_SHORT = 0.05  # share of the declared length that may be missing: estimates are not exact


class Capture:
    """An open video file, of which ``grab`` decodes the next frame.

    Opens files only, so neither a name nor a playlist can lead to the network. Raises
    ``VideoReadError`` for a file that is not a video, or has no picture.
    """

    counted = False
    """Whether its frames have no times by nature, as pictures in a folder."""

    def __init__(self, path: str, name: str) -> None:
        """``path``: a regular file. ``name``: what messages call it."""
        self._path, self._name = path, name
        self.file: str | None = path
        self._grabbed = self.broken = 0
        self.last_time: float | None = None
        if is_picture_name(path) and not path.lower().endswith(".gif"):
            raise VideoReadError(f"{name} is a picture, not a video: use analyze for pictures")
        with quiet(), address_of(Path(path)) as address:
            self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise VideoReadError(self._unreadable())

    def grab(self) -> bool:
        """Decode the next frame; ``False`` at the end. Damaged parts are passed over."""
        with quiet():
            for failed in range(_PATIENCE):
                if self._capture.grab():
                    self._grabbed += 1
                    self.broken += failed > 0
                    self.last_time = self._time()
                    return True
        return False

    def _time(self) -> float | None:
        """Seconds since the stream's start; ``None`` where the container does not say."""
        ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        if not math.isfinite(ms) or (ms == 0 and self._grabbed > 1):  # OpenCV's word for unknown
            return None
        return ms / 1000

    def image(self) -> Image | None:
        """The frame, upright, (H, W, 3) RGB uint8; ``None`` where it cannot be had."""
        with quiet():
            good, image = self._capture.retrieve()
        if not good or image is None or image.ndim != 3 or image.shape[2] != 3:
            return None
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

    def damage(self, end_s: float) -> str | None:
        """What is wrong with the file, known when the last frame ended at ``end_s``."""
        missing = cut_off(self._path)
        if missing is not None:
            return f"was cut off: {missing}"
        if self.broken:
            return "is damaged"
        declared = self.declared
        if declared is None or self.rate is None or is_mp4(self._path):
            return None
        seconds, least = declared / self.rate, 1 - _SHORT
        if self._grabbed < declared * least and end_s < seconds * least:
            return f"ends before the {seconds:.1f} s that it declares"
        return None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as the file declares them."""
        return (self._number(cv2.CAP_PROP_FRAME_WIDTH), self._number(cv2.CAP_PROP_FRAME_HEIGHT))

    @property
    def rate(self) -> float | None:
        """Average frames a second, as the file declares it."""
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        return rate if math.isfinite(rate) and 0 < rate < MOST_RATE else None

    @property
    def declared(self) -> int | None:
        """The number of frames that the file declares, or that follows from its length."""
        return self._number(cv2.CAP_PROP_FRAME_COUNT) or None

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._capture.release()

    def _number(self, prop: int) -> int:
        value = self._capture.get(prop)
        return int(value) if math.isfinite(value) and 0 < value < 2**53 else 0

    def _unreadable(self) -> str:
        path = Path(self._path)
        if not path.stat().st_size:
            return f"{self._name} is empty (0 bytes): give another video"
        missing = cut_off(self._path)
        if missing is not None:
            return f"{self._name} was cut off, so that nothing of it can be read: {missing}"
        return (
            f"no pictures of a video can be read from {self._name}: "
            "it holds sound alone, is damaged or is not a video"
        )
