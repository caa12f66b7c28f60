"""Writes frames by OpenCV: at a constant rate, without sound."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mien.errors import install_command
from mien.media.decoder import Image
from mien.media.video.address import address_of
from mien.media.video.quiet import no_stderr, quiet

# In order of preference; what a build of OpenCV lacks is passed over. VP9 in .mp4 plays in browsers
# too, but OpenCV encodes only a few frames a second of it.
_CODECS = {
    ".mp4": (("avc1", "H.264"), ("mp4v", "MPEG-4 Part 2, which browsers do not play")),
    ".webm": (("VP80", "VP8"), ("VP90", "VP9")),
}
_MOST_RATE = 240.0
_MOST_REPEATED_S = 60.0  # a damaged file may have times that are years apart


class OpenCvEncoder:
    """Keeps time by repeating and dropping frames: the file has a constant rate."""

    def __init__(self, path: Path, size: tuple[int, int], rate: float, start_s: float) -> None:
        """``path``: its suffix decides. Raises ``OSError`` where OpenCV has no codec for it."""
        self._rate, self._start = min(rate, _MOST_RATE), start_s
        self._place = 0  # of the last frame, in frames of the file
        self._last: Image | None = None  # BGR, and not yet written
        self._writer, codec = self._open(path, size)
        self.description = f"{codec}, no sound (H.264 with sound: {install_command('video')})"

    def _open(self, path: Path, size: tuple[int, int]) -> tuple[cv2.VideoWriter, str]:
        for fourcc, codec in _CODECS[path.suffix]:
            tag = cv2.VideoWriter.fourcc(*fourcc)
            with quiet(), no_stderr(), address_of(path) as address:
                writer = cv2.VideoWriter(address, cv2.CAP_FFMPEG, tag, self._rate, size)
            if writer.isOpened():
                return writer, codec
        raise OSError(f"this OpenCV writes no {path.suffix}: {install_command('video')}")

    def write(self, image: Image, time_s: float) -> None:
        """Take a frame, (H, W, 3) RGB uint8, later than the one before."""
        place = max(round((time_s - self._start) * self._rate), self._place)
        if self._last is not None:
            most = round(_MOST_REPEATED_S * self._rate)
            self._repeat(self._last, min(place - self._place, most))
        self._place, self._last = place, np.ascontiguousarray(image[:, :, ::-1])

    def close(self) -> None:
        """Write the rest."""
        if self._last is not None:
            self._repeat(self._last, 1)
        with quiet():
            self._writer.release()

    def _repeat(self, bgr: Image, times: int) -> None:
        with quiet():
            for _ in range(times):
                self._writer.write(bgr)
