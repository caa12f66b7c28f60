"""Records a folder of photos that say when they were taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mien.errors import ImageReadError, InputError, MienError
from mien.log.database import Log
from mien.log.dating import Taken, photo_time
from mien.log.recording.resuming import resume_ms
from mien.log.recording.wish import PHOTO_S, Done, Meter, Report, Wish
from mien.log.sessions import Source
from mien.log.sink import LogSink, Recording
from mien.log.times import FromStart, Zone
from mien.media.images import read_image
from mien.media.inputs import expand
from mien.media.video.reader import Frame

if TYPE_CHECKING:
    from mien.pipeline import Recognizer


def record_photos(
    log: Log, wish: Wish, recognizer: Recognizer, setup: Any, on_error: Report, on_frame: Meter,
    done: Done,
) -> None:  # fmt: skip
    """Record the photos that are later than those of an earlier recording.

    Raises ``InputError`` where there are none.
    """
    source = Source("photos", os.path.abspath(wish.source), time_from="exif")  # noqa: PTH100
    last = resume_ms(log, source, wish, whole_ends=False)
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
