"""Small picture files of every format and mode that Mien reads, with the pixels that they show."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image, features

HEIGHT, WIDTH = 36, 52
ORIENTATION = 0x0112


class Made(NamedTuple):
    """A file, the RGB pixels that it shows, (H, W, 3) floats, and how far they may be off."""

    data: bytes
    shown: np.ndarray
    off: float
    """Mean difference in grey levels."""
    grey: bool


def colours() -> np.ndarray:
    """Smooth colours, no two corners alike: (36, 52, 3) uint8."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 4, y * 6, 255 - x * 2 - y], axis=2).astype(np.uint8)


def greys() -> np.ndarray:
    """A smooth slope: (36, 52) uint8."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (x * 3 + y * 2).astype(np.uint8)


def alpha() -> np.ndarray:
    """From transparent to opaque: (36, 52) uint8."""
    return np.linspace(0, 255, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint8)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _three(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def _on_white(shown: np.ndarray, share: np.ndarray) -> np.ndarray:
    return shown * share[..., None] + 255 * (1 - share[..., None])


def _png(depth: int, kind: int, rows: np.ndarray) -> bytes:
    """A PNG by its specification: bits per channel, colour type, and the bytes of each row."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _png16(channels: int) -> Made:
    """Pillow writes 16 bits of grey only."""
    base = (_three(greys()) if channels < 3 else colours()).astype(np.uint16) * 257
    planes = [base[..., i] for i in range(1 if channels < 3 else 3)]
    if channels in (2, 4):
        planes.append(alpha().astype(np.uint16) * 257)
    rows = np.stack(planes, axis=2).astype(">u2")
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    shown = base / 257
    if channels in (2, 4):
        shown = _on_white(shown, alpha() / 255)
    grey = channels == 1  # Pillow gives RGBA for 2
    return Made(_png(16, kind, rows), shown, 1, grey)


def _lab() -> Made:
    from PIL import ImageCms

    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(colours()), srgb, lab, outputMode="LAB")
    return Made(encode(image, "TIFF"), colours(), 1.5, grey=False)


def _palette(kind: str, transparent: bool = False) -> Made:
    image = Image.fromarray(colours()).quantize(16)
    shown, options = np.asarray(image.convert("RGB")).astype(float), {}
    if transparent:
        options = {"transparency": 3}
        shown[np.asarray(image) == 3] = 255
    return Made(encode(image, kind, **options), shown, 0, grey=False)


def _bits(depth: int) -> Made:
    """A grey PNG of 1, 2 or 4 bits a pixel."""
    levels = greys() >> (8 - depth)
    image = Image.fromarray(levels, "L") if depth > 1 else Image.fromarray(levels.astype(bool))
    if depth == 1:
        return Made(encode(image, "PNG"), _three(levels) * 255.0, 0, grey=True)
    packed = levels.reshape(HEIGHT, -1, 8 // depth)
    weights = 1 << np.arange(8 - depth, -1, -depth)
    rows = (packed * weights).sum(axis=2).astype(np.uint8)
    shown = _three(levels) * (255 / (2**depth - 1))
    return Made(_png(depth, 0, rows), shown, 0, grey=True)


def turned(kind: str, orientation: int, by: str = "exif") -> Made:
    """Stored so that ``orientation``, in EXIF or XMP, shows it upright."""
    shown = colours()
    stored = {
        1: shown,
        2: np.fliplr(shown),
        3: np.rot90(shown, 2),
        4: np.flipud(shown),
        5: shown.transpose(1, 0, 2),
        6: np.rot90(shown, 1),
        7: np.rot90(shown, 2).transpose(1, 0, 2),
        8: np.rot90(shown, -1),
    }[orientation]
    options: dict[str, object] = {"JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})  # type: ignore[assignment]
    options = {"lossless": True} if kind == "WEBP" else options
    if by == "exif":
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        options = {**options, "exif": exif}
    else:
        text = (
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="{orientation}"/></x:xmpmeta>'
        )
        if kind == "PNG":
            from PIL.PngImagePlugin import PngInfo

            info = PngInfo()
            info.add_itxt("XML:com.adobe.xmp", text)
            options = {**options, "pnginfo": info}
        else:
            options = {**options, "xmp": text.encode()}
    image = Image.fromarray(np.ascontiguousarray(stored))
    return Made(encode(image, kind, **options), shown, 1.5 if kind == "JPEG" else 0, grey=False)


def _plain(mode: str, kind: str, off: float = 0, **options: object) -> Made:
    """``mode``: of Pillow."""
    grey = mode in ("L", "LA")
    image = Image.fromarray(greys() if grey else colours())
    shown = _three(greys()).astype(float) if grey else colours().astype(float)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray(alpha()))
        shown = _on_white(shown, alpha() / 255)
        off = max(off, 1)
    elif mode not in ("L", "RGB"):
        image = image.convert(mode)
    return Made(encode(image, kind, **options), shown, off, grey)


def _deep_tiff() -> Made:
    image = Image.fromarray(greys().astype(np.uint16) * 257)
    return Made(encode(image, "TIFF"), _three(greys()), 0, grey=True)


def _float_tiff() -> Made:
    image = Image.fromarray(greys().astype(np.float32) / 255)
    return Made(encode(image, "TIFF"), _three(greys()), 0, grey=True)


def _heic(mode: str) -> Made:
    import pillow_heif

    made = _plain(mode, "PNG")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.open(io.BytesIO(made.data))).save(buffer, quality=100)
    return Made(buffer.getvalue(), made.shown, 3, grey=False)


