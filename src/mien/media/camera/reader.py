"""The newest frame of a camera, whatever happens to the connection."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from mien.errors import ConfigError
from mien.files import Closing
from mien.media.camera.address import camera_of, masked
from mien.media.camera.events import CameraEvent, Connected, Lost, Resized
from mien.media.camera.process import ReadingProcess
from mien.media.camera.slots import MOST_PIXELS
from mien.media.decoder import pixel_limit
from mien.media.video.reader import Frame

OnEvent = Callable[[CameraEvent], None]

OPEN_S = 15.0
"""Seconds in which a connection must give its first frame."""
STALL_S = 5.0
"""Seconds without a frame after which a connection is given up."""
FREEZE_S = 10.0
"""Seconds of pictures that are the same to the last bit after which a connection is given up."""
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
_STEADY_S = 10.0  # a connection that lasted so long counts as a success
_LOOK_S = 0.002  # between two looks for a frame


class Camera(Closing):
    """A camera that is being read: iterate over its frames, or ``read`` them. Of ``open_camera``.

    Each time the newest frame comes, and those that nobody took in time are counted in
    ``dropped``. For use by one thread, in a ``with`` block: another process reads the camera until
    ``close``.
    """

    def __init__(
        self, camera: int | str, seconds: float | None, on_event: OnEvent | None, limit: int,
        stall_s: float, freeze_s: float | None, is_over: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._camera, self._limit, self._freeze_s = camera, limit, freeze_s
        self._seconds, self._stall_s = seconds, stall_s
        self._on_event, self._is_over = on_event, is_over
        self.name = masked(camera)
        """What results call their source: the address without users and passwords."""
        self.frames = 0
        """Frames that have come from the camera."""
        self.dropped = 0
        """Those of them that were not taken because newer ones came."""
        self.connections = 0
        """Connections that gave a frame."""
        self.connected = False
        """Whether frames were coming when it was last read."""
        self._process: ReadingProcess | None = None
        self._first_ns: int | None = None
        self._last_s = 0.0  # time of the last frame taken
        self._size = (0, 0)  # its width and height
        self._taken = 0  # its number in this connection
        self._had_arrived = 0  # how many had arrived in this connection with it
        self._arrived = 0.0  # on the clock of time.monotonic, as are these:
        self._since = self._retry_at = 0.0
        self._failures = 0
        self._closed = False

    def __iter__(self) -> Iterator[Frame]:
        """The newest frames as they are taken, for ``seconds`` from now, or until it is over."""
        end = math.inf if self._seconds is None else time.monotonic() + self._seconds
        while not (self._closed or self._is_over()) and time.monotonic() < end:
            frame = self.read(min(end - time.monotonic(), 1.0))
            if frame is not None:
                yield frame

    def read(self, timeout_s: float = math.inf) -> Frame | None:
        """The newest frame that was not taken yet; waits for it, and for connections.

        ``None`` after ``timeout_s`` seconds without one, and once the camera is closed.
        ``Frame.index`` counts all frames from the camera, so that dropped ones leave gaps;
        ``Frame.time_s`` is its arrival in seconds since that of the first frame.
        """
        end = time.monotonic() + timeout_s
        while not self._closed:
            frame = self._look()
            if frame is not None:
                return frame
            if time.monotonic() >= end:
                return None
            time.sleep(_LOOK_S)
        return None

    def _look(self) -> Frame | None:
        """A new frame, if there is one; else look after the connection."""
        now = time.monotonic()
        process = self._process
        if process is None:
            if now >= self._retry_at:
                self._start(now)
            return None
        if process.slots.number > self._taken:
            return self._take(process)
        reason = process.end() or self._overdue(now)
        # The last frame may have come just before the end.
        if reason is not None and process.slots.number == self._taken:
            self._lose(reason, now)
        return None

    def _start(self, now: float) -> None:
        self._taken = self._had_arrived = 0
        self._since = now
        try:
            self._process = ReadingProcess(self._camera, self._limit, self._freeze_s)
        except OSError as error:
            self._lose(f"no process can be started to read it ({error.strerror or error})", now)

    def _take(self, process: ReadingProcess) -> Frame:
        newest = process.slots.newest()
        assert newest is not None
        came = newest.arrived - self._had_arrived
        self.frames += came
        self.dropped += came - 1
        self._taken, self._had_arrived = newest.number, newest.arrived
        time_s = self._time(newest.time_ns)
        height, width = newest.image.shape[:2]
        if not self.connected:
            self.connected, self.connections = True, self.connections + 1
            self._since = time.monotonic()
            self._tell(Connected(self.name, width, height, self.connections))
        elif (width, height) != self._size:
            self._tell(Resized(self.name, width, height))
        self._size = (width, height)
        self._arrived = newest.time_ns / 1e9
        return Frame(newest.image, self.frames - 1, time_s, live=True)

    def _time(self, time_ns: int) -> float:
        """Seconds since the first frame; a clock too coarse to tell two frames apart is helped."""
        if self._first_ns is None:
            self._first_ns = time_ns
        else:
            self._last_s = max((time_ns - self._first_ns) / 1e9, self._last_s + 1e-6)
        return self._last_s

    def _overdue(self, now: float) -> str | None:
        limit, last = (self._stall_s, self._arrived) if self.connected else (OPEN_S, self._since)
        return f"no frame for {limit:g} s" if now - last >= limit else None

    def _lose(self, reason: str, now: float) -> None:
        was_connected = self.connected
        self._stop()
        steady = was_connected and now - self._since >= _STEADY_S
        self._failures = 0 if steady else self._failures
        wait = min(FIRST_RETRY_S * 2**self._failures, LAST_RETRY_S)
        self._failures = min(self._failures + 1, 16)
        self._retry_at = now + wait
        self._tell(Lost(self.name, reason, wait, was_connected))

    def _tell(self, event: CameraEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)

    def _stop(self) -> None:
        self.connected = False
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
        self._closed = True
        self._stop()


def open_camera(
    source: int | str = 0,
    *,
    seconds: float | None = None,
    on_event: OnEvent | None = None,
    max_pixels: int | None = None,
    stall_s: float = STALL_S,
    freeze_s: float | None = FREEZE_S,
    is_over: Callable[[], bool] = lambda: False,
) -> Camera:
    """A camera whose newest frame can be taken at any time, as ``Frame``, in RGB.

    ``source``: the number of a webcam, or an address ``rtsp://``, ``rtsps://``, ``http://`` or
    ``https://``, which may hold a user and password. It is opened when the first frame is asked
    for. A connection that breaks, that gives no frame for ``stall_s`` seconds, or pictures without
    the least change for ``freeze_s`` (``None``: for ever) is given up, and another one is tried
    after half a second, then after twice that, up to 30 seconds, without end. ``on_event`` is told,
    in the thread that reads.

    ``seconds``: iteration ends after so many, and when ``is_over``, which is asked once a second or
    more often, in the thread that reads. ``max_pixels``: as in
    ``mien.media.images.read_image``, of 8K at most. Raises ``ConfigError`` for what is not a
    camera, and for options out of range.
    """
    camera = camera_of(source)
    limit = min(pixel_limit(max_pixels), MOST_PIXELS)
    for name, value in (("seconds", seconds), ("stall_s", stall_s), ("freeze_s", freeze_s)):
        if value is not None and not 0 < value < math.inf:
            raise ConfigError(f"{name} is {value}: give seconds, above 0")
    return Camera(camera, seconds, on_event, limit, stall_s, freeze_s, is_over)
