"""A picture in many sizes: levels that a small window slides over, and patches of one size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LEAST = 12  # pixels of the shorter side of the smallest copy
REMAP_LIMIT = (1 << 15) - 2  # pixels of the longest side that cv2.remap takes


class Pyramid(Protocol):
    """Made of ``image``, (H, W, 3) uint8, whose values lie one after the other in memory."""

    def __init__(self, image: Array) -> None: ...

    def levels(self, scale: float, factor: float, least: int) -> Iterator[tuple[Array, Array]]:
        """Smaller and smaller copies with their scales (2,), for x and y.

        The first is ``scale`` times as large as the picture, each next one ``factor`` times as
        large as that before it, while both sides are ``least`` or more.
        """
        ...

    def patches(self, boxes: Array, size: int) -> Array:
        """What lies under ``boxes`` (N, 4), resized to (N, size, size, 3), 0 to 255.

        Bilinear between the four nearest pixels, mid-grey outside of the picture.
        """
        ...


class FastPyramid:
    """In uint8, by way of copies each half as large as the one before.

    By two, pixels are averaged in a tenth of the time that any other ratio takes; all else then
    starts from a copy not much larger than what is wanted. The copies take a third of the picture's
    own memory.
    """

    def __init__(self, image: Array) -> None:
        self.copies = [image]
        while min(half := [side // 2 for side in self.copies[-1].shape[:2]]) >= LEAST:
            even = self.copies[-1][: 2 * half[0], : 2 * half[1]]  # an odd last one is left out
            self.copies.append(cv2.resize(even, half[::-1], interpolation=cv2.INTER_AREA))

    def levels(self, scale: float, factor: float, least: int) -> Iterator[tuple[Array, Array]]:
        """As in ``Pyramid``: uint8, with scales that are exact to a level's whole pixels."""
        height, width = self.copies[0].shape[:2]
        while min(size := (int(width * scale), int(height * scale))) >= least:
            step = min(int(np.log2(1 / scale)), len(self.copies) - 1)
            copy = self.copies[step]
            covered = np.array(copy.shape[1::-1]) << step  # pixels of the picture
            yield cv2.resize(copy, size, interpolation=cv2.INTER_AREA), size / covered
            scale *= factor

    def patches(self, boxes: Array, size: int) -> Array:
        """As in ``Pyramid``: uint8, each from the smallest copy in which the box is not smaller.

        Of a large face, single pixels far apart would say less, and others at every step aside.
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
            # In a copy as in the picture, whole numbers are the centres of pixels.
            across = ((x[mine] + 0.5) / (1 << step) - 0.5).astype(np.float32)  # (n, S)
            down = ((y[mine] + 0.5) / (1 << step) - 0.5).astype(np.float32)
            # All in one call, one below the other: (n * S, S, 3)
            found = cv2.remap(
                self.copies[step],
                np.repeat(across, size, axis=0),
                np.repeat(down.reshape(-1, 1), size, axis=1),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            out[mine] = found.reshape(-1, size, size, 3)
        outside_x, outside_y = outside(image, x, y)
        for i in np.flatnonzero(outside_x.any(axis=1) | outside_y.any(axis=1)):
            out[i, outside_y[i]] = 127
            out[i, :, outside_x[i]] = 127
        return out


class ExactPyramid:
    """As the package ``mtcnn`` 1.0.0 does it, to the last decimal: in float32, from the picture."""

    def __init__(self, image: Array) -> None:
        self.image = image

    def levels(self, scale: float, factor: float, least: int) -> Iterator[tuple[Array, Array]]:
        """As in ``Pyramid``: float32, with the scales that were asked for."""
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

        def at(row: Array, column: Array) -> Array:
            # take: a quarter of the time of pixels[...]
            index = row[:, :, None] * width + column[:, None, :]  # (N, S, S)
            found: Array = pixels.take(index, axis=0)  # (N, S, S, 3)
            return found.astype(np.float32)

        def between(first: Array, second: Array, part: Array) -> Array:
            second -= first
            second *= part
            second += first
            return second

        upper = between(at(top, left), at(top, right), dx)
        lower = between(at(bottom, left), at(bottom, right), dx)
        out = between(upper, lower, dy)
        out[outside_y[:, :, None] | outside_x[:, None, :]] = 127.5
        return out


def grid(image: Array, boxes: Array, size: int) -> tuple[Array, Array]:
    """The columns (N, size) and rows (N, size) of ``image``, not whole, that patches consist of."""
    height, width = image.shape[:2]
    steps = np.linspace(0, 1, size)
    x = (boxes[:, 0:1] + (boxes[:, 2:3] - boxes[:, 0:1]) * steps) * ((width - 1) / width)
    y = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * ((height - 1) / height)
    return x, y


def outside(image: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Whether columns ``x`` and rows ``y`` lie beyond the border of ``image``."""
    height, width = image.shape[:2]
    return (x < 0) | (x > width - 1), (y < 0) | (y > height - 1)
