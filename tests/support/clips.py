"""Small videos: of grey frames whose level tells their number, and of a real face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.media.images import read_image
from mien.media.video.quiet import no_stderr
from mien.samples import ASTRONAUT

Image = NDArray[np.uint8]
FOURCC = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "MJPG", ".webm": "VP80"}
STEP = 8


def grey(number: int, width: int = 64, height: int = 48) -> Image:
    """A frame, RGB, whose level is ``number`` × ``STEP``, with a red corner at the top left."""
    image = np.full((height, width, 3), number * STEP, np.uint8)
    image[: height // 3, : width // 3] = (255, 0, 0)
    return image


def number_of(image: Image) -> int:
    """The number of a ``grey`` frame, by its lower right half."""
    height, width = image.shape[:2]
    return round(float(image[height // 2 :, width // 2 :].mean()) / STEP)


def write(path: Path, frames: int = 10, rate: float = 25, size: tuple[int, int] = (64, 48)) -> Path:
    """Grey frames, by OpenCV; the container is that of the suffix."""
    return write_frames(path, [grey(number, *size) for number in range(frames)], rate)


def write_frames(path: Path, frames: Sequence[Image], rate: float = 25) -> Path:
    height, width = frames[0].shape[:2]
    fourcc = cv2.VideoWriter.fourcc(*FOURCC[path.suffix])
    with no_stderr():
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
    writer.release()
    return path


def face(shift: int = 0) -> Image:
    """A portrait of 200×200 pixels, moved to the left."""
    whole = read_image(ASTRONAUT)
    return np.ascontiguousarray(whole[10:210, 120 + shift : 320 + shift])


def write_face(path: Path, frames: int = 6, rate: float = 10, empty: Iterable[int] = ()) -> Path:
    """A portrait that moves; frames in ``empty`` show none."""
    hidden = set(empty)
    blank = np.full((200, 200, 3), 90, np.uint8)
    return write_frames(path, [blank if n in hidden else face(2 * n) for n in range(frames)], rate)


def write_timed(
    path: Path, times_ms: Sequence[int], codec: str = "mpeg4", *, sound: bool = False,
    change: Callable[[Any], None] = lambda stream: None, size: tuple[int, int] = (64, 48),
) -> Path:  # fmt: skip
    """Grey frames at exactly these times, by PyAV; with ``sound``, a tone of the same length."""
    import av

    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        change(stream)
        tone = output.add_stream("aac", rate=44100, layout="mono") if sound else None
        for number, time in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(grey(number, *size), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if tone is not None:
            count = 44100 * times_ms[-1] // 1000
            wave = np.sin(np.arange(count) / 20).astype(np.float32)[None] / 4
            samples = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            samples.rate, samples.pts = 44100, 0
            output.mux(tone.encode(samples))
            output.mux(tone.encode(None))
    return path


def rotate(path: Path, quarter_turns: int) -> Path:
    """Make an MP4 ask its players to turn it by 90° clockwise, so many times."""
    matrices = {
        1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0),
    }  # fmt: skip
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # version 0: the matrix comes after 40 bytes
    a, b, c, d = matrices[quarter_turns]
    values = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    data[place : place + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in values)
    path.write_bytes(data)
    return path
