"""The parts of MTCNN's cascade that are no network: pyramid, patches, arithmetic of boxes.

Each of the first two comes twice: fast, and as the reference implementation does it (``exact_…``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

REMAP_LIMIT = (1 << 15) - 2  # longest side of a picture that cv2.remap takes


def pyramid(image: Array, scale: float, factor: float, least: int) -> Iterator[tuple[Array, Array]]:
    """Smaller and smaller uint8 copies while both sides are ``least`` or more, with their scales.

    The first is ``scale`` times as large as ``image``, each next one ``factor`` times as large as
    that before it. A level's own scale (2,), for x and y, is exact to its whole number of pixels.
    """
    height, width = image.shape[:2]
    halved, times = image, 1  # times: how often smaller than the picture
    while min(size := (int(width * scale), int(height * scale))) >= least:
        while scale * times <= 0.5:
            # By two, pixels are averaged in a tenth of the time of any other ratio; no level is
            # then far from what it is resized from. An odd row or column is left out.
            rows, columns = halved.shape[0] // 2, halved.shape[1] // 2
            even = halved[: 2 * rows, : 2 * columns]
            halved = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
            times *= 2
        covered = np.array(halved.shape[1::-1]) * times
        yield cv2.resize(halved, size, interpolation=cv2.INTER_AREA), size / covered
        scale *= factor


def exact_pyramid(
    image: Array, scale: float, factor: float, least: int
) -> Iterator[tuple[Array, Array]]:
    """``pyramid`` as the reference has it: float32, each level resized from the whole picture."""
    height, width = image.shape[:2]
    image = image.astype(np.float32)
    while min(size := (int(width * scale), int(height * scale))) >= least:
        yield cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.array([scale, scale])
        scale *= factor


def patches(image: Array, boxes: Array, size: int) -> Array:
    """What lies under ``boxes`` (N, 4), resized to (N, size, size, 3) float32 pixels.

    Bilinear between the four nearest pixels, without smoothing, mid-grey outside of the picture.
    """
    height, width = image.shape[:2]
    if not len(boxes) or max(height, width) > REMAP_LIMIT:
        return exact_patches(image, boxes, size)
    x, y = _grid(image, boxes, size)
    shape = (len(boxes), size, size)
    across = np.broadcast_to(x[:, None, :], shape).reshape(-1, size).astype(np.float32)
    down = np.broadcast_to(y[:, :, None], shape).reshape(-1, size).astype(np.float32)
    # One call for all patches, one below the other: (N * S, S, 3)
    found = cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out = found.reshape(*shape, 3).astype(np.float32)
    outside_x, outside_y = (x < 0) | (x > width - 1), (y < 0) | (y > height - 1)
    for i in np.flatnonzero(outside_x.any(axis=1) | outside_y.any(axis=1)):
        out[i, outside_y[i]] = 127.5
        out[i, :, outside_x[i]] = 127.5
    return out


def exact_patches(image: Array, boxes: Array, size: int) -> Array:
    """``patches`` as the reference has it, by TensorFlow's ``crop_and_resize``: no rounding."""
    height, width = image.shape[:2]
    x, y = _grid(image, boxes, size)
    outside_x, outside_y = (x < 0) | (x > width - 1), (y < 0) | (y > height - 1)
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    dx = (x - left).astype(np.float32)[:, None, :, None]
    dy = (y - top).astype(np.float32)[:, :, None, None]

    pixels = image.reshape(-1, 3)

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


def _grid(image: Array, boxes: Array, size: int) -> tuple[Array, Array]:
    """Columns (N, size) and rows (N, size) of ``image``, not whole, that patches are read from."""
    height, width = image.shape[:2]
    steps = np.linspace(0, 1, size)
    x = (boxes[:, 0:1] + (boxes[:, 2:3] - boxes[:, 0:1]) * steps) * ((width - 1) / width)
    y = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * ((height - 1) / height)
    return x, y


def squared(boxes: Array) -> Array:
    """``boxes`` (N, 4) grown about their centres until they are as wide as high."""
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2  # (N, 1)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([center - half, center + half], axis=1)


def moved(boxes: Array, offsets: Array) -> Array:
    """``boxes`` (N, 4) after bounding-box regression: ``offsets`` are in parts of their sides."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1  # the reference counts pixels, both ends included
    boxes = boxes + offsets * np.tile(sides, 2)
    return boxes


def accepted(boxes: Array, scores: Array, threshold: float) -> Array:
    """(N,) bool: scored above ``threshold``, and still a box after its sides have moved."""
    return (scores > threshold) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)


def suppress(boxes: Array, scores: Array, threshold: float, of_smaller: bool = False) -> Array:
    """Non-maximum suppression: the indices of the boxes (N, 4) that stay, best score first.

    A box goes where a better one overlaps it by more than ``threshold`` of their union, or of the
    smaller of the two. As in the reference, one that has gone still removes others.
    """
    order = np.argsort(-scores, kind="stable")
    # From left to right, so that each block need only look at its neighbours: a crowd brings tens
    # of thousands of proposals, too many to compare each with all others.
    rank = np.argsort(boxes[order, 0], kind="stable")  # 0 is the best score
    x1, y1, x2, y2 = boxes[order[rank]].T
    area = (x2 - x1) * (y2 - y1)
    reach = np.maximum.accumulate(x2)
    keep = np.ones(len(order), dtype=bool)
    for start in range(0, len(order), 256):
        stop = min(start + 256, len(order))
        near = slice(np.searchsorted(reach, x1[start]), np.searchsorted(x1, x2[start:stop].max()))
        mine = np.s_[start:stop, None]
        width = np.minimum(x2[mine], x2[near]) - np.maximum(x1[mine], x1[near])  # (256, M)
        height = np.minimum(y2[mine], y2[near]) - np.maximum(y1[mine], y1[near])
        shared = width.clip(0) * height.clip(0)
        union = area[mine] + area[near] - shared
        whole = np.minimum(area[mine], area[near]) if of_smaller else union
        over = (shared > threshold * whole) & (rank[near] < rank[mine])
        keep[rank[start:stop]] = ~over.any(axis=1)
    return order[keep]
