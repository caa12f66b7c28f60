"""Reads a video as frames with true times; only those that are asked for."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, Protocol, TypeAlias

from mien.errors import ConfigError, VideoReadError, one_line
from mien.files import Closing
from mien.media.decoder import Image, pixel_limit
from mien.media.images import is_address
from mien.media.video.ahead import Ahead
from mien.media.video.capture import MOST_RATE, Capture
from mien.media.video.choice import Choice, Wanted
from mien.media.video.clock import Clock
from mien.media.video.numbered import Numbered, is_pattern, of_folder, of_pattern
from mien.reading import open_file, unreadable

VideoSource: TypeAlias = "str | os.PathLike[str] | BinaryIO"
OnError = Callable[[str, VideoReadError], None]

DEFAULT_RATE = 25.0
"""Frames a second of pictures in a folder, and of videos that say neither times nor a rate."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video."""

    image: Image
    """(H, W, 3) RGB uint8, upright."""
    index: int
    """From 0, among all frames that can be decoded, whichever are asked for."""
    time_s: float
    """Seconds since the start of the video's stream."""
    live: bool = False
    """Whether its result must not wait for later frames, as that of a camera."""


class _Pictures(Protocol):
    """What ``Capture`` and ``Numbered`` have in common."""

    counted: bool
    file: str | None
    last_time: float | None

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def rate(self) -> float | None: ...
    @property
    def declared(self) -> int | None: ...

    def grab(self) -> bool: ...
    def image(self) -> Image | None: ...
    def damage(self, end_s: float) -> str | None: ...
    def close(self) -> None: ...


class Video(Closing):
    """An open video: iterate over its frames, once. Made by ``open_video``."""

    def __init__(
        self, pictures: _Pictures, name: str, choice: Choice, rate: float | None,
        on_error: OnError | None, on_note: Callable[[str], None], cleanup: ExitStack,
    ) -> None:  # fmt: skip
        self.name = name
        """What results call their source."""
        self.width, self.height = pictures.size
        self.rate = pictures.rate or rate or DEFAULT_RATE
        """Average frames a second."""
        self.file = pictures.file
        """The file that is read, in which there may be sound; ``None`` for an image sequence."""
        self._pictures, self._choice, self._cleanup = pictures, choice, cleanup
        self._on_error, self._on_note = on_error, on_note
        self._counts_are_known = pictures.counted and rate is not None
        self._ahead: Ahead[Frame | Callable[[], None]] | None = None
        self._closed = False

    @property
    def expected(self) -> int | None:
        """About how many frames will come; ``None`` where the file does not say."""
        declared = self._pictures.declared
        if declared is None or self._pictures.rate is None:
            return None
        end = declared / self.rate
        seconds = max(0.0, min(end, self._choice.end or end) - self._choice.start)
        return math.ceil(seconds * self.rate * self._choice.share(self.rate))

    @property
    def duration_s(self) -> float | None:
        """About how long the whole video is; ``None`` where the file does not say."""
        declared = self._pictures.declared
        return None if declared is None else declared / self.rate

    @property
    def shown_rate(self) -> float:
        """Average frames a second among those that come."""
        return self.rate * self._choice.share(self.rate)

    def __iter__(self) -> Iterator[Frame]:
        """The wanted frames, of which a thread decodes the next while one is used.

        Damage is reported after the last frame that can be decoded: raised as ``VideoReadError``,
        or passed to ``on_error``, in the thread that iterates.
        """
        if self._ahead is None:  # two iterators share the frames
            self._ahead = Ahead(self._decoded())
            self._cleanup.callback(self._ahead.close)
        with self:
            for each in self._ahead:
                if isinstance(each, Frame):
                    yield each
                else:
                    each()

    def _decoded(self) -> Iterator[Frame | Callable[[], None]]:
        """The wanted frames, and between them what is to be called."""
        clock, wanted = Clock(self.rate), Wanted(self._choice)
        index, came, unreadable, time_s = -1, 0, 0, 0.0
        while not self._closed and self._pictures.grab():
            index += 1
            time_s = clock.next(self._pictures.last_time)
            if not (self._counts_are_known or clock.few(index + 1)):
                self._counts_are_known = True
                yield self._say_counted
            if wanted.is_over(time_s):
                return
            if not wanted.has(time_s):
                continue
            image = self._pictures.image()
            if image is None:
                unreadable += 1
                continue
            came += 1
            yield Frame(image, index, time_s)
        if not self._closed:
            problem = self._problem(index + 1, came, unreadable, time_s + 1 / self.rate)
            if problem is not None:
                yield partial(self._fail, problem)

    def _problem(self, decoded: int, came: int, unreadable: int, end_s: float) -> str | None:
        """What is wrong with the file, if anything."""
        damage = self._pictures.damage(end_s)
        name = repr(self.name)
        if damage is not None or unreadable:
            good = decoded - unreadable
            damage = damage or f"has {unreadable:,} frames that cannot be decoded"
            return f"{name} {damage}; {good:,} of its frames, up to {end_s:.1f} s, were read"
        if not decoded:
            return f"{name} holds no frame that can be decoded: give another video"
        if not came:
            start = self._choice.start
            return f"{name} has no frame from {start:g} s on: it ends at {end_s:.1f} s"
        return None

    def _fail(self, message: str) -> None:
        error = VideoReadError(message)
        if self._on_error is None:
            raise error
        self._on_error(self.name, error)

    def _say_counted(self) -> None:
        hint = " (rate sets another)" if self._pictures.counted else ""
        self._on_note(
            f"{self.name!r} lacks times of its frames: they are counted at {self.rate:g} a second"
            + hint
        )

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._closed = True
        self._cleanup.close()


