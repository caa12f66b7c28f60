"""A picture file that is decoded when it is asked for, and faster where a small one will do."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.files.archive import Archive
from mien.errors import DatasetError, ImageReadError
from mien.media.images import read_image

_JPEG = b"\xff\xd8"
_REDUCED = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
}  # beside IMREAD_ANYCOLOR they ask for the scale alone


class Picture:
    """One picture of an archive, for ``Sample.pixels``: PNG, JPEG, BMP and what else Mien reads.

    Called, it gives every pixel: (H, W) uint8 where the file is grey, else (H, W, 3) RGB, upright
    by its EXIF tag. Raises ``DatasetError`` with the reason where that cannot be had.

    ``size``: width and height of the picture that its annotations speak of, where known. If the
    file has that size only as it lies, not upright, the whole picture stays as it lies: boxes that
    were drawn on it would be elsewhere in the upright one.
    """

    __slots__ = ("archive", "name", "size")

    def __init__(
        self, archive: Archive, name: str, size: tuple[int | None, int | None] = (None, None)
    ) -> None:
        self.archive, self.name, self.size = archive, name, size

    def __call__(self) -> NDArray[np.uint8]:
        """The whole picture, full size."""
        data = self.archive.read(self.name)
        image = self._decode(data, 1)
        if image.shape[:2] == self.size and image.shape[0] != image.shape[1]:  # height, width
            lying = self._decode(data, 1, cv2.IMREAD_IGNORE_ORIENTATION)
            return lying if lying.shape[1::-1] == self.size else image
        return image

    def at(self, side: int) -> NDArray[np.uint8]:
        """The picture for a result of ``side`` pixels: maybe smaller, never below twice ``side``.

        A JPEG can be decoded straight to a half, a quarter or an eighth of its size, which takes a
        fraction of the time and memory. Shrunk to ``side``, the result differs by one or two grey
        levels from that of the whole picture.
        """
        data = self.archive.read(self.name)
        return self._decode(data, _reduction(data, 2 * side))

    def reduced(self, factor: int) -> tuple[NDArray[np.uint8], int]:
        """The picture at 1/``factor`` of its size (1, 2, 4 or 8), and the factor that it came to.

        That is 1 for all but JPEGs.
        """
        data = self.archive.read(self.name)
        factor = factor if data[:2] == _JPEG else 1
        return self._decode(data, factor), factor

    def _decode(self, data: bytes, reduction: int, how: int = 0) -> NDArray[np.uint8]:
        """OpenCV first, which is quicker; Pillow where that fails, for more formats and reasons."""
        flags = cv2.IMREAD_ANYCOLOR | _REDUCED.get(reduction, 0) | how
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if _whole(data) else None
        except cv2.error:  # a header that claims more pixels than OpenCV is willing to hold
            image = None
        if image is None:
            try:
                return read_image(data)
            except ImageReadError as error:
                where = f"{self.archive.path}: {self.name}"
                raise DatasetError(f"{where} cannot be decoded as a picture: {error}") from None
        if image.ndim == 3:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return np.asarray(image, np.uint8)


def _whole(data: bytes) -> bool:
    """Not where a JPEG lacks its end: some versions of OpenCV would fill the rest with grey."""
    return bool(data) and (data[:2] != _JPEG or data.rstrip(b"\0")[-2:] == b"\xff\xd9")


def _reduction(data: bytes, side: int) -> int:
    """8, 4, 2 or 1: the most that a JPEG can be reduced by with ``side`` pixels left each way."""
    if data[:2] != _JPEG:
        return 1
    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data), formats=("JPEG",)) as header:
            shorter = min(header.size)
    except Exception:  # noqa: BLE001 - damage is told by what decodes it
        return 1
    return largest_reduction(shorter, side)


def largest_reduction(length: float, side: int) -> int:
    """8, 4, 2 or 1: the most that ``length`` pixels can be reduced by with ``side`` left."""
    return next((factor for factor in _REDUCED if length >= factor * side), 1)
