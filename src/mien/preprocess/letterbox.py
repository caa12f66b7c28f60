"""From picture to the input of a detector, for training and inference."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PADDING = 114
"""Grey level of the padding, close to the mean of photos."""


def letterbox(
    image: NDArray[np.uint8], short_side: int, long_side: int, stride: int = 32
) -> tuple[NDArray[np.uint8], float]:
    """``image``, (H, W, 3) uint8, resized and padded, and the factor of the resizing.

    The shorter side becomes ``short_side``, or less where the longer side would exceed
    ``long_side``. Grey rows at the bottom and columns at the right pad both sides to multiples of
    ``stride``. A box in the result, divided by the factor, is a box in ``image``.
    """
    height, width = image.shape[:2]
    scale = min(short_side / min(height, width), long_side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = image if size == (width, height) else cv2.resize(image, size, interpolation=method)
    padded = [-(-side // stride) * stride for side in resized.shape[:2]]
    out = np.full((*padded, 3), PADDING, np.uint8)
    out[: size[1], : size[0]] = resized
    return out, scale
