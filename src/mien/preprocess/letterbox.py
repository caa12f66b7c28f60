"""A picture as a detector's network takes it; training uses the very same function."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PADDING = 114
"""Grey level of what fills the input up, near the mean of photos."""


def letterbox(
    image: NDArray[np.uint8], short_side: int, long_side: int, stride: int = 32
) -> tuple[NDArray[np.uint8], float]:
    """``image``, (H, W, 3), resized and padded, and the factor that it was resized by.

    The shorter side becomes ``short_side``, unless the longer one would exceed ``long_side``, which
    it then becomes. Grey rows below and columns to the right fill both sides up to multiples of
    ``stride``, so that boxes found in the result are in pixels of ``image`` once divided by the
    factor.
    """
    height, width = image.shape[:2]
    scale = min(short_side / min(height, width), long_side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = image if size == (width, height) else cv2.resize(image, size, interpolation=how)
    filled = [-(-side // stride) * stride for side in resized.shape[:2]]
    out = np.full((*filled, 3), PADDING, np.uint8)
    out[: size[1], : size[0]] = resized
    return out, scale
