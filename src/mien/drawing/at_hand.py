"""The picture of a result, as long as it is at hand: in its file, or in the caller's memory."""

from __future__ import annotations

import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from mien.errors import MienError
from mien.media.decoder import Image
from mien.media.images import read_image
from mien.media.preview import read_preview, shrink


class PictureAtHand:
    """A base for results that remember their picture without keeping it in memory.

    The picture is not a part of the value: results compare, hash, copy and pickle without it.
    """

    __slots__ = ("_picture",)

    _picture: weakref.ref[Any] | None

    def __new__(cls, *_: Any, **__: Any) -> PictureAtHand:
        """An object without a picture."""
        new = super().__new__(cls)
        object.__setattr__(new, "_picture", None)  # a frozen dataclass has no other way
        return new

    def remember(self, picture: Any) -> None:
        """Know ``picture``, an array or a PIL image, for as long as others keep it."""
        object.__setattr__(self, "_picture", weakref.ref(picture))

    def remembered(self) -> Any:
        """The array or PIL image, or ``None`` where it is gone or was never given."""
        return None if self._picture is None else self._picture()


def whole_picture(remembered: Any, file: str | None, size: tuple[int, int]) -> Image | None:
    """The remembered picture, else that in ``file``, (H, W, 3) RGB uint8.

    ``None`` where neither is there, or where what is there has not ``size`` (width, height).
    """
    with suppress(MienError, OSError):
        image = None
        if remembered is not None:
            image = read_image(remembered)
        elif file is not None and Path(file).is_file():  # a pipe can be read once only
            image = read_image(file)
        if image is not None and image.shape[1::-1] == size:
            return image
    return None


def preview(remembered: Any, file: str | None, size: tuple[int, int], side: int) -> Image | None:
    """``whole_picture`` with a longer side of at most ``side`` pixels; files are read quickly."""
    with suppress(MienError, OSError, ValueError):
        if remembered is None:
            return read_preview(Path(file), side, size) if file else None
        image = whole_picture(remembered, None, size)
        return None if image is None else shrink(image, side)
    return None
