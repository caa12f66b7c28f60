"""From face crop to network input: the one way, for training and for inference.

``frames`` and ``normalise`` are the two halves of ``network_input``; training puts its augmentation
between them and otherwise calls the very same code.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.spec import ModelSpec


def network_input(crops: Sequence[NDArray[np.uint8]], spec: ModelSpec) -> NDArray[np.float32]:
    """Face crops → (N, C, S, S) float32, ready for the network that ``spec`` describes.

    ``crops``: square (H, W) grey or (H, W, 3) RGB uint8 pictures of any size, framed as
    ``mien.align.face_crop`` frames them.
    """
    return normalise(frames(crops, spec), spec)


def frames(crops: Sequence[NDArray[np.uint8]], spec: ModelSpec) -> NDArray[np.uint8]:
    """Face crops → (N, R, R, C) uint8 in the network's colours, R = ``spec.resize``."""
    side = spec.resize or spec.input_size
    out = np.empty((len(crops), side, side, spec.channels), np.uint8)
    for crop, frame in zip(crops, out, strict=True):
        frame[...] = resize(_colours(crop, spec.channels), side).reshape(frame.shape)
    return out


def normalise(frames: NDArray[np.uint8], spec: ModelSpec) -> NDArray[np.float32]:
    """(N, R, R, C) uint8 frames → the centre (N, C, S, S) float32, less mean, over std."""
    cut = (frames.shape[1] - spec.input_size) // 2
    stop = cut + spec.input_size
    centre = frames[:, cut:stop, cut:stop].transpose(0, 3, 1, 2)  # (N, C, S, S)
    mean = np.array(spec.mean, np.float32)[:, None, None]
    std = np.array(spec.std, np.float32)[:, None, None]
    # One multiply and one add a pixel: (x / 255 - mean) / std.
    return np.ascontiguousarray(centre * (1 / (255 * std)) - mean / std, np.float32)


def resize(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """To ``side``×``side`` pixels, by area where it shrinks (no aliasing), bilinear where it grows."""
    if image.shape[:2] == (side, side):
        return image
    shrinks = image.shape[0] > side
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=method), np.uint8)


def _colours(crop: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    if channels == 1 and crop.ndim == 3:
        return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
    if channels == 3 and crop.ndim == 2:
        return np.asarray(cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB), np.uint8)
    return crop
