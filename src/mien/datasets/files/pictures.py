"""Picture files of an archive, decoded when needed, and at a reduced size where that is enough."""

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
}  # with IMREAD_ANYCOLOR they set the scale only


class Picture:
    """One picture of an archive, for ``Sample.pixels``, in any format that Mien reads.

    A call decodes it: (H, W) uint8 where the file is grey, else (H, W, 3) RGB, turned upright by
    its EXIF tag. Raises ``DatasetError`` with the reason where that fails.

    ``size``: width and height of the annotated picture, where known. If the stored picture has that
    size and the upright one does not, a call returns it as stored, because the boxes were drawn on
    it.
    """

    __slots__ = ("archive", "name", "size")

    def __init__(
        self, archive: Archive, name: str, size: tuple[int | None, int | None] = (None, None)
    ) -> None:
        self.archive, self.name, self.size = archive, name, size

    def __call__(self) -> NDArray[np.uint8]:
        """The picture at full size."""
        data = self.archive.read(self.name)
        image = self._decode(data, 1)
        if image.shape[:2] == self.size and image.shape[0] != image.shape[1]:  # height, width
            stored = self._decode(data, 1, cv2.IMREAD_IGNORE_ORIENTATION)
            return stored if stored.shape[1::-1] == self.size else image
        return image

    def at(self, side: int) -> NDArray[np.uint8]:
        """The picture for a result of ``side`` pixels, its sides at least twice ``side``.

        A JPEG can be decoded directly at a half, a quarter or an eighth of its size, in a fraction
        of the time and memory. Resized to ``side``, it differs by one or two grey levels from the
        full-size picture.
        """
        data = self.archive.read(self.name)
        return self._decode(data, _reduction(data, 2 * side))

    def reduced(self, factor: int) -> tuple[NDArray[np.uint8], int]:
        """The picture at 1/``factor`` of its size, and the factor used: 1 except for JPEGs.

        ``factor``: 1, 2, 4 or 8.
        """
        data = self.archive.read(self.name)
        factor = factor if data[:2] == _JPEG else 1
        return self._decode(data, factor), factor

    def _decode(self, data: bytes, reduction: int, orientation: int = 0) -> NDArray[np.uint8]:
        """By OpenCV, which is faster, or by Pillow, which knows more formats and gives reasons."""
        flags = cv2.IMREAD_ANYCOLOR | _REDUCED.get(reduction, 0) | orientation
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if _is_whole(data) else None
        except cv2.error:  # the header claims more pixels than OpenCV allows
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


def _is_whole(data: bytes) -> bool:
    """False for a JPEG without its end: some versions of OpenCV would fill the rest with grey."""
    return bool(data) and (data[:2] != _JPEG or data.rstrip(b"\0")[-2:] == b"\xff\xd9")


def _reduction(data: bytes, side: int) -> int:
    """8, 4, 2 or 1: the largest reduction that leaves both sides ``side`` pixels; 1 if no JPEG."""
    if data[:2] != _JPEG:
        return 1
    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data), formats=("JPEG",)) as header:
            shorter = min(header.size)
    except Exception:  # noqa: BLE001 - decoding will report the damage
        return 1
    return largest_reduction(shorter, side)


def largest_reduction(length: float, side: int) -> int:
    """8, 4, 2 or 1: the largest reduction of ``length`` pixels that leaves ``side``."""
    return next((factor for factor in _REDUCED if length >= factor * side), 1)
