"""Writes frames by PyAV: H.264 or VP9, each frame at its own time, with the original's sound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mien.media.decoder import Image
from mien.media.video.sound import CopiedSound

_TICKS = 90_000  # a second: what MPEG counts in, and 25, 30 and 30,000/1,001 frames a second divide
# Without mbtree: at many sizes of a frame it reads memory that nobody wrote, and the same frames
# give another file now and then. What a run that was resumed writes must be the same.
_CODECS: dict[str, tuple[str, str, dict[str, str]]] = {
    ".mp4": ("libx264", "H.264", {"preset": "veryfast", "crf": "22", "mbtree": "0"}),
    ".webm": (
        "libvpx-vp9", "VP9",
        {"deadline": "realtime", "cpu-used": "7", "row-mt": "1", "crf": "30", "b": "0"},
    ),
}  # fmt: skip
_BT709 = 1  # of FFmpeg's enumerations of colours, for matrix, primaries and transfer alike
_LIMITED = 1


class AvEncoder:
    """The size is kept but for an odd side, which becomes even by a repeated row or column."""

    def __init__(
        self, path: Path, size: tuple[int, int], rate: float, start_s: float, sound: str | None
    ) -> None:
        """``path``: its suffix decides. ``start_s``: the time of the first frame, in the original.

        ``sound``: the original. Raises what PyAV raises.
        """
        import av

        codec, name, options = _CODECS[path.suffix]
        # Ctrl-C interrupts the main thread alone. Between an encoder and its file it would lose
        # packets that the following ones need.
        self._worker = ThreadPoolExecutor(1, "encoder")
        self._start = start_s
        self._last_pts, self._period = -1, 1 / rate
        flags = {"fflags": "bitexact"}  # else WebM gets a number at random
        if path.suffix == ".mp4":
            flags["movflags"] = "faststart"
        self._output: Any = av.open(f"file:{path.absolute()}", "w", options=flags)
        stream: Any = self._output.add_stream(
            codec, rate=Fraction(rate).limit_denominator(1001), options=options
        )
        self._stream = stream
        self._stream.width, self._stream.height = (side + side % 2 for side in size)
        self._stream.pix_fmt = "yuv420p"
        context: Any = self._stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        self._sound = CopiedSound(sound, self._output, start_s) if sound is not None else None
        told = self._sound.description if self._sound is not None else "no sound"
        self.description = f"{name}, {told}"

    def write(self, image: Image, time_s: float) -> None:
        """Take a frame, (H, W, 3) RGB uint8, later than the one before."""
        pts = max(round((time_s - self._start) * _TICKS), self._last_pts + 1)
        self._last_pts = pts
        self._worker.submit(self._encode, image, pts, time_s).result()

    def _encode(self, image: Image, pts: int, time_s: float) -> None:
        import av

        odd = [(0, side % 2) for side in image.shape[:2]]
        even = np.pad(image, [*odd, (0, 0)], mode="edge") if any(map(sum, odd)) else image
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
        )
        frame.pts, frame.time_base = pts, Fraction(1, _TICKS)
        self._output.mux(self._stream.encode(frame))
        if self._sound is not None:
            self._sound.copy_until(time_s)

    def close(self) -> None:
        """Write the rest, and the sound up to the end of the last frame."""
        try:
            self._worker.submit(self._finish).result()
        finally:
            self._worker.shutdown()
            self._output.close()
            if self._sound is not None:
                self._sound.close()

    def _finish(self) -> None:
        self._output.mux(self._stream.encode(None))
        if self._sound is not None:
            self._sound.copy_until(self._start + self._last_pts / _TICKS + self._period)
