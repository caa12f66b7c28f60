"""Random square views of pictures with marked faces, which a detector learns from."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.preprocess.letterbox import PADDING
from mien.train.detection.config import DetectorConfig

Boxes = NDArray[np.float32]
FACE_VIEW_SHARE = 0.8
"""Share of the views that are placed around a face if the picture has one."""
MIN_VISIBLE = 0.5
"""A face is ignored if less than this share of its area lies in the view."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class TrainingView(NamedTuple):
    """A view and the faces in it; boxes are x1, y1, x2, y2 in pixels of the view."""

    image: NDArray[np.uint8]
    """(S, S, 3) RGB."""
    boxes: Boxes
    """(N, 4) faces to find."""
    ignored: Boxes
    """(K, 4) faces that are neither to find nor background."""


def random_view(
    image: NDArray[np.uint8],
    boxes: Boxes,
    ignored: NDArray[np.bool_],
    config: DetectorConfig,
    rng: np.random.Generator,
) -> TrainingView:
    """A random view of ``image``, (H, W, 3) RGB, with faces ``boxes`` (N, 4), ``ignored`` (N,).

    The picture is resized as in use, times a random factor, and a square is cropped from it at
    random, most often around a face; the rest of a square larger than the picture is grey.
    """
    scale = _scale(image, config) * np.exp(rng.uniform(*np.log(config.zoom)))
    faces = boxes[~ignored]
    around = None
    if len(faces) and rng.random() < FACE_VIEW_SHARE:
        face = faces[rng.integers(len(faces))]
        around = (face[:2] + face[2:]) / 2 * scale
    height, width = image.shape[:2]
    x = _offset(width * scale, config.view, None if around is None else around[0], rng)
    y = _offset(height * scale, config.view, None if around is None else around[1], rng)
    pixels = _cut(image, scale, x, y, config.view)
    moved = boxes * scale - np.array([x, y, x, y], np.float32)
    if config.flip and rng.random() < 0.5:
        pixels = pixels[:, ::-1]
        moved = np.stack(
            [config.view - moved[:, 2], moved[:, 1], config.view - moved[:, 0], moved[:, 3]], 1
        )
    inside = moved.clip(0, config.view).astype(np.float32)
    share = _area(inside) / np.maximum(_area(moved), 1e-6)
    is_box = (inside[:, 2:] - inside[:, :2] >= 1).all(1)
    unclear = ignored | (share < MIN_VISIBLE) | (np.sqrt(_area(inside)) < config.min_face)
    return TrainingView(
        _change_colours(pixels, config, rng), inside[is_box & ~unclear], inside[is_box & unclear]
    )


def _scale(image: NDArray[np.uint8], config: DetectorConfig) -> float:
    """The factor that ``letterbox`` resizes by."""
    height, width = image.shape[:2]
    return float(min(config.short_side / min(height, width), config.long_side / max(height, width)))


def _offset(length: float, side: int, around: float | None, rng: np.random.Generator) -> float:
    """Start of the view along one axis of the resized picture; negative: it starts before it."""
    if length <= side:
        return -float(rng.uniform(0, side - length))
    low, high = 0.0, length - side
    if around is not None:  # the centre of the face lies in the inner part of the view
        low, high = max(low, around - 0.9 * side), min(high, around - 0.1 * side)
    return float(rng.uniform(low, high)) if high > low else float(np.clip(low, 0, length - side))


def _cut(
    image: NDArray[np.uint8], scale: float, x: float, y: float, side: int
) -> NDArray[np.uint8]:
    """The square of ``side`` pixels at (x, y) of ``image`` resized by ``scale``."""
    height, width = image.shape[:2]
    # Only the needed part of the picture is resized: whole source pixels, a few beyond the square.
    left, top = max(0, int(x / scale) - 1), max(0, int(y / scale) - 1)
    right = min(width, int(np.ceil((x + side) / scale)) + 1)
    bottom = min(height, int(np.ceil((y + side) / scale)) + 1)
    part = image[top:bottom, left:right]
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(part), size, interpolation=method)
    out = np.full((side, side, 3), PADDING, np.uint8)
    dx, dy = round(left * scale - x), round(top * scale - y)  # of the part, within the view
    target = np.s_[max(0, dy) : max(0, dy + size[1]), max(0, dx) : max(0, dx + size[0])]
    room = out[target]
    from_y, from_x = max(0, -dy), max(0, -dx)
    room[:] = resized[from_y : from_y + room.shape[0], from_x : from_x + room.shape[1]]
    return out


def _change_colours(
    pixels: NDArray[np.uint8], config: DetectorConfig, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The pixels with other brightness, contrast and saturation, or in grey."""
    grey = rng.random() < config.grey
    if not config.colour and not grey:
        return np.ascontiguousarray(pixels)
    x = pixels.astype(np.float32)
    luma = (x @ LUMA)[:, :, None]  # (S, S, 1)
    brightness, contrast, saturation = 1 + config.colour * rng.uniform(-1, 1, 3)
    x = luma + (0.0 if grey else saturation) * (x - luma)
    mean = float(luma.mean())
    x = (x - mean) * contrast + mean * brightness
    return np.asarray(x.clip(0, 255), np.uint8)


def _area(boxes: Boxes) -> NDArray[np.float32]:
    sides = (boxes[:, 2:] - boxes[:, :2]).clip(min=0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)
