"""Small copies of pictures, for pages that show many."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.media.decoder import Image, open_picture
from mien.reading import open_file


def shrink(image: Image, side: int) -> Image:
    """(H, W, 3) uint8 with a longer side of at most ``side`` pixels; smaller ones as they are."""
    import cv2

    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def read_preview(path: Path, side: int, size: tuple[int, int]) -> Image | None:
    """The picture file at ``path``, RGB, shrunk to ``side``; ``None`` if its size is not ``size``.

    ``size``: width and height in pixels. A large JPEG is decoded at a fraction of its size. Raises
    ``ImageReadError``, and ``OSError`` for what is not a file.
    """
    with open_file(path) as file, open_picture(file, repr(str(path))) as picture:
        if picture.upright_size() != size:
            return None
        reduction = next((r for r in (8, 4, 2) if max(size) // r >= side), 1)
        pixels = picture.pixels(reduction)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return shrink(pixels, side)
