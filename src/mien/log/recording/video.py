"""Records a video file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import InputError
from mien.log.database import Log
from mien.log.dating import video_time
from mien.log.recording.resuming import resume_ms
from mien.log.recording.wish import Done, Meter, Report, Wish
from mien.log.sessions import Source, file_sha256
from mien.log.sink import LogSink, Recording
from mien.log.times import FromStart, Zone, parse_time
from mien.media.video.reader import open_video

if TYPE_CHECKING:
    from mien.pipeline import Recognizer


def record_video(
    log: Log, wish: Wish, path: str, recognizer: Recognizer, setup: Any, on_error: Report,
    on_frame: Meter, done: Done,
) -> None:  # fmt: skip
    """Record one video from where an earlier recording ended.

    Raises ``InputError`` for one whose time is not known, or that is recorded to its end, and
    ``VideoReadError``.
    """
    if not Path(path).is_file():  # its reader says what is wrong with it
        open_video(path).close()
        raise InputError(f"{path!r} is no file of one video: give a file, or a folder of photos")
    start_ms, zone, time_from = _video_start(path, wish)
    source = Source("video", path, file_sha256(Path(path)), time_from)
    last = resume_ms(log, source, wish)
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
