"""A folder for drawn pictures and crops, in which no file of the user is ever overwritten."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from mien.errors import InputError, MienError, OutputError, PictureOutputError, one_line
from mien.files import make_folder, output_error, write_whole
from mien.media.images import check_size, is_address, read_image
from mien.media.inputs import below
from mien.overwriting import MARK, is_ours
from mien.sinks.base import Image
from mien.types import Result

JPEG_SIDE = 65_500
"""Longest side of a JPEG in pixels; a longer picture is saved as PNG."""

# Errors of the file system that are about one name, not about the folder or disk.
_BAD_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
_NAME_BYTES = 180  # file systems allow 255, and numbers and suffixes are added


class PictureFolder:
    """A folder of JPEG or PNG pictures, created where missing; each is written whole or not at all.

    A file from before is overwritten only if Mien wrote it; otherwise the new name gets a number.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        suffix: str = ".jpg",
        on_note: Callable[[str], None] | None = None,
        roots: Iterable[str] = (),
    ) -> None:
        """``suffix``: ``.jpg`` or ``.png``. Raises ``OutputError`` where the folder fails.

        ``roots``: folders whose subfolders are kept, see ``mien.media.inputs.roots_of``.
        ``on_note`` gets a line about each picture that is saved as PNG because it is too long for
        JPEG.
        """
        if suffix not in (".jpg", ".png"):
            raise InputError(f"pictures are written as '.jpg' or '.png', not as {suffix!r}")
        self.path = Path(folder)
        self._suffix, self._on_note = suffix, on_note
        self._roots = tuple(roots)
        self._stems: set[str] = set()
        self._written: set[Path] = set()
        make_folder(self.path)

    def stem(self, result: Result) -> str:
        """A name that is unique in the run: the stem of the result's picture, numbered if taken.

        A picture below one of the roots keeps its subfolders: ``a/b`` for ``root/a/b.jpg``.
        """
        path = PurePath(result.source or "")
        if is_address(result.source):
            path = PurePath(urlsplit(result.source).path)
        stem = path.stem or "image"
        stem = stem.encode("utf-8", "replace")[:_NAME_BYTES].decode("utf-8", "ignore")
        if result.frame_index is not None:
            stem += f"_{result.frame_index:06d}"
        stem = "/".join((*below(result.source or "", self._roots), stem))
        number, unique = 1, stem
        while unique.casefold() in self._stems:  # for some file systems A.jpg is a.jpg
            number += 1
            unique = f"{stem}_{number}"
        self._stems.add(unique.casefold())
        return unique

    def _make_parent(self, path: Path) -> None:
        """Make the subfolder of ``path``; ``PictureOutputError`` where a link leads elsewhere."""
        if path.parent == self.path:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            inside = path.parent.resolve().is_relative_to(self.path.resolve())
        except (OSError, ValueError) as error:
            raise PictureOutputError(str(output_error(repr(str(path)), error))) from error
        if not inside:
            raise PictureOutputError(
                f"cannot write {str(path)!r}: a link leads out of {str(self.path)!r}"
            )

    def save(self, stem: str, image: Image) -> Path:
        """Write an RGB uint8 (H, W, 3) picture and return its path.

        A picture with a side above ``JPEG_SIDE`` becomes a PNG. Raises ``PictureOutputError`` where
        only this picture cannot be written, else ``OutputError``.
        """
        suffix = self._suffix
        if suffix == ".jpg" and max(image.shape[:2]) > JPEG_SIDE:
            suffix = ".png"
        path, number = self.path / f"{stem}{suffix}", 1
        with one_picture(path):
            data = _encode(image, suffix)
        self._make_parent(path)
        try:
            while path in self._written or (path.exists() and not is_ours(path)):
                number += 1
                path = self.path / f"{stem}_{number}{suffix}"
            write_whole(path, data)
        except (OSError, ValueError) as error:
            ours = isinstance(error, OutputError)
            failed = error if ours else output_error(repr(str(path)), error)
            cause = error.__cause__ if ours else error
            if isinstance(cause, OSError) and cause.errno in _BAD_NAME:
                failed = PictureOutputError(str(failed))
            raise failed from cause
        self._written.add(path)
        if suffix != self._suffix and self._on_note:
            self._on_note(f"{path} is a PNG: a JPEG has at most {JPEG_SIDE:,} pixels a side")
        return path

    def name(self, path: Path) -> str:
        """The path of a saved picture in this folder, with slashes."""
        return path.relative_to(self.path).as_posix()


@contextmanager
def one_picture(path: Path) -> Iterator[None]:
    """Raise ``PictureOutputError`` where drawing or encoding the picture of ``path`` fails."""
    try:
        yield
    except MienError:
        raise
    except Exception as error:  # MemoryError, or whatever Pillow raises
        reason = f"({one_line(error)}): this picture is left out"
        raise PictureOutputError(f"cannot write {str(path)!r} {reason}") from error


def picture_of(result: Result, image: Image | None) -> Image:
    """``image``, or the picture read again from its source. Raises ``InputError``."""
    if image is None:
        if result.source is None or result.frame_index is not None or is_address(result.source):
            raise InputError(
                "a result without a picture file needs its image: write(result, image)"
            )
        image = read_image(result.source)
    check_size(image, result.width, result.height)
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
