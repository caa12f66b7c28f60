"""Annotated copies: each face's box, number, expression and probability."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from mien.drawing.annotate import annotate as annotate_marks
from mien.media.images import Source, read_image
from mien.sinks.base import Closing, Image
from mien.sinks.pictures import PictureFolder, one_picture, picture_of
from mien.types import Result


class DrawSink(Closing):
    """Saves an annotated copy of each picture, with faces or without, under the same stem.

    Equal names from different folders are numbered,
    unless ``roots`` keeps the folders. A file that Mien did not write is never
    overwritten. A copy with a side above 65,500 pixels, too long for JPEG, is saved as PNG.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        suffix: str = ".jpg",
        on_note: Callable[[str], None] | None = None,
        roots: Iterable[str] = (),
    ) -> None:
        """``suffix``: ``.jpg`` or ``.png``. Raises ``OutputError`` where the folder fails.

        ``on_note`` gets a line about each copy that is saved as PNG instead of JPEG.
        ``roots``: folders whose subfolders are kept, see ``mien.media.inputs.roots_of``.
        """
        self._folder = PictureFolder(folder, suffix, on_note, roots)

    def write(self, result: Result, image: Image | None = None) -> None:
        """Save one copy; without ``image`` the picture is read again from its source.

        Raises ``OutputError``, as ``PictureOutputError`` where later pictures can still be saved,
        ``InputError`` for an image of another size, and ``ImageReadError``.
        """
        image, stem = picture_of(result, image), self._folder.stem(result)
        with one_picture(self._folder.path / stem):
            drawn = annotate(image, result)
        self._folder.save(stem, drawn)


def annotate(image: Image, result: Result, *, min_side: int = 320) -> Image:
    """A copy of ``image``, RGB uint8 (H, W, 3), with every face's box and label.

    The number of a face is its index in ``result``. Labels and ``min_side``: see
    ``mien.drawing.annotate.annotate``.
    """
    return annotate_marks(image, result.marks(), min_side=min_side)


def draw(image: Source, result: Result, *, min_side: int = 320) -> Image:
    """The picture with every face's box and label, as an array: RGB uint8 (H, W, 3).

    ``image`` is the analysed picture: what ``Recognizer.stream`` yields beside the result, or any
    other source (an array is RGB). ``Result.draw`` gives the same as a PIL image. Labels and
    ``min_side``: see ``annotate``. Raises ``InputError`` for a picture of another size, and
    ``ImageReadError``.
    """
    return annotate(picture_of(result, read_image(image)), result, min_side=min_side)
