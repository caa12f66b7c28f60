"""Reads a picture from a path, bytes, a file, an array or a PIL image as RGB uint8."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from mien.errors import ImageReadError, InputError, MienError, one_line
from mien.media.decoder import (
    DEFAULT_MAX_PIXELS,
    Image,
    PictureFile,
    on_white,
    open_picture,
    pixel_limit,
    to_uint8,
)
from mien.media.formats import SUFFIXES
from mien.reading import MOST_BYTES, open_file, unreadable

if TYPE_CHECKING:  # Pillow is imported where a picture is decoded: `import mien` must stay quick
    import PIL.Image

__all__ = ["DEFAULT_MAX_PIXELS", "SUFFIXES", "Image", "Source", "read_image"]

Source: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | NDArray[Any] | PIL.Image.Image"


def read_image(
    source: Source, *, max_pixels: int | None = None, allow_private: bool | None = None
) -> Image:
    """The picture behind ``source`` as RGB, uint8, shape (H, W, 3), C-contiguous.

    ``source`` is a path, an address (``https://…`` or ``http://…``), the bytes of an image file, a
    binary file object, a PIL image or an array: grey (H, W) or (H, W, 1), RGB (H, W, 3) or RGBA
    (H, W, 4), of uint8, uint16, bool or floats in [0, 1]. Arrays are RGB: turn OpenCV's BGR with
    ``array[:, :, ::-1]``. An array that is already RGB uint8 is returned without a copy; Mien never
    writes into it. Files and PIL images are turned upright by their EXIF orientation, alpha is laid
    on white, 16 bits are scaled to 8, and an animation gives its first frame.

    ``max_pixels`` (width × height) defaults to the environment variable ``MIEN_MAX_PIXELS``, else
    to ``DEFAULT_MAX_PIXELS``; a file or PIL image above it is refused before it is decoded.

    An address is fetched within 30 seconds and 50 MB. Servers on this machine and in private
    networks are refused unless ``allow_private`` is true, or it is ``None`` and the environment
    variable ``MIEN_ALLOW_PRIVATE`` is 1.

    Raises ``ImageReadError`` for a file that is missing, empty, protected, damaged, truncated, too
    large, not a picture or not to be fetched; ``InputError`` for an object or array that cannot be
    a picture; ``ConfigError`` for a limit that is not a positive whole number.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    limit = pixel_limit(max_pixels)
    if is_address(source):
        from mien.web.pictures import fetch_picture  # slow: only where it is needed

        return _decode(BytesIO(fetch_picture(source, allow_private)), repr(source), limit)
    if isinstance(source, str | os.PathLike):
        name = repr(os.fspath(source))
        with _open(Path(source), name) as file:
            return _decode(file, name, limit)
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        return _decode(BytesIO(data), f"the given picture ({len(data)} bytes)", limit)
    if _is_file(source):
        return _decode(*_read_all(source), limit)
    if is_pil(source):
        return _three(PictureFile(source, "the given PIL image", limit).pixels())
    raise InputError(
        f"cannot read a picture from {type(source).__name__}: "
        "give a path, bytes, a binary file, a NumPy array or a PIL image"
    )


def read_reduced(
    source: str | os.PathLike[str] | bytes,
    fraction: Callable[[int, int], float],
    *,
    max_pixels: int | None = None,
) -> tuple[Image, tuple[int, int]]:
    """The picture in a file as ``read_image`` reads it, or a large JPEG smaller, in less time.

    ``fraction(height, width)`` is the least fraction of its size, in (0, 1], that is enough; a JPEG
    is decoded at 1/2, 1/4 or 1/8 where that is as much. Also returns height and width of the whole
    picture. Raises ``ImageReadError`` and ``ConfigError`` as ``read_image`` does.
    """
    limit = pixel_limit(max_pixels)
    if isinstance(source, bytes):
        return _reduced(
            BytesIO(source), f"the given picture ({len(source)} bytes)", limit, fraction
        )
    name = repr(os.fspath(source))
    with _open(Path(source), name) as file:
        return _reduced(file, name, limit, fraction)


def is_address(source: object) -> TypeGuard[str]:
    """Whether ``source`` is the text of an http or https address."""
    return isinstance(source, str) and source[:8].lower().startswith(("http://", "https://"))


def is_pil(source: object) -> TypeGuard[PIL.Image.Image]:
    """Whether ``source`` is a PIL image."""
    return hasattr(source, "getexif") and hasattr(source, "convert")


def is_once(source: object) -> bool:
    """Whether the picture cannot be read from ``source`` a second time at no cost."""
    return isinstance(source, bytes | bytearray | memoryview) or (
        is_address(source) or _is_file(source)
    )


def is_many(source: Source | Iterable[Source]) -> TypeGuard[Iterable[Source]]:
    """Whether ``source`` is a list or another iterable of pictures, not one picture."""
    one = isinstance(source, str | os.PathLike | bytes | bytearray | memoryview | np.ndarray)
    return not (one or _is_file(source) or is_pil(source)) and isinstance(source, Iterable)


def _is_file(source: object) -> bool:
    return hasattr(source, "read")


def check_size(image: Image, width: int, height: int) -> None:
    """Raise ``InputError`` for an image that is not (height, width, 3)."""
    if image.shape != (height, width, 3):
        raise InputError(
            f"an image of shape {image.shape} is not the {width}×{height} picture of this result: "
            "give the analysed image"
        )


def _decode(file: IO[bytes], name: str, limit: int) -> Image:
    with open_picture(file, name, limit) as picture:
        return _three(picture.pixels())


def _reduced(
    file: IO[bytes], name: str, limit: int, fraction: Callable[[int, int], float]
) -> tuple[Image, tuple[int, int]]:
    with open_picture(file, name, limit) as picture:
        width, height = picture.upright_size()
        reduction = 1
        if picture.is_jpeg:
            enough = fraction(height, width)
            reduction = max(r for r in (1, 2, 4, 8) if r == 1 or 1 / r >= enough)
        return _three(picture.pixels(reduction)), (height, width)


def _three(pixels: Image) -> Image:
    """(H, W) grey repeated to (H, W, 3); (H, W, 3) as it is."""
    return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels


@contextmanager
def _open(path: Path, name: str) -> Iterator[IO[bytes]]:
    """A picture file that can be read from any position; ``ImageReadError`` without one."""
    try:
        with open_file(path, pipes=True) as file:
            yield file if file.seekable() else BytesIO(_read_pipe(file))
    except MienError:  # from the block
        raise
    except IsADirectoryError:
        raise ImageReadError(
            f"{name} is a folder: give a picture, or the pictures inside it"
        ) from None
    except OSError as error:
        raise ImageReadError(unreadable(error, name, "give a picture file")) from None


def _read_pipe(pipe: IO[bytes]) -> bytes:
    data = pipe.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"more than {MOST_BYTES:,} bytes come out of the pipe")
    return data


def _read_all(file: Any) -> tuple[BytesIO, str]:
    name = type(file).__name__
    try:
        name = repr(getattr(file, "name", None) or name)
        data = file.read()
    except Exception as error:  # a caller's object may raise anything
        reason = one_line(error)
        raise ImageReadError(f"cannot read {name} ({reason}): give an open binary file") from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InputError(f"{name} gives {type(data).__name__}, not bytes: open it in mode 'rb'")
    return BytesIO(data), name


def _from_array(array: NDArray[Any]) -> Image:
    shape = array.shape
    if not (array.ndim == 2 or (array.ndim == 3 and shape[2] in (1, 3, 4))) or not array.size:
        raise InputError(
            f"an array of shape {shape} is not a picture: "
            "expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), channels last and not empty"
        )
    array = _to_uint8(array)
    if array.ndim == 2 or shape[2] == 1:
        return _three(array.reshape(shape[:2]))
    if shape[2] == 4:
        import PIL.Image

        return np.array(on_white(PIL.Image.fromarray(np.ascontiguousarray(array))))
    return np.ascontiguousarray(array)


def _to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(array.dtype, np.uint16):  # either byte order
        return to_uint8(array)
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
