"""Writes frames into a video file: by PyAV where it is installed, else by OpenCV."""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from mien.errors import ConfigError, MienError, OutputError, one_line
from mien.files import Closing, WholeFile, check_writable, output_error
from mien.media.decoder import Image
from mien.media.video.damage import cut_off
from mien.reading import open_file

SUFFIXES = (".mp4", ".webm")
"""Lower-case suffixes of the files that can be written."""

_HEADS = {".mp4": (4, b"ftyp"), ".webm": (0, b"\x1a\x45\xdf\xa3")}


class Encoder(Protocol):
    """Writes into the file that it was made with."""

    description: str
    """Codec, sound, and what the user should know of them."""

    def write(self, image: Image, time_s: float) -> None:
        """Take a frame, (H, W, 3) RGB uint8 of the encoder's size, later than the one before."""
        ...

    def close(self) -> None:
        """Write the rest."""
        ...


class VideoWriter(Closing):
    """A video that takes its name when it is closed, after an error or Ctrl-C too.

    The first frame fixes the size; others are fitted into it, with black borders. Its time is the
    video's start. After a kill or on a full disk the old file is still there. What is not a video
    of its kind is never overwritten.
    """

    def __init__(self, path: Path, rate: float, sound: str | None = None) -> None:
        """``path``: ``.mp4`` or ``.webm``. ``rate``: average frames a second.

        ``sound``: the video from which the sound is copied, where that is possible. Raises
        ``ConfigError`` for another suffix, and ``OutputError``.
        """
        self._suffix = check_video_path(path)
        self._path, self._rate, self._sound = path, rate, sound
        self._encoder: Encoder | None = None
        self._size = (0, 0)
        self._closed = False
        self.description = ""
        """What was chosen, known from the first frame on."""
        try:
            self._file = WholeFile(path, self._suffix)
        except (OSError, ValueError) as error:
            raise self._error(error) from error

    def write(self, image: Image, time_s: float) -> None:
        """Take a frame, (H, W, 3) RGB uint8; times must increase. Raises ``OutputError``."""
        if self._closed:
            raise OutputError(f"cannot write {str(self._path)!r}: it is closed")
        try:
            if self._encoder is None:
                self._size = image.shape[1], image.shape[0]
                self._encoder = self._open(time_s)
                self.description = self._encoder.description
            self._encoder.write(fitted(image, self._size), time_s)
        except Exception as error:
            self._drop()
            raise self._error(error) from error

    def close(self) -> None:
        """Finish the file; without a frame there is none. A second call does nothing."""
        if self._closed:
            return
        try:
            if self._encoder is not None:
                self._encoder.close()
                self._check()
                self._file.finish()
        except Exception as error:
            raise self._error(error) from error
        finally:
            self._drop()

    def _open(self, start_s: float) -> Encoder:
        try:
            import av  # noqa: F401 - it may be installed and not work
        except ImportError:
            from mien.media.video.writer_opencv import OpenCvEncoder

            return OpenCvEncoder(self._file.partial, self._size, self._rate, start_s)
        from mien.media.video.writer_av import AvEncoder

        return AvEncoder(self._file.partial, self._size, self._rate, start_s, self._sound)

    def _check(self) -> None:
        """OpenCV does not say that a disk is full."""
        partial = str(self._file.partial)
        if not Path(partial).stat().st_size or cut_off(partial) is not None:
            raise OSError("the encoder has not finished it: the disk may be full")

    def _drop(self) -> None:
        self._closed = True
        self._file.drop()

    def _error(self, error: Exception) -> MienError:
        if isinstance(error, MienError):
            return error
        if not isinstance(error, OSError):
            error = OSError(one_line(error))
        return output_error(repr(str(self._path)), error)


def check_video_path(path: Path) -> str:
    """The lower-case suffix of ``path``, where a video can be written.

    Raises ``ConfigError`` for another suffix, and ``OutputError`` where the folder cannot be
    written or the file is not a video of its kind.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"videos are written as {' or '.join(SUFFIXES)}, not as {str(path)!r}")
    check_writable(path)
    place, mark = _HEADS[suffix]
    head = b""
    with suppress(FileNotFoundError):
        try:
            with open_file(path) as file:
                head = file.read(12)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise output_error(repr(str(path)), error) from error
    if head and head[place : place + len(mark)] != mark:
        raise OutputError(
            f"cannot write a video over {str(path)!r}, which holds none of its kind: give another"
        )
    return suffix


def browsers_play(path: Path) -> bool:
    """Whether browsers play what ``VideoWriter`` writes to ``path`` on this machine, as a rule."""
    return path.suffix.lower() == ".webm" or find_spec("av") is not None


def fitted(image: Image, size: tuple[int, int]) -> Image:
    """``image`` in a picture of ``size`` (width, height), shrunk or enlarged, on black."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    import cv2

    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        image, inner, interpolation=how
    )
    return canvas
