"""A picture in many sizes: levels for a sliding window, and patches of one size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MIN_SIDE = 12  # pixels of the shorter side of the smallest copy
REMAP_LIMIT = (1 << 15) - 2  # pixels of the longest side that cv2.remap accepts


class Pyramid(Protocol):
    """Levels and patches of ``image``, (H, W, 3) uint8, contiguous in memory."""

    def __init__(self, image: Array) -> None: ...

    def levels(self, scale: float, factor: float, least: int) -> Iterator[tuple[Array, Array]]:
        """Smaller and smaller copies with their scales (2,), for x and y.

        The first is ``scale`` times the picture's size, each further one ``factor`` times the
        size of the one before, as long as both sides are at least ``least``.
        """
        ...

    def patches(self, boxes: Array, size: int) -> Array:
        """The parts of the picture under ``boxes`` (N, 4): (N, size, size, 3), 0 to 255.

        Bilinear between the four nearest pixels, mid-grey outside the picture.
        """
        ...


class FastPyramid:
    """A pyramid in uint8, made from copies that are each half the size of the one before.

    Halving takes a tenth of the time of any other ratio. Levels and patches are then made from the
    smallest copy that is large enough. The copies take a third of the picture's memory.
    """

    def __init__(self, image: Array) -> None:
        self.copies = [image]
        while min(half := [side // 2 for side in self.copies[-1].shape[:2]]) >= MIN_SIDE:
            even = self.copies[-1][: 2 * half[0], : 2 * half[1]]  # drops an odd last row or column
            self.copies.append(cv2.resize(even, half[::-1], interpolation=cv2.INTER_AREA))

    def levels(self, scale: float, factor: float, least: int) -> Iterator[tuple[Array, Array]]:
        """As in ``Pyramid``: uint8; the scales take into account that sides are whole pixels."""
        height, width = self.copies[0].shape[:2]
        while min(size := (int(width * scale), int(height * scale))) >= least:
            step = min(int(np.log2(1 / scale)), len(self.copies) - 1)
            copy = self.copies[step]
            covered = np.array(copy.shape[1::-1]) << step  # pixels of the picture
            yield cv2.resize(copy, size, interpolation=cv2.INTER_AREA), size / covered
            scale *= factor

    def patches(self, boxes: Array, size: int) -> Array:
        """As in ``Pyramid``: uint8, each from the smallest copy that has enough pixels.

        Sampling single pixels far apart from the full picture would make patches of large faces
        noisy.
        """
        image = self.copies[0]
        if max(image.shape[:2]) > REMAP_LIMIT:
            return ExactPyramid(image).patches(boxes, size).round().astype(np.uint8)
        x, y = grid(image, boxes, size)
        ratio = (boxes[:, 2] - boxes[:, 0]) / size
        steps = np.log2(ratio.clip(1)).astype(int).clip(max=len(self.copies) - 1)
        out = np.empty((len(boxes), size, size, 3), np.uint8)
        for step in np.unique(steps):
            mine = np.flatnonzero(steps == step)
            # Whole numbers are the centres of pixels, in a copy as in the picture.
            across = ((x[mine] + 0.5) / (1 << step) - 0.5).astype(np.float32)  # (n, S)
            down = ((y[mine] + 0.5) / (1 << step) - 0.5).astype(np.float32)
            # All patches in one call, stacked vertically: (n * S, S, 3)
            stacked = cv2.remap(
                self.copies[step],
                np.repeat(across, size, axis=0),
                np.repeat(down.reshape(-1, 1), size, axis=1),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            out[mine] = stacked.reshape(-1, size, size, 3)
        outside_x, outside_y = outside(image, x, y)
        for i in np.flatnonzero(outside_x.any(axis=1) | outside_y.any(axis=1)):
            out[i, outside_y[i]] = 127
            out[i, :, outside_x[i]] = 127
        return out


class ExactPyramid:
    """A pyramid in float32, made from the picture as the package ``mtcnn`` 1.0.0 does it."""

    def __init__(self, image: Array) -> None:
        self.image = image

    def levels(self, scale: float, factor: float, least: int) -> Iterator[tuple[Array, Array]]:
        """As in ``Pyramid``: float32, with the requested scales."""
        height, width = self.image.shape[:2]
        image = self.image.astype(np.float32)
        while min(size := (int(width * scale), int(height * scale))) >= least:
            yield cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.array([scale, scale])
            scale *= factor

    def patches(self, boxes: Array, size: int) -> Array:
        """As in ``Pyramid``: float32; TensorFlow's ``crop_and_resize``."""
        height, width = self.image.shape[:2]
        x, y = grid(self.image, boxes, size)
        outside_x, outside_y = outside(self.image, x, y)
        x, y = x.clip(0, width - 1), y.clip(0, height - 1)
        left, top = x.astype(np.intp), y.astype(np.intp)
        right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
        dx = (x - left).astype(np.float32)[:, None, :, None]
        dy = (y - top).astype(np.float32)[:, :, None, None]

        pixels = self.image.reshape(-1, 3)

        def pixels_at(row: Array, column: Array) -> Array:
            # take needs a quarter of the time of pixels[...]
            index = row[:, :, None] * width + column[:, None, :]  # (N, S, S)
            return np.asarray(pixels.take(index, axis=0), np.float32)  # (N, S, S, 3)

        def interpolate(first: Array, second: Array, share: Array) -> Array:
            second -= first
            second *= share
            second += first
            return second

        upper = interpolate(pixels_at(top, left), pixels_at(top, right), dx)
        lower = interpolate(pixels_at(bottom, left), pixels_at(bottom, right), dx)
        out = interpolate(upper, lower, dy)
        out[outside_y[:, :, None] | outside_x[:, None, :]] = 127.5
        return out


def grid(image: Array, boxes: Array, size: int) -> tuple[Array, Array]:
    """The fractional columns (N, size) and rows (N, size) of ``image`` that patches sample."""
    height, width = image.shape[:2]
    steps = np.linspace(0, 1, size)
    x = (boxes[:, 0:1] + (boxes[:, 2:3] - boxes[:, 0:1]) * steps) * ((width - 1) / width)
    y = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * ((height - 1) / height)
    return x, y


def outside(image: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Which of the columns ``x`` and rows ``y`` are outside ``image``."""
    height, width = image.shape[:2]
    return (x < 0) | (x > width - 1), (y < 0) | (y > height - 1)
