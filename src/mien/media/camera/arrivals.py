"""What comes from a connection with a camera: pictures, and then an end."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

ENDED = 64
"""Exit status of a reading process that has said why in ``Slots.end``."""
OVER = "the stream ended"
UNPLUGGED = "cannot be opened: check that it is plugged in, and that nothing else uses it"
UNOPENED = "cannot be opened: check that it is on, its address, user and password"
FROZEN = "the picture is frozen"
TOO_LARGE = "its frames have too many pixels: set a smaller size in the camera"
NO_PICTURES = "what it sends has no JPEG pictures: set MJPEG in the camera"
NO_MEMORY = "there is too little memory for its frames in /dev/shm"


class Picture(NamedTuple):
    """One that has arrived."""

    bgr: NDArray[Any]
    """(H, W, 3) uint8."""
    time_ns: int
    """When, on the clock of ``time.monotonic_ns``."""
    came: int
    """How many have arrived since the last one: more than 1 where decoding is too slow for all."""


class StreamError(Exception):
    """No more come. The text says why, in words that follow the name of the camera."""
