"""A folder for drawn pictures and crops, in which no file of the user is ever overwritten."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from mien.errors import InputError, OutputError
from mien.files import MARK, is_ours, output_error, write_whole
from mien.media.images import read_image
from mien.sinks.base import Image
from mien.types import Result

_NAME_BYTES = 180  # file systems allow 255, and numbers and suffixes are added


class PictureFolder:
    """A folder of JPEG or PNG pictures, created where missing; each is written whole or not at all.

    A file from before is overwritten only if Mien wrote it; otherwise the new name gets a number.
    """

    def __init__(self, folder: str | os.PathLike[str], suffix: str = ".jpg") -> None:
        """``suffix``: ``.jpg`` or ``.png``. Raises ``OutputError`` where the folder fails."""
        if suffix not in (".jpg", ".png"):
            raise InputError(f"pictures are written as '.jpg' or '.png', not as {suffix!r}")
        self.path = Path(folder)
        self._suffix = suffix
        self._stems: set[str] = set()
        self._written: set[Path] = set()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise output_error(repr(str(self.path)), error) from error

    def stem(self, result: Result) -> str:
        """A name that is unique in the run: the stem of the result's picture, numbered if taken."""
        stem = Path(result.source or "").stem or "image"
        stem = stem.encode("utf-8", "replace")[:_NAME_BYTES].decode("utf-8", "ignore")
        if result.frame_index is not None:
            stem += f"_{result.frame_index:06d}"
        number, unique = 1, stem
        while unique.casefold() in self._stems:  # for some file systems A.jpg is a.jpg
            number += 1
            unique = f"{stem}_{number}"
        self._stems.add(unique.casefold())
        return unique

    def save(self, stem: str, image: Image) -> Path:
        """Write an RGB uint8 (H, W, 3) picture and return its path. Raises ``OutputError``."""
        path, number = self.path / f"{stem}{self._suffix}", 1
        try:
            while path in self._written or (path.exists() and not is_ours(path)):
                number += 1
                path = self.path / f"{stem}_{number}{self._suffix}"
            write_whole(path, _encode(image, self._suffix))
        except (OSError, ValueError) as error:
            if isinstance(error, OutputError):
                raise
            raise output_error(repr(str(path)), error) from error
        self._written.add(path)
        return path


def picture_of(result: Result, image: Image | None) -> Image:
    """``image``, or the picture read again from its source. Raises ``InputError``."""
    if image is None:
        if result.source is None or result.frame_index is not None:
            raise InputError(
                "a result without a picture file needs its image: write(result, image)"
            )
        image = read_image(result.source)
    if image.shape != (result.height, result.width, 3):
        raise InputError(
            f"an image of shape {image.shape} is not the {result.width}×{result.height} picture "
            "of this result: give the analysed image"
        )
    return image


def _encode(image: Image, suffix: str) -> bytes:
    import PIL.Image
    from PIL.PngImagePlugin import PngInfo

    picture, buffer = PIL.Image.fromarray(image), BytesIO()
    if suffix == ".png":
        info = PngInfo()
        info.add_text("Comment", MARK.decode())
        picture.save(buffer, "PNG", pnginfo=info)
    else:
        # Full colour resolution, or thin coloured lines and letters would smear.
        picture.save(buffer, "JPEG", quality=92, subsampling=0, comment=MARK)
    return buffer.getvalue()
