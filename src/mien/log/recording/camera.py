"""Records a camera, live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mien.errors import VideoReadError
from mien.log.database import Log
from mien.log.recording.wish import Done, Meter, Wish
from mien.log.sessions import Source
from mien.log.sink import LogSink, Recording
from mien.log.times import LiveClock
from mien.media.camera.events import CameraEvent, Lost
from mien.media.camera.reader import open_camera
from mien.media.video.reader import Frame

if TYPE_CHECKING:
    from mien.pipeline import Recognizer


def record_camera(
    log: Log, wish: Wish, recognizer: Recognizer, setup: Any,
    on_event: Callable[[CameraEvent], None], on_frame: Meter, done: Done,
    is_over: Callable[[], bool],
) -> None:  # fmt: skip
    """Record until the camera's seconds are over, or ``is_over``. Losses of it are gaps.

    Raises ``VideoReadError`` where no frame came.
    """
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
