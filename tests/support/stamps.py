"""Times written into pictures, in squares that survive JPEG and H.264."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BITS, SIDE = 40, 16
"""Squares and their sides in pixels: the last rows of a picture that is 640 pixels wide."""


def stamp(image: NDArray[np.uint8], time_us: int) -> None:
    """Write a time in microseconds into the last rows of an (H, 640, 3) image."""
    bits = [time_us >> bit & 1 for bit in range(BITS)]
    image[-SIDE:] = np.repeat(np.array(bits, np.uint8) * 255, SIDE)[:, None]


def stamp_of(image: NDArray[np.uint8]) -> int:
    """The time in it, modulo 2**BITS."""
    squares = image[-SIDE:].reshape(SIDE, BITS, SIDE, 3)[4:-4, :, 4:-4].mean(axis=(0, 2, 3))
    return sum(1 << bit for bit, level in enumerate(squares) if level > 127)
