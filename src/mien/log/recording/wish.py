"""What is to be recorded of whom, whether that can be, and what was recorded."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mien.errors import ConfigError, MienError
from mien.log.database import Log
from mien.log.persons import check_consent, check_pictures
from mien.log.pictures import check_possible
from mien.log.shown import Region, check_regions
from mien.log.sink import LogSink
from mien.log.times import Zone
from mien.media.camera.address import SCHEMES
from mien.media.video.sources import expand_videos
from mien.tracking.smoothing import TIME_CONSTANT_S

PHOTO_S = 1.0
"""Seconds that a photo counts for."""
_MOST_HOLD_S = 86_400.0
_CAMERA = re.compile(rf"\d{{1,2}}|({'|'.join(SCHEMES)})://.*", re.I | re.A)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is recorded of whom, and how."""

    source: str
    """A video, a folder of videos or of photos, or a camera: its number or address."""
    persons: Mapping[str, Region | None]
    start: str | None = None
    """When a video began, if its container does not say or is wrong."""
    zone: Zone = field(default_factory=Zone)
    """Of local times."""
    place: str | None = None
    """Where the camera stands, by any name: values of two places are not compared."""
    fps: float | None = None
    """Analyse at most so many frames a second."""
    seconds: float | None = None
    """Of a camera: how long."""
    smooth: float = TIME_CONSTANT_S
    """As of ``Recognizer.watch``."""
    detect_every: int = 1
    """As of ``Recognizer.watch``."""
    classify_every: float = 0.0
    """As of ``Recognizer.watch``."""
    keep_readings: bool = False
    keep_pictures: bool = False
    """Of a camera: pictures of the persons too (``mien.log.pictures``)."""
    max_pixels: int | None = None

    @property
    def kind(self) -> str:
        """``camera``, ``photos`` or ``video``."""
        if _CAMERA.fullmatch(self.source):
            return "camera"
        if not os.path.isdir(self.source):  # noqa: PTH112 - never raises
            return "video"
        return "photos" if list(expand_videos([self.source])) == [self.source] else "video"

    @property
    def settings(self) -> dict[str, Any]:
        """What values depend on beside model and detector."""
        if self.kind == "photos":
            return {"hold_s": PHOTO_S}
        follow = {"smooth": self.smooth, "detect_every": self.detect_every, "fps": self.fps}
        if self.classify_every:  # setups of before have no such setting
            follow["classify_every"] = self.classify_every
        return {**follow, "hold_s": self.hold_s}

    @property
    def hold_s(self) -> float:
        """The longest time that a frame counts for."""
        return max(1.0, min(1.5 / self.fps, _MOST_HOLD_S)) if self.fps else 1.0


@dataclass(slots=True)
class Done:
    """What a recording has stored. Seconds are summed over persons."""

    sources: int = 0
    windows: int = 0
    watched_s: float = 0.0
    seen_s: float = 0.0
    usable_s: float = 0.0

    def add(self, sink: LogSink) -> None:
        """Count what a sink has stored."""
        self.sources += 1
        self.windows += sink.windows
        self.watched_s += sink.watched_s
        self.seen_s += sink.seen_s
        self.usable_s += sink.usable_s


Report = Callable[[MienError], None]
Meter = Callable[[int, int | None], None]


def check_wish(log: Log, wish: Wish) -> None:
    """Raise ``ConfigError`` or ``InputError`` for a recording that cannot begin."""
    if not wish.persons:
        raise ConfigError("nobody is to be recorded: give --person")
    check_regions(wish.persons)
    if wish.seconds is not None and wish.kind != "camera":
        raise ConfigError("--for ends the recording of a camera: leave it out")
    if wish.start is not None and wish.kind != "video":
        raise ConfigError(f"--start is for videos, and {wish.kind} have times: leave it out")
    if wish.keep_pictures:
        if wish.kind != "camera":
            raise ConfigError(
                f"pictures are kept of a camera alone, and {wish.source!r} is there already: keep "
                "it, and 'mien log reanalyse' reads a video again"
            )
        check_possible(log)
    check = check_pictures if wish.keep_pictures else check_consent
    with log.read() as connection:
        for name in wish.persons:
            check(connection, name)
