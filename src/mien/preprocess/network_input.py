"""From face crop to network input, for training and inference.

``resize_crops`` and ``normalise`` are the two halves of ``network_input``. Training augments the
pictures between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.preprocess.crop import square
from mien.specs.classifier import ModelSpec


def network_input(crops: Sequence[NDArray[np.uint8]], spec: ModelSpec) -> NDArray[np.float32]:
    """Face crops → (N, C, S, S) float32 for the network that ``spec`` describes.

    ``crops``: (H, W) or (H, W, 1) grey or (H, W, 3) RGB uint8 pictures of any size, as
    ``mien.preprocess.crop.face_crop`` returns them; one that is not square becomes so by
    ``mien.preprocess.crop.square``.
    """
    return normalise(resize_crops(crops, spec), spec)


def resize_crops(crops: Sequence[NDArray[np.uint8]], spec: ModelSpec) -> NDArray[np.uint8]:
    """Face crops → (N, R, R, C) uint8 squares in the network's colours, R = ``spec.resize``."""
    side = spec.resize or spec.input_size
    out = np.empty((len(crops), side, side, spec.channels), np.uint8)
    for crop, resized in zip(crops, out, strict=True):
        crop = crop[..., 0] if crop.ndim == 3 and crop.shape[2] == 1 else crop
        coloured = _colours(square(crop), spec.channels)
        resized[...] = resize(coloured, side).reshape(resized.shape)
    return out


def normalise(resized: NDArray[np.uint8], spec: ModelSpec) -> NDArray[np.float32]:
    """(N, R, R, C) uint8 resized crops → their centres (N, C, S, S), float32, normalised."""
    cut = (resized.shape[1] - spec.input_size) // 2
    stop = cut + spec.input_size
    centre = resized[:, cut:stop, cut:stop].transpose(0, 3, 1, 2)  # (N, C, S, S)
    mean = np.array(spec.mean, np.float32)[:, None, None]
    std = np.array(spec.std, np.float32)[:, None, None]
    # (x / 255 - mean) / std, in one multiplication and one addition per pixel.
    return np.ascontiguousarray(centre * (1 / (255 * std)) - mean / std, np.float32)


def ten_crops(resized: NDArray[np.uint8], spec: ModelSpec) -> NDArray[np.uint8]:
    """(N, R, R, C) resized crops → (V, N, R, R, C): the ten crops of Krizhevsky et al. (2012).

    Each view is the crop, shifted so that the centre that ``normalise`` cuts out shows its centre
    or one of its corners; the second half are the same views of the mirrored crop. Views pass
    through ``network_input`` like any crop. V is 10, or 2 where the network sees the whole crop.
    The first view is the crop itself.
    """
    room = resized.shape[1] - spec.input_size
    cut = room // 2
    starts = [(cut, cut)] + [(y, x) for y in (0, room) for x in (0, room) if room]
    # Pixels that wrap around are outside the centre.
    return np.stack(
        [
            np.roll(side, (cut - y, cut - x), axis=(1, 2))
            for side in (resized, resized[:, :, ::-1])
            for y, x in starts
        ]
    )


def resize(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square at ``side``×``side``: by area where it shrinks (no aliasing), else bilinear."""
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
