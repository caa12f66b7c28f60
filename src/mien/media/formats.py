"""Formats of picture files: those that Mien reads, and those that it only recognises by suffix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import PurePath

from mien.errors import install_command

HAS_HEIF = find_spec("pillow_heif") is not None
"""Whether HEIC and HEIF can be read: the extra ``heif`` is installed."""

# fmt: off
HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
SUFFIXES = frozenset(
    f".{name}" for name in (
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "tif", "tiff", "gif", "avif",
        "jp2", "ppm", "pgm", "pbm",
    )
) | (HEIF_SUFFIXES if HAS_HEIF else frozenset())
"""Lower-case suffixes of the files that count as pictures when a folder is searched."""

OTHER_SUFFIXES = HEIF_SUFFIXES.union(
    f".{name}" for name in (
        "heics", "heifs", "jxl", "jxr", "wdp", "hdp", "j2k", "j2c", "jpc", "jpf", "jpx", "jpm",
        # raw pictures of cameras
        "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "k25", "kdc", "mef", "mos",
        "mrw", "nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
        # drawings, and files of programs
        "ai", "eps", "psb", "psd", "svg", "svgz", "xcf",
        "cur", "dds", "exr", "hdr", "icns", "ico", "pam", "pcx", "pfm", "pnm", "qoi", "sgi", "tga",
        "xbm", "xpm",
    )
) - SUFFIXES
# fmt: on
"""Lower-case suffixes of pictures that Mien does not read; a folder's are left out and counted."""

# Formats that Pillow tries, most common first. It knows more, such as EPS through Ghostscript, but
# few decoders are safer for files from unknown sources. AVIF is last because a Pillow without it
# raises KeyError there.
PILLOW_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG2000", "AVIF")
READABLE = f"JPEG, PNG, WebP, BMP, TIFF, GIF{', AVIF or HEIC' if HAS_HEIF else ' or AVIF'}"

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_heif(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (12 bytes) may be HEIC, HEIF or their relative."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def is_picture_name(name: str | PurePath) -> bool:
    """Whether the suffix is that of a picture that Mien reads; the file is not opened."""
    return PurePath(name).suffix.lower() in SUFFIXES


def is_other_picture_name(name: str | PurePath) -> bool:
    """Whether the suffix is that of a picture that Mien does not read."""
    return PurePath(name).suffix.lower() in OTHER_SUFFIXES


def left_out(name: str | PurePath) -> str:
    """The reason why a file with one of ``OTHER_SUFFIXES`` is left out."""
    suffix = PurePath(name).suffix.lower()
    if suffix in HEIF_SUFFIXES:
        return f"{suffix} needs the 'heif' extra to be read: {install_command('heif')}"
    return f"{suffix} is not read: convert it to JPEG or PNG"


def count_suffixes(names: Iterable[str | PurePath]) -> Counter[str]:
    """Suffix → number of ``names`` with it, of pictures that Mien does not read."""
    return Counter(PurePath(name).suffix.lower() for name in names if is_other_picture_name(name))


def describe_left_out(suffixes: Mapping[str, int]) -> str:
    """One line about files that are left out: suffix → number of files."""
    counts = ", ".join(
        f"{count:,} {suffix}" for suffix, count in sorted(suffixes.items(), key=lambda p: -p[1])
    )
    heif = HEIF_SUFFIXES & suffixes.keys()
    others = suffixes.keys() - HEIF_SUFFIXES
    advice = []
    if heif:
        advice.append(f"HEIC needs the 'heif' extra ({install_command('heif')})")
    if others:
        advice.append(f"convert {'the others' if heif else 'them'} to JPEG or PNG")
    total = sum(suffixes.values())
    return f"left out {total:,} picture{'s' * (total != 1)} ({counts}): {'; '.join(advice)}"