FILES: dict[str, Callable[[], Made]] = {
    "jpeg grey": lambda: _plain("L", "JPEG", 1, quality=98),
    "jpeg rgb": lambda: _plain("RGB", "JPEG", 3, quality=98),
    "jpeg progressive": lambda: _plain("RGB", "JPEG", 3, quality=98, progressive=True),
    "jpeg cmyk": lambda: _plain("CMYK", "JPEG", 3, quality=98),
    "mpo": lambda: _plain("RGB", "MPO", 3, quality=98),
    "png 1 bit": lambda: _bits(1),
    "png 2 bit": lambda: _bits(2),
    "png 4 bit": lambda: _bits(4),
    "png grey": lambda: _plain("L", "PNG"),
    "png rgb": lambda: _plain("RGB", "PNG"),
    "png grey alpha": lambda: _plain("LA", "PNG"),
    "png rgba": lambda: _plain("RGBA", "PNG"),
    "png grey 16 bit": lambda: _png16(1),
    "png grey alpha 16 bit": lambda: _png16(2),
    "png rgb 16 bit": lambda: _png16(3),
    "png rgba 16 bit": lambda: _png16(4),
    "png palette": lambda: _palette("PNG"),
    "png palette transparent": lambda: _palette("PNG", True),
    "gif": lambda: _palette("GIF"),
    "gif transparent": lambda: _palette("GIF", True),
    "bmp grey": lambda: _plain("L", "BMP"),
    "bmp rgb": lambda: _plain("RGB", "BMP"),
    "bmp palette": lambda: _palette("BMP"),
    "tiff grey": lambda: _plain("L", "TIFF"),
    "tiff rgb": lambda: _plain("RGB", "TIFF"),
    "tiff grey alpha": lambda: _plain("LA", "TIFF"),
    "tiff rgba": lambda: _plain("RGBA", "TIFF"),
    "tiff palette": lambda: _palette("TIFF"),
    "tiff cmyk": lambda: _plain("CMYK", "TIFF", 1),
    "tiff ycbcr": lambda: _plain("YCbCr", "TIFF", 1),
    "tiff lab": _lab,
    "tiff 16 bit": _deep_tiff,
    "tiff float": _float_tiff,
    "tiff lzw": lambda: _plain("RGB", "TIFF", compression="tiff_lzw"),
    "webp": lambda: _plain("RGB", "WEBP", lossless=True),
    "webp alpha": lambda: _plain("RGBA", "WEBP", lossless=True, exact=True),
    "jpeg 2000": lambda: _plain("RGB", "JPEG2000"),
    "ppm": lambda: _plain("RGB", "PPM"),
    "pgm": lambda: _plain("L", "PPM"),
    "avif": lambda: _plain("RGB", "AVIF", 3, quality=95),
    "avif alpha": lambda: _plain("RGBA", "AVIF", 4, quality=95),
    "heic": lambda: _heic("RGB"),
    "heic alpha": lambda: _heic("RGBA"),
    **{
        f"{kind.lower()} turned {turn}": (lambda kind=kind, turn=turn: turned(kind, turn))
        for kind in ("JPEG", "PNG", "WEBP", "TIFF")
        for turn in range(1, 9)
    },
    **{
        f"{kind.lower()} turned {turn} by xmp": (lambda k=kind, t=turn: turned(k, t, "xmp"))
        for kind in ("JPEG", "PNG", "WEBP")
        for turn in (3, 6)
    },
}
"""Name → a function that makes the file."""


def missing(name: str) -> str:
    """What this installation lacks to make and read the file; empty if nothing."""
    if name.startswith("avif") and not features.check("avif"):
        return "this Pillow reads no AVIF"
    if name.startswith("heic"):
        try:
            import pillow_heif  # noqa: F401
        except ImportError:
            return "pillow-heif is not installed"
    return ""
