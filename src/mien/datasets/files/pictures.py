"""Picture files of an archive, decoded when needed, and at a reduced size where that is enough."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from mien.datasets.files.archive import Archive
from mien.datasets.samples import Pixels
from mien.errors import DatasetError, ImageReadError
from mien.media.decoder import PictureFile, open_picture


class Picture:
    """One picture of an archive, for ``Sample.pixels``, in any format that Mien reads.

    A call decodes it: (H, W) uint8 where the file is grey, else (H, W, 3) RGB, with the pixels that
    ``mien.read_image`` gives. Raises ``DatasetError`` with the reason where that fails.

    ``size``: width and height of the annotated picture, where known. If the stored picture has that
    size and the upright one does not, a call returns it as stored, because the boxes were drawn on
    it.
    """

    __slots__ = ("archive", "name", "size")

    def __init__(
        self, archive: Archive, name: str, size: tuple[int | None, int | None] = (None, None)
    ) -> None:
        self.archive, self.name, self.size = archive, name, size

    def __call__(self) -> Pixels:
        """The picture at full size."""
        with self.open() as picture:
            marked_as_stored = picture.upright_size() != self.size == picture.stored_size
            return picture.pixels(upright=not marked_as_stored)

    def at(self, side: int) -> Pixels:
        """The picture for a result of ``side`` pixels, its sides at least twice ``side``.

        A JPEG can be decoded directly at a half, a quarter or an eighth of its size, in a fraction
        of the time and memory. Resized to ``side``, it differs by one or two grey levels from the
        full-size picture.
        """
        with self.open() as picture:
            return picture.pixels(largest_reduction(min(picture.stored_size), 2 * side))

    def reduced(self, factor: int) -> tuple[Pixels, int]:
        """The picture at 1/``factor`` of its size, and the factor used: 1 except for JPEGs.

        ``factor``: 1, 2, 4 or 8.
        """
        with self.open() as picture:
            factor = factor if picture.is_jpeg else 1
            return picture.pixels(factor), factor

    def upright_size(self) -> tuple[int, int]:
        """Width and height, turned upright, by the header alone. Raises ``DatasetError``."""
        with self.open() as picture:
            return picture.upright_size()

    @contextmanager
    def open(self) -> Iterator[PictureFile]:
        """The picture, read as far as its header. Raises ``DatasetError``, in the block too."""
        file = io.BytesIO(self.archive.read(self.name))
        try:
            with open_picture(file, "the file") as picture:
                yield picture
        except ImageReadError as error:
            where = f"{self.archive.path}: {self.name}"
            raise DatasetError(f"{where} cannot be decoded as a picture: {error}") from None


def largest_reduction(length: float, side: int) -> int:
    """8, 4, 2 or 1: the largest reduction of ``length`` pixels that leaves ``side``."""
    return next((factor for factor in (8, 4, 2) if length >= factor * side), 1)