def open_video(
    source: VideoSource,
    *,
    start: float = 0.0,
    end: float | None = None,
    every: int | None = None,
    fps: float | None = None,
    rate: float | None = None,
    max_pixels: int | None = None,
    on_error: OnError | None = None,
    on_note: Callable[[str], None] = warnings.warn,
) -> Video:
    """A video to iterate over: its frames as ``Frame``, in order, decoded one at a time.

    ``source`` is a video file of any container and codec that OpenCV's FFmpeg reads, a binary file
    object, or an image sequence: a folder of pictures, or a pattern such as ``frames/%04d.png``.
    What cannot be read twice, such as a pipe, is copied to a temporary file first.

    - ``start`` and ``end``: frames with times in [start, end), in seconds. Frames before ``start``
      are decoded, since seeking is not exact.
    - ``every``: every N-th frame of those. ``fps``: at most F a second, each the first at or after
      its time.
    - ``rate``: frames a second where the frames have no times of their own.
    - ``max_pixels``: as in ``mien.media.images.read_image``.

    Times are the container's, also of a variable rate, and strictly increase; they count from the
    start of the video's stream. Where there are none, frames are counted, and ``on_note`` is told.
    Rotation that the file asks for is applied.

    A file that is damaged or cut off gives all frames that can be decoded. Then the error is passed
    to ``on_error`` as (name, error), or raised without it. Raises ``VideoReadError`` for a file
    that is missing or has no picture, ``ConfigError`` for an option out of range.
    """
    choice, limit = Choice(start, end, every, fps), pixel_limit(max_pixels)
    if rate is not None and not 0 < rate <= MOST_RATE:
        raise ConfigError(f"rate is {rate}: give frames a second, above 0 and up to {MOST_RATE:g}")
    stack = ExitStack()
    try:
        pictures, name = _open(source, limit, stack)
        stack.callback(pictures.close)
        if isinstance(pictures, Numbered):
            pictures.rate = rate or DEFAULT_RATE
        width, height = pictures.size
        if width * height > limit:
            raise VideoReadError(
                f"{name!r} has frames of {width}×{height} pixels, above the limit of {limit}: "
                "shrink it, or raise max_pixels or MIEN_MAX_PIXELS"
            )
    except BaseException:
        stack.close()
        raise
    return Video(pictures, name, choice, rate, on_error, on_note, stack)


def _open(source: VideoSource, limit: int, stack: ExitStack) -> tuple[_Pictures, str]:
    """The pictures behind ``source``, and its name in results."""
    if not isinstance(source, str | os.PathLike):
        name = str(getattr(source, "name", None) or type(source).__name__)
        return Capture(_spool(source, name, stack), repr(name)), name
    name = os.fspath(source)
    if is_address(name):
        raise VideoReadError(f"videos are not fetched from addresses: download {name!r} first")
    try:
        if os.path.isdir(name) or is_pattern(name):  # noqa: PTH112
            is_folder = os.path.isdir(name)  # noqa: PTH112
            return _numbered(of_folder(name) if is_folder else of_pattern(name), name, limit), name
        with open_file(name, pipes=True) as file:
            path = name if file.seekable() else _spool(file, name, stack)
        return Capture(path, repr(name)), name
    except OSError as error:
        raise VideoReadError(unreadable(error, repr(name), "give a video file")) from None


def _numbered(paths: list[str], name: str, limit: int) -> Numbered:
    if not paths:
        raise VideoReadError(
            f"{name!r} has no pictures: check the path, and the pattern if it is one"
        )
    return Numbered(paths, repr(name), limit)


def _spool(file: IO[bytes], name: str, stack: ExitStack) -> str:
    """A temporary file with the content of ``file``, removed with ``stack``."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mien-"))
    path = Path(folder) / "video"
    try:
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
    except Exception as error:  # a caller's object may raise anything
        raise VideoReadError(
            f"cannot copy {name!r} to a temporary file ({one_line(error)}): give a video file"
        ) from error
    return str(path)
