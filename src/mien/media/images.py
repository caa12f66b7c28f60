"""Reads a picture from a path, bytes, a file, an array or a PIL image as RGB uint8.

Pillow decodes it. It reads the header before the pixels, so a file that claims an enormous size is
refused before memory is allocated.
"""

from __future__ import annotations

import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.errors import ConfigError, ImageReadError, InputError, one_line
from mien.forking import PerProcess

if TYPE_CHECKING:  # Pillow is imported where a picture is decoded: `import mien` must stay quick
    import PIL.Image

DEFAULT_MAX_PIXELS = 100_000_000
"""Pixels of the largest picture read; ``MIEN_MAX_PIXELS`` or ``max_pixels`` changes the limit."""

# fmt: off
SUFFIXES = frozenset(
    f".{name}" for name in (
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "tif", "tiff", "gif", "avif",
        "jp2", "ppm", "pgm", "pbm",
    )
)
# fmt: on
"""Lower-case suffixes of the files that count as pictures when a folder is searched."""

# Formats that Pillow tries, most common first. It knows more, such as EPS through Ghostscript, but
# few decoders are safer for files from unknown sources. AVIF is last because a Pillow without it
# raises KeyError there.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG2000", "AVIF")
_READABLE = "JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF"

# EXIF orientation → the same picture upright, (H, W, 3) → (H, W, 3) or (W, H, 3).
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

Image: TypeAlias = NDArray[np.uint8]
Source: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | NDArray[Any] | PIL.Image.Image"


def read_image(source: Source, *, max_pixels: int | None = None) -> Image:
    """The picture behind ``source`` as RGB, uint8, shape (H, W, 3), C-contiguous.

    ``source`` is a path, the bytes of an image file, a binary file object, a PIL image or an
    array: grey (H, W) or (H, W, 1), RGB (H, W, 3) or RGBA (H, W, 4), of uint8, uint16, bool or
    floats in [0, 1]. Files and PIL images are turned upright by their EXIF orientation, alpha is
    laid on white, 16 bits are scaled to 8, and an animation gives its first frame. An array that
    is already RGB uint8 is returned without a copy; Mien never writes into it.

    ``max_pixels`` (width × height) defaults to the environment variable ``MIEN_MAX_PIXELS``, else
    to ``DEFAULT_MAX_PIXELS``; a file or PIL image above it is refused before it is decoded.

    Raises ``ImageReadError`` for a file that is missing, empty, protected, damaged, truncated, too
    large or not a picture; ``InputError`` for an object or array that cannot be a picture;
    ``ConfigError`` for a limit that is not a positive whole number.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    limit = _pixel_limit(max_pixels)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        name = repr(os.fspath(source))
        with _open_file(path, name) as file:
            return _decode(file, name, limit)
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        return _decode(BytesIO(data), f"the given picture ({len(data)} bytes)", limit)
    if hasattr(source, "read"):
        return _decode(*_read_all(source), limit)
    if hasattr(source, "getexif") and hasattr(source, "convert"):
        return _pixels(source, "the given PIL image", limit)
    raise InputError(
        f"cannot read a picture from {type(source).__name__}: "
        "give a path, bytes, a binary file, a NumPy array or a PIL image"
    )


def _pixel_limit(max_pixels: int | None) -> int:
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


def _open_file(path: Path, name: str) -> IO[bytes]:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.open("rb")
        if stat.S_ISFIFO(mode):  # a pipe has no positions to return to: read it whole
            return BytesIO(path.read_bytes())
    except FileNotFoundError:
        raise ImageReadError(f"no file {name}: check the path") from None
    except PermissionError:
        raise ImageReadError(f"no permission to read {name}: change its permissions") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise ImageReadError(f"cannot open {name} ({reason}): check the path") from error
    if stat.S_ISDIR(mode):
        raise ImageReadError(f"{name} is a folder: give a picture, or the pictures inside it")
    raise ImageReadError(f"{name} is a device or socket: give a picture file")


def _read_all(file: Any) -> tuple[BytesIO, str]:
    name = repr(getattr(file, "name", None) or type(file).__name__)
    try:
        data = file.read()
    except (OSError, ValueError) as error:  # ValueError: closed, or text that is not UTF-8
        raise ImageReadError(f"cannot read {name} ({error}): give an open binary file") from error
    if not isinstance(data, bytes | bytearray):
        raise InputError(f"{name} gives {type(data).__name__}, not bytes: open it in mode 'rb'")
    return BytesIO(data), name


_pillow_settings = PerProcess(threading.Lock)


@contextmanager
def _header_reading() -> Iterator[None]:
    """Switch off Pillow's warnings and its own size limit, which is a global variable."""
    import PIL.Image

    with _pillow_settings.value, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = before


