"""The one decoder of picture files: header first, then upright pixels.

``read_image`` and data sets both decode here, so a model is trained, measured and used on equal
pixels. Pillow does the work. It reads the header before the pixels, so a file that claims an
enormous size is refused before memory is allocated.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.errors import ConfigError, ImageReadError, install_command, one_line
from mien.forking import PerProcess
from mien.media.formats import HAS_HEIF, PILLOW_FORMATS, READABLE, is_heif
from mien.media.memory import claim

if TYPE_CHECKING:  # Pillow is imported where a picture is decoded: `import mien` must stay quick
    import PIL.Image

Image: TypeAlias = NDArray[np.uint8]

DEFAULT_MAX_PIXELS = 100_000_000
"""Pixels of the largest picture read; ``MIEN_MAX_PIXELS`` or ``max_pixels`` changes the limit."""

# EXIF orientation → the same picture upright, (H, W, …) → (H, W, …) or (W, H, …).
_UPRIGHT = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}
_ORIENTATION = 0x0112
_STRIP = 1 << 18  # pixels copied at a time: whole pictures would pass through two more copies


class PictureFile:
    """A picture whose header is read; ``pixels`` decodes it."""

    def __init__(self, image: PIL.Image.Image, name: str, limit: int | None = None) -> None:
        """``limit``: most pixels, see ``pixel_limit``. Raises ``ImageReadError`` above it."""
        limit = pixel_limit(limit)
        width, height = image.size
        if width * height > limit:
            raise ImageReadError(
                f"{name} claims {width}×{height} pixels, above the limit of {limit}: "
                "shrink it, or raise max_pixels or MIEN_MAX_PIXELS"
            )
        if not width * height:
            raise ImageReadError(f"{name} is empty ({width}×{height} pixels): give another picture")
        self._image, self.name = image, name
        self.is_jpeg = image.format in ("JPEG", "MPO")
        """Whether ``pixels`` can reduce it."""

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height before it is turned upright."""
        return self._image.size

    def upright_size(self) -> tuple[int, int]:
        """Width and height after it is turned upright."""
        width, height = self._image.size
        # Pillow's size of a TIFF is already the upright one.
        sideways = self._image.format != "TIFF" and self._orientation() in (5, 6, 7, 8)
        return (height, width) if sideways else (width, height)

    def pixels(self, reduction: int = 1, *, upright: bool = True) -> Image:
        """(H, W) uint8 where the file is grey, else (H, W, 3) RGB uint8; C-contiguous.

        The picture is turned upright by its EXIF or XMP orientation, alpha is laid on white, 16
        bits are scaled to 8, and an animation gives its first frame. ``reduction``: 1, 2, 4 or 8
        decodes a JPEG at that fraction of its size, in a fraction of the time; other formats ignore
        it. Without ``upright``, it stays as stored. Raises ``ImageReadError`` for a damaged file.
        """
        image = self._image
        try:
            if self.is_jpeg and reduction > 1:
                size = (max(1, side // reduction) for side in image.size)
                image.draft(image.mode, tuple(size))  # type: ignore[arg-type]
            claim(image.width * image.height * _bytes_a_pixel(image))
            # A TIFF's tags are read again at its end, which may warn.
            with _quiet_pillow() if image.format == "TIFF" else nullcontext():
                image.load()
            # After load, which turns TIFF and AVIF upright and changes their tags.
            turn = _UPRIGHT.get(self._orientation()) if upright else None
            array = _to_array(image, self.name)
        except ImageReadError:
            raise
        except Exception as error:  # a damaged file makes decoders raise anything
            raise _damaged(self.name, error) from error
        return array if turn is None else np.ascontiguousarray(turn(array))

    def _orientation(self) -> Any:
        # The orientation of these is in one of these texts, if anywhere, and looking takes time.
        if self._image.format in ("JPEG", "PNG") and not _MAY_TURN.intersection(self._image.info):
            return None
        try:
            with _quiet_pillow():
                return self._image.getexif().get(_ORIENTATION)
        except Exception:  # noqa: BLE001 - pixels may be fine where EXIF data is damaged
            return None


_MAY_TURN = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}


@contextmanager
def open_picture(file: IO[bytes], name: str, limit: int | None = None) -> Iterator[PictureFile]:
    """The picture in ``file``, read as far as its header; ``name`` is used in errors.

    Raises ``ImageReadError`` for a file that is empty, not a picture, damaged, or above ``limit``
    pixels (see ``pixel_limit``).
    """
    limit = pixel_limit(limit)
    try:
        head = file.read(12)
        if not head:
            raise ImageReadError(f"{name} is empty: give a {READABLE} picture")
        file.seek(0)
        image = _read_header(file, head, name)
    except ImageReadError:
        raise
    except Exception as error:
        raise _damaged(name, error) from error
    with image:
        yield PictureFile(image, name, limit)


def pixel_limit(max_pixels: int | None) -> int:
    """``max_pixels``, else the environment's ``MIEN_MAX_PIXELS``, else ``DEFAULT_MAX_PIXELS``.

    Raises ``ConfigError`` for a limit that is not a positive whole number.
    """
    value: Any = max_pixels
    if value is None:
        value = os.environ.get("MIEN_MAX_PIXELS") or DEFAULT_MAX_PIXELS
    try:
        limit = int(value)
    except (TypeError, ValueError, OverflowError):
        limit = 0
    if limit < 1:
        raise ConfigError(
            f"the pixel limit (max_pixels, MIEN_MAX_PIXELS) is {value!r}: "
            "give a positive whole number"
        )
    return limit


def on_white(image: PIL.Image.Image) -> PIL.Image.Image:
    """An RGBA image laid on white: RGB."""
    import PIL.Image

    white = PIL.Image.new("RGB", image.size, "white")
    white.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return white


def to_uint8(deep: NDArray[np.uint16]) -> Image:
    """16 bits scaled to 8, rounded."""
    return ((deep.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 / 255 = 257


def _read_header(file: IO[bytes], head: bytes, name: str) -> PIL.Image.Image:
    import PIL.Image

    _silence_libraries()
    try:
        PIL.Image.preinit()
        with _quiet_pillow():
            return PIL.Image.open(file, formats=PILLOW_FORMATS)
    except (PIL.UnidentifiedImageError, KeyError):
        if is_heif(head):
            return _read_heif_header(file, name)
        raise ImageReadError(
            f"{name} is not a picture, or its header is damaged: give a {READABLE} picture"
        ) from None


def _read_heif_header(file: IO[bytes], name: str) -> PIL.Image.Image:
    if not HAS_HEIF:
        raise ImageReadError(
            f"{name} is a HEIC picture, which needs the 'heif' extra: {install_command('heif')} "
            "in a clone of Mien, or convert it to JPEG"
        )
    from pillow_heif.as_plugin import HeifImageFile

    file.seek(0)
    with _quiet_pillow():
        return HeifImageFile(file)  # type: ignore[no-untyped-call]  # libheif turns it upright


_pillow_settings = PerProcess(threading.Lock)


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Switch off Pillow's warnings and its own size limit, which is a global variable."""
    import PIL.Image

    with _pillow_settings.value, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = before


@cache
def _silence_libraries() -> None:
    """Keep Pillow and its libtiff from printing on standard error: Mien reports the damage."""
    import PIL

    # Without any handler, Python would print the errors that Pillow logs.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    package = Path(PIL.__file__).parent
    # Pillow's wheels have a libtiff that nothing else uses. One of the system stays as it is.
    for path in (*package.parent.glob("pillow.libs/libtiff*"), *package.glob(".dylibs/libtiff*")):
        with suppress(OSError, AttributeError):
            libtiff = ctypes.CDLL(str(path))
            libtiff.TIFFSetErrorHandler(None)
            libtiff.TIFFSetWarningHandler(None)


def _damaged(name: str, error: Exception) -> ImageReadError:
    if isinstance(error, MemoryError):
        return ImageReadError(f"{name} does not fit into memory: shrink it")
    reason = one_line(error)
    return ImageReadError(f"{name} is damaged or truncated ({reason}): give an undamaged file")


def _bytes_a_pixel(image: PIL.Image.Image) -> int:
    """Roughly what Pillow and the array need together while the picture is decoded."""
    if image.has_transparency_data or "progressive" in image.info:
        return 16
    return 2 if image.mode == "L" else 8


def _to_array(image: PIL.Image.Image, name: str) -> Image:
    """Pixels of a loaded Pillow image of any mode: (H, W) grey or (H, W, 3) RGB, uint8."""
    if image.mode.startswith(("I", "F")):
        return _scaled(np.asarray(image), name)
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        image = on_white(image.convert("RGBA"))
    if grey:  # of equal colours, L is exactly each of them
        return np.array(image if image.mode == "L" else image.convert("L"))
    image = image.convert("RGB") if image.mode != "RGB" else image
    width, height = image.size
    rows = max(1, _STRIP // width)
    if rows >= height:
        return np.array(image)
    array = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        array[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return array


def _scaled(deep: NDArray[Any], name: str) -> Image:
    """Grey values of 16 bits or more, or floats from 0 to 1, as uint8."""
    integer = deep.dtype.kind != "f"
    if not (deep.min() >= 0 and deep.max() <= (65535 if integer else 1)):
        raise ImageReadError(
            f"{name} has grey values from {deep.min()} to {deep.max()}: "
            f"give values in [0, {65535 if integer else 1}], or save it with 8 bits"
        )
    if integer:
        return to_uint8(deep.astype(np.uint16))
    return np.asarray(np.rint(deep * np.float32(255)), np.uint8)
