"""Frames of one connection → results, with its own tracker and smoother, and into the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mien.errors import InputError, MienError
from mien.files import Closing
from mien.media.images import read_image
from mien.media.video.reader import Frame
from mien.pipeline import Recognizer
from mien.registry import DEFAULT_DETECTOR
from mien.server.context import Context
from mien.server.live.inbox import Sent
from mien.server.log_visit import NO_LOG
from mien.server.problems import Problem
from mien.types import Result

if TYPE_CHECKING:
    from mien.log.sink import LogSink

SOURCE = "live"
PLACE = "live page"
"""Where the camera stands, unless the client says."""
_JPEG = b"\xff\xd8\xff"


class LiveStream(Closing):
    """One connection. Its methods block, and are called one at a time, in any thread."""

    def __init__(self, context: Context, actor: str, smooth: float) -> None:
        """``actor``: who records, for the audit trail."""
        self._context, self._actor, self._smooth = context, actor, smooth
        self._frame: Frame | None = None
        self._count = 0
        self._results = self._watch()
        self._sink: LogSink | None = None
        self.person: str | None = None
        """Who is recorded."""

    def read(self, sent: Sent) -> Result:
        """The result of a frame, recorded if somebody is.

        Raises ``ImageReadError`` for what is no picture, and what ``LogSink`` raises; recording
        has ended then.
        """
        if not sent.data.startswith(_JPEG):
            raise InputError("a frame must be a JPEG file: send canvas.toBlob(…, 'image/jpeg')")
        image = read_image(sent.data, max_pixels=self._context.settings.limits.frame_pixels)
        self._frame = Frame(image, self._count, sent.time_s, live=True)
        self._count += 1
        try:
            return next(self._results)
        except BaseException:
            self._results = self._watch()  # the one that raised has ended
            raise

    def record(self, result: Result) -> None:
        """Record the newest result, if somebody is recorded. Raises what ``LogSink`` raises."""
        if self._sink is None:
            return
        from mien.log.audit import acting_as

        try:
            with acting_as(self._actor):
                self._sink.write(result, result.remembered())
        except MienError:
            self._forget()
            raise

    def start(self, person: str, place: str = PLACE) -> None:
        """Record a person from the next frame on; whoever was recorded before is not any more.

        Raises ``Problem`` 404 without a log, ``NotFoundError``, ``NoConsentError`` and
        ``ConflictError``.
        """
        log = self._context.log
        if log is None:
            raise Problem(404, NO_LOG)
        self.stop()
        from mien.log.persons import check_consent
        from mien.log.sessions import Source
        from mien.log.sink import LogSink, Recording
        from mien.log.times import LiveClock, Zone

        with log.read() as connection:
            check_consent(connection, person)
        self._context.live.begin_recording(person)
        self.person = person
        try:
            recording = Recording(
                Source("camera", SOURCE), self._setup(place), {person: None}, LiveClock(), Zone()
            )
            self._sink = LogSink(log, recording)
        except BaseException:
            self._forget()
            raise

    def stop(self) -> None:
        """End recording, and store what was recorded last. Raises what ``LogSink`` raises."""
        sink = self._sink
        self._forget()
        if sink is None:
            return
        from mien.log.audit import acting_as

        with acting_as(self._actor):
            sink.close()

    def close(self) -> None:
        """End recording and the stream."""
        try:
            self.stop()
        finally:
            self._results.close()  # type: ignore[attr-defined]  # a generator

    def _forget(self) -> None:
        if self.person is not None:
            self._context.live.end_recording(self.person)
        self._sink = self.person = None

    def _watch(self) -> Iterator[Result]:
        recognizer: Recognizer = self._context.recognizer
        return recognizer.watch(self._frames(), SOURCE, smooth=self._smooth)

    def _frames(self) -> Iterator[Frame]:
        while self._frame is not None:
            yield self._frame

    def _setup(self, place: str) -> Any:
        from mien.log.sessions import setup_maker

        options = {
            "model": "default", "detector": DEFAULT_DETECTOR, **self._context.settings.recognizer,
        }  # fmt: skip
        make = setup_maker(self._context.recognizer, options)
        return make(place, {"smooth": self._smooth, "detect_every": 1, "hold_s": 1.0})