def _decode(file: IO[bytes], name: str, limit: int) -> Image:
    import PIL.Image

    try:
        if not file.read(1):
            raise ImageReadError(f"{name} is empty: give a {_READABLE} picture")
        file.seek(0)
        PIL.Image.preinit()
        with _header_reading():
            image = PIL.Image.open(file, formats=_FORMATS)
    except ImageReadError:
        raise
    except (PIL.UnidentifiedImageError, KeyError):
        raise ImageReadError(
            f"{name} is not a picture, or its header is damaged: give a {_READABLE} picture"
        ) from None
    except Exception as error:
        raise _damaged(name, error) from error
    with image:
        return _pixels(image, name, limit)


def _pixels(image: PIL.Image.Image, name: str, limit: int) -> Image:
    width, height = image.size
    if width * height > limit:
        raise ImageReadError(
            f"{name} claims {width}×{height} pixels, above the limit of {limit}: "
            "shrink it, or raise max_pixels or MIEN_MAX_PIXELS"
        )
    if not width * height:
        raise ImageReadError(f"{name} is empty ({width}×{height} pixels): give another picture")
    try:
        image.load()
        with _header_reading():
            # After load, which turns TIFF and AVIF upright and changes their tags.
            upright = _UPRIGHT.get(_orientation(image))
        array = _to_rgb(image, name)  # (H, W, 3)
    except ImageReadError:
        raise
    except Exception as error:  # a damaged file makes decoders raise anything
        raise _damaged(name, error) from error
    return array if upright is None else np.ascontiguousarray(upright(array))


def _orientation(image: PIL.Image.Image) -> Any:
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - pixels may be fine where EXIF data is damaged
        return None


def _damaged(name: str, error: Exception) -> ImageReadError:
    if isinstance(error, MemoryError):
        return ImageReadError(f"{name} does not fit into memory: shrink it")
    reason = one_line(error)
    return ImageReadError(f"{name} is damaged or truncated ({reason}): give an undamaged file")


def _to_rgb(image: PIL.Image.Image, name: str) -> Image:
    """Pixels of a loaded Pillow image of any mode: (H, W, 3) uint8."""
    if image.mode.startswith(("I", "F")):
        deep = np.asarray(image)  # (H, W), 16 bits or more
        integer = image.mode != "F"
        if not (deep.min() >= 0 and deep.max() <= (65535 if integer else 1)):
            raise ImageReadError(
                f"{name} has grey values from {deep.min()} to {deep.max()}: "
                f"give values in [0, {65535 if integer else 1}], or save it with 8 bits"
            )
        return _from_array(deep.astype(np.uint16) if integer else deep)
    if image.has_transparency_data:
        image = _on_white(image.convert("RGBA"))
    return np.array(image.convert("RGB"))


def _on_white(image: PIL.Image.Image) -> PIL.Image.Image:
    import PIL.Image

    white = PIL.Image.new("RGB", image.size, "white")
    white.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return white


def _from_array(array: NDArray[Any]) -> Image:
    shape = array.shape
    if not (array.ndim == 2 or (array.ndim == 3 and shape[2] in (1, 3, 4))) or not array.size:
        raise InputError(
            f"an array of shape {shape} is not a picture: "
            "expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), channels last and not empty"
        )
    array = _to_uint8(array)
    if array.ndim == 2 or shape[2] == 1:
        return np.repeat(array.reshape(*shape[:2], 1), 3, axis=2)  # (H, W, 3)
    if shape[2] == 4:
        import PIL.Image

        return np.array(_on_white(PIL.Image.fromarray(np.ascontiguousarray(array))))
    return np.ascontiguousarray(array)


def _to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(array.dtype, np.uint16):  # either byte order
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 / 255 = 257
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            f"an array of {array.dtype} is not a picture: expected uint8, uint16, bool or floats"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # NaN fails this test too
        raise InputError(
            f"a float array with values from {low:.4g} to {high:.4g} is not a picture: "
            "expected [0, 1]; divide by 255, or convert to uint8"
        )
    scaled: NDArray[np.uint8] = np.rint(array * np.float32(255)).astype(np.uint8)
    return scaled
