"""Records what a source shows of enrolled persons: a video, a camera, or a folder of photos."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, ImageReadError, InputError, MienError, VideoReadError
from mien.log.database import Log
from mien.log.dating import Taken, photo_time, video_time
from mien.log.persons import check_consent, check_pictures
from mien.log.pictures import check_possible
from mien.log.sessions import Setup, Source, file_sha256, recorded_until
from mien.log.shown import Region, check_regions
from mien.log.sink import LogSink, Recording
from mien.log.times import FromStart, LiveClock, Zone, parse_time
from mien.media.camera.address import SCHEMES
from mien.media.camera.events import CameraEvent, Lost
from mien.media.camera.reader import open_camera
from mien.media.images import read_image
from mien.media.inputs import expand
from mien.media.video.reader import Frame, open_video
from mien.media.video.sources import expand_videos
from mien.tracking.smoothing import TIME_CONSTANT_S

if TYPE_CHECKING:
    from mien.pipeline import Recognizer

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


def record(
    log: Log,
    wish: Wish,
    recognizer: Recognizer,
    setup: Callable[[str, Mapping[str, Any]], Setup],
    *,
    on_error: Report,
    on_event: Callable[[CameraEvent], None] = lambda event: None,
    on_frame: Meter = lambda number, total: None,
    done: Done | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Done:
    """Record the source. What was recorded before is skipped, and what was interrupted goes on.

    ``setup``: place and settings → the setup (``mien.log.sessions.setup_of``). ``on_error`` gets
    videos and photos that cannot be read or dated, and the others follow. ``done`` is filled as the
    recording goes on. ``is_over`` ends that of a camera. Raises ``InputError`` where everything was
    recorded before, and what ``check_wish`` and ``LogSink`` raise.
    """
    check_wish(log, wish)
    done = Done() if done is None else done
    if wish.kind == "camera":
        _record_camera(log, wish, recognizer, setup, on_event, on_frame, done, is_over)
    elif wish.kind == "photos":
        _record_photos(log, wish, recognizer, setup, on_error, on_frame, done)
    else:
        found = list(expand_videos([wish.source]))
        if wish.start is not None and len(found) > 1:
            raise ConfigError(f"--start is for one video, and there are {len(found)}: give one")
        for path in found:
            try:
                _record_video(log, wish, path, recognizer, setup, on_error, on_frame, done)
            except (VideoReadError, InputError) as error:
                if len(found) == 1:
                    raise
                on_error(error)
    return done


def _record_video(
    log: Log, wish: Wish, path: str, recognizer: Recognizer, setup: Any, on_error: Report,
    on_frame: Meter, done: Done,
) -> None:  # fmt: skip
    if not Path(path).is_file():  # its reader says what is wrong with it
        open_video(path).close()
        raise InputError(f"{path!r} is no file of one video: give a file, or a folder of photos")
    start_ms, zone, time_from = _video_start(path, wish)
    source = Source("video", path, file_sha256(Path(path)), time_from)
    last = _resume_ms(log, source, wish)
    after_s = 0.0 if last is None else max(0.0, (last + log.window_s * 1000 - start_ms) / 1000)
    video = open_video(
        path, start=after_s, fps=wish.fps, max_pixels=wish.max_pixels,
        on_error=lambda _, error: on_error(error), on_note=lambda note: None,
    )  # fmt: skip
    recording = Recording(
        source, setup(wish.place or "videos", wish.settings), wish.persons, FromStart(start_ms),
        zone, wish.hold_s, wish.keep_readings, resumes=True,
    )  # fmt: skip
    sink = LogSink(log, recording)
    try:
        with sink:
            results = recognizer.watch(
                video, path, smooth=wish.smooth, detect_every=wish.detect_every,
                classify_every=wish.classify_every,
            )  # fmt: skip
            for number, result in enumerate(results, start=1):
                sink.write(result, result.remembered())
                on_frame(number, video.expected)
    finally:
        done.add(sink)


def _video_start(path: str, wish: Wish) -> tuple[int, Zone, str]:
    if wish.start is not None:
        return *parse_time(wish.start, wish.zone), "given"
    found = video_time(Path(path), wish.zone)
    if found is None:
        has_av = "av" in sys.modules
        hint = "" if has_av else " (or install the extra 'video', which reads it from most files)"
        raise InputError(f"when {path!r} was recorded is not known: give --start{hint}")
    return *found, "container"


def _resume_ms(log: Log, source: Source, wish: Wish, whole_ends: bool = True) -> int | None:
    """Begin of the last window that is stored; ``None`` for a source that is new.

    Raises ``InputError`` for one that was recorded to its end.
    """
    lasts = {}
    with log.read() as connection:
        for name in wish.persons:
            person = check_consent(connection, name)
            whole, lasts[name] = recorded_until(connection, source, person)
            if whole and whole_ends:
                raise InputError(f"{source.name!r} is recorded already: there is nothing to add")
    if len(set(lasts.values())) > 1:
        names = " and ".join(map(repr, lasts))
        raise InputError(f"{names} are recorded up to other moments of {source.name!r}: part them")
    return next(iter(lasts.values()))


def _record_camera(
    log: Log, wish: Wish, recognizer: Recognizer, setup: Any,
    on_event: Callable[[CameraEvent], None], on_frame: Meter, done: Done,
    is_over: Callable[[], bool],
) -> None:  # fmt: skip
    sink: LogSink | None = None

    def heard(event: CameraEvent) -> None:
        on_event(event)
        if sink is not None and isinstance(event, Lost) and event.was_connected:
            sink.pause(event.reason)

    camera = open_camera(
        wish.source,
        seconds=wish.seconds,
        on_event=heard,
        max_pixels=wish.max_pixels,
        is_over=is_over,
    )
    recording = Recording(
        Source("camera", camera.name), setup(wish.place or camera.name, wish.settings),
        wish.persons, LiveClock(), wish.zone, wish.hold_s, wish.keep_readings,
        keep_pictures=wish.keep_pictures,
    )  # fmt: skip
    sink = LogSink(log, recording)
    frames = _thinned(camera, wish.fps) if wish.fps else camera
    try:
        with camera, sink:
            results = recognizer.watch(
                frames, camera.name, smooth=wish.smooth, detect_every=wish.detect_every,
                classify_every=wish.classify_every,
            )  # fmt: skip
            for number, result in enumerate(results, start=1):
                sink.write(result, result.remembered())
                on_frame(number, None)
    finally:
        done.add(sink)
    if not (camera.frames or is_over()):
        raise VideoReadError(f"no frame came from {camera.name}: check the camera")


def _thinned(frames: Any, fps: float) -> Iterator[Frame]:
    """At most ``fps`` frames a second."""
    due = 0.0
    for frame in frames:
        if frame.time_s >= due:
            due = max(due + 1 / fps, frame.time_s)
            yield frame


def _record_photos(
    log: Log, wish: Wish, recognizer: Recognizer, setup: Any, on_error: Report, on_frame: Meter,
    done: Done,
) -> None:  # fmt: skip
    source = Source("photos", os.path.abspath(wish.source), time_from="exif")  # noqa: PTH100
    last = _resume_ms(log, source, wish, whole_ends=False)
    photos = _dated(wish, on_error)
    if last is not None:
        photos = [photo for photo in photos if photo[0] >= last + log.window_s * 1000]
        if not photos:
            raise InputError(f"{wish.source!r} has no photo after those that are recorded")
    if not photos:
        raise InputError(f"{wish.source!r} has no photo that says when it was taken")
    first, _, zone = photos[0]
    recording = Recording(
        source, setup(wish.place or "photos", wish.settings), wish.persons, FromStart(first),
        zone, PHOTO_S, wish.keep_readings, resumes=True, notes_gaps=False,
    )  # fmt: skip
    sink = LogSink(log, recording)
    frames = _read(photos, wish, on_error)
    try:
        with sink:
            results = recognizer.watch(frames, source.name, track=False, smooth=0)
            for number, result in enumerate(results, start=1):
                sink.write(result, result.remembered())
                on_frame(number, len(photos))
    finally:
        done.add(sink)


def _dated(wish: Wish, on_error: Report) -> list[tuple[int, str, Zone]]:
    """(moment, path, zone) of the photos of a folder, in the order of their moments."""
    found = []
    undated = []
    for path in expand([wish.source], on_error=on_error):
        try:
            taken: Taken | None = photo_time(path, wish.zone)
        except OSError as error:
            on_error(ImageReadError(f"cannot read {path!r} ({error.strerror}): it is left out"))
            continue
        except MienError as error:
            on_error(InputError(f"{path!r} is left out: {error}"))
            continue
        if taken is None:
            undated.append(path)
        else:
            found.append((taken.time_ms, path, taken.zone))
    if undated:
        on_error(
            InputError(
                f"photos that do not say when they were taken are left out: {len(undated):,}, "
                f"such as {undated[0]!r}"
            )
        )
    return sorted(found, key=lambda photo: photo[:2])


def _read(photos: list[tuple[int, str, Zone]], wish: Wish, on_error: Report) -> Iterator[Frame]:
    """The photos as frames; those of one moment are a millisecond apart."""
    last = -1
    for index, (time_ms, path, _) in enumerate(photos):
        last = max(time_ms - photos[0][0], last + 1)
        try:
            image = read_image(path, max_pixels=wish.max_pixels)
        except ImageReadError as error:
            on_error(error)
            continue
        yield Frame(image, index, last / 1000)
