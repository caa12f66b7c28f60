"""Records what a source shows of enrolled persons: a video, a camera, or a folder of photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, InputError, VideoReadError
from mien.log.database import Log
from mien.log.recording.camera import record_camera
from mien.log.recording.photos import record_photos
from mien.log.recording.video import record_video
from mien.log.recording.wish import Done, Meter, Report, Wish, check_wish
from mien.log.sessions import Setup
from mien.media.camera.events import CameraEvent
from mien.media.video.sources import expand_videos

if TYPE_CHECKING:
    from mien.pipeline import Recognizer


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
        record_camera(log, wish, recognizer, setup, on_event, on_frame, done, is_over)
    elif wish.kind == "photos":
        record_photos(log, wish, recognizer, setup, on_error, on_frame, done)
    else:
        found = list(expand_videos([wish.source]))
        if wish.start is not None and len(found) > 1:
            raise ConfigError(f"--start is for one video, and there are {len(found)}: give one")
        for path in found:
            try:
                record_video(log, wish, path, recognizer, setup, on_error, on_frame, done)
            except (VideoReadError, InputError) as error:
                if len(found) == 1:
                    raise
                on_error(error)
    return done
