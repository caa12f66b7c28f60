"""One annotated video: each frame with its faces' boxes, numbers, expressions and probabilities."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mien.drawing.annotate import annotate
from mien.errors import InputError
from mien.media.video.writer import VideoWriter
from mien.sinks.base import Closing, Image
from mien.sinks.pictures import one_picture
from mien.tracking.one_euro import SteadyBoxes
from mien.types import Result


class VideoSink(Closing):
    """Writes annotated frames into one video file, whole or not at all, after Ctrl-C too.

    Size and times are those of the frames, which start at 0. The number at a face is its person's,
    where faces are tracked, and its box is then steadied, so that it does not tremble.
    """

    def __init__(
        self, target: str | os.PathLike[str], rate: float, *, sound: str | None = None
    ) -> None:
        """``target``: ``.mp4`` or ``.webm``. ``rate``: average frames a second.

        ``sound``: the original, whose sound is copied where the extra ``video`` is installed.
        Raises ``ConfigError`` for another suffix, ``OutputError`` where it cannot be written.
        """
        self._path = Path(target)
        self._writer = VideoWriter(self._path, rate, sound)
        self._boxes = SteadyBoxes()

    @property
    def description(self) -> str:
        """Codec and sound that were chosen; empty before the first frame."""
        return self._writer.description

    def write(self, result: Result, image: Image | None = None) -> None:
        """Draw and write one frame; without ``image``, the one that the result remembers.

        Raises ``OutputError``, and ``InputError`` for what is not a frame of a video.
        """
        image = result.remembered() if image is None else image
        if image is None or result.time_s is None:
            raise InputError("a video is drawn from frames: write(result, image), with a time_s")
        with one_picture(self._path):
            drawn = annotate(image, self._steadied(result, result.time_s).marks(), min_side=0)
        self._writer.write(drawn, result.time_s)

    def _steadied(self, result: Result, time_s: float) -> Result:
        faces = self._boxes.update(tuple(reading.face for reading in result), time_s)
        readings = (replace(r, face=face) for r, face in zip(result, faces, strict=True))
        return replace(result, readings=tuple(readings))

    def close(self) -> None:
        """Finish the file; without a frame there is none."""
        self._writer.close()
