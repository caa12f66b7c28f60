"""A page about the people in videos: timelines, segments, pictures, and jumps into the video."""

from __future__ import annotations

import base64
import hashlib
import os
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from mien.errors import ConfigError
from mien.reports.page import Origin, check_report_path, render, write_report
from mien.reports.video.timeline import VideoTimeline
from mien.reports.video.view import VideoView, address_of, view_of
from mien.sinks.base import Closing, Image
from mien.types import Face, Result

PICTURE_SIDE = 96
"""Pixels of a face's picture."""
MOST_PICTURES, MOST_SEGMENTS = 1_000, 20_000
"""Of a whole page; later videos are shown without."""
_SUFFIXES = (".html", ".htm")
_AROUND = 1.3  # side of the picture, in sides of the face
_SCRIPT = Path(__file__).parent.parent / "templates" / "video.js"


class SummarySink(Closing):
    """Writes one self-contained HTML page about the people in one or several videos.

    For each person a timeline of the probabilities, the share of each expression, the segments and,
    if results come with their frames, pictures of the face where its label changes. A click on any
    of these jumps in the video, which is played from its file, beside the page or elsewhere.

    Memory and page stay small however long the videos: probabilities are kept for 600 parts of a
    video, and the longest segments. The page is written on ``close``, after an error or Ctrl-C too.
    Needs the extra ``plot``.
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        *,
        command: str = "",
        pictures: bool = True,
        drawn: str | os.PathLike[str] | None = None,
    ) -> None:
        """``target``: a path. ``command``: the command line, for the end of the page.

        ``pictures``: whether to show faces. ``drawn``: the annotated video of a single one, to be
        played in its place. Raises ``ConfigError`` for another suffix than .html and .htm,
        ``OutputError`` and ``MissingExtraError``.
        """
        self._path, self._command = Path(target), command
        self._pictures, self._drawn = pictures, drawn
        if self._path.suffix.lower() not in _SUFFIXES:
            raise ConfigError(f"the summary is a page: name it {_SUFFIXES[0]}, not {str(target)!r}")
        check_report_path(self._path)
        self._videos: list[VideoView] = []
        self._open: VideoTimeline | None = None
        self._last_s = 0.0
        self._room = Counter(pictures=MOST_PICTURES, segments=MOST_SEGMENTS)
        self._shown: Counter[str] = Counter()  # seconds of each expression
        self._closed = False

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take one frame; without ``image``, the one that the result remembers."""
        time_s = result.time_s or 0.0
        if self._open is not None and (
            result.source != self._open.source or time_s <= self._last_s
        ):
            self._finish(self._open)
            self._open = None
        video = self._open = self._open or VideoTimeline(result.source)
        self._last_s = time_s
        pictures: dict[int, bytes] = {}
        if self._pictures:
            new = [
                reading.face
                for reading in result
                if reading.face.track_id is not None and video.is_new(reading)
            ]
            if new and image is None:
                image = result.remembered()
            if image is not None:
                pictures = {face.track_id or 0: _picture(image, face) for face in new}
        video.add(result, pictures)

    def close(self) -> None:
        """Write the page. A second call does nothing. Raises ``OutputError``."""
        if self._closed:
            return
        self._closed = True
        if self._open is not None:
            self._finish(self._open)
        self._open = None
        script = _SCRIPT.read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        people = sum(len(video.people) + video.others for video in self._videos)
        seconds = sum(self._shown.values())
        html = render(
            "video.html",
            _title(self._videos),
            Origin(self._command, "", ""),
            {},
            {},
            videos=self._videos,
            people=people,
            seconds=sum(video.seconds for video in self._videos),
            frames=sum(video.frames for video in self._videos),
            most=[(name, f"{part / seconds:.0%}") for name, part in self._shown.most_common(1)]
            if seconds
            else [],
            full=not all(count > 0 for count in self._room.values()),
            script=script,
            digest=digest,
        )
        write_report(self._path, html)

    def _finish(self, video: VideoTimeline) -> None:
        video.end()
        for person in video.people.values():
            self._shown.update(person.shown)
            if self._room["segments"] < len(person.segments):
                person.left_out += len(person.segments)
                person.segments = []
            self._room["segments"] -= len(person.segments)
            for segment in person.segments:
                segment.picture = segment.picture if self._room["pictures"] > 0 else b""
                self._room["pictures"] -= bool(segment.picture)
        file, offset_s = self._drawn, video.begin_s
        if file is None:
            source = video.source
            file, offset_s = (source if source and os.path.isfile(source) else None), 0.0  # noqa: PTH113
        address = "" if file is None else address_of(file, self._path)
        self._videos.append(view_of(video, address, offset_s))


def _title(videos: list[VideoView]) -> str:
    if len(videos) == 1:
        return f"Expressions in {videos[0].name.replace(os.sep, '/').rpartition('/')[2]}"
    return f"Expressions in {len(videos):,} videos"


def _picture(image: Image, face: Face) -> bytes:
    """A JPEG file of the face, upright; empty where its box lies outside the picture."""
    box, (height, width) = face.box, image.shape[:2]
    half = _AROUND / 2 * max(box.width, box.height)
    x, y = box.center
    left, top = max(0, round(x - half)), max(0, round(y - half))
    part = image[top : min(height, round(y + half)), left : min(width, round(x + half))]
    if not part.size:
        return b""
    part = np.rot90(part, face.quarter_turns)
    scale = PICTURE_SIDE / max(part.shape[:2])
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(part[:, :, ::-1]), size, interpolation=way)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
