"""One way to read a folder, a zip (without unpacking) and a single file."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from mien.datasets.files.folders import LINKED, ROOTS, Folder
from mien.datasets.files.zips import Zip
from mien.errors import DatasetError
from mien.media.formats import is_picture_name
from mien.reading import open_file

DAMAGE = (UnicodeDecodeError, OSError)
"""Errors that reading a damaged member raises, at once or later."""
# First bytes of files that hold other files, and what to call them.
_PACKED = {
    b"\x1f\x8b": "packed with gzip",
    b"\x1f\x9d": "packed with compress",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ\0": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"\x04\x22\x4d\x18": "packed with LZ4",
    b"LZIP": "packed with lzip",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"MSCF": "a CAB archive",
    b"xar!": "a XAR archive",
    b"!<arch>\n": "an AR archive",
}
_TAR = slice(257, 262)  # where a tar file says "ustar"
_HEAD = 264
_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".7z", ".rar")


class Archive(Protocol):
    """Named members and their bytes."""

    path: Path
    is_file: bool
    """Whether ``path`` is a single file, the only member."""

    @property
    def beside(self) -> Mapping[str, Sequence[str]]:
        """What ``names`` leaves out: hidden folder or the like → paths of the files in it."""
        ...

    def names(self) -> list[str]:
        """Every member as a POSIX path relative to the archive's root, sorted.

        Without hidden files, thumbnails, recycle bins and the like (``mien.media.clutter``).
        """
        ...

    def holds(self, name: str) -> bool:
        """Whether there is such a member; in a folder also one that ``names`` leaves out."""
        ...

    def read(self, name: str, most: int | None = None) -> bytes:
        """The bytes of one member; ``DatasetError`` where it cannot be read.

        That is also where it lies outside the folder, or has more than ``most`` bytes (default:
        ``mien.datasets.files.limits.MAX_PICTURE_BYTES``).
        """
        ...

    def text(self, name: str) -> TextIO:
        """One member as an open UTF-8 text file, without its byte order mark.

        ``DatasetError`` where it cannot be opened, or has more bytes than
        ``mien.datasets.files.limits.MAX_TABLE_BYTES``; reading it may raise one of ``DAMAGE``.
        """
        ...


def open_archive(path: Path) -> Archive:
    """Open the folder, zip or file at ``path``; ``DatasetError`` where it cannot be read."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()  # os.walk would skip a protected folder silently
            return Folder(path)
        with open_file(path) as file:
            head = file.read(_HEAD)
            file.seek(0)
            is_zip = zipfile.is_zipfile(file)
    except (FileNotFoundError, NotADirectoryError):
        raise DatasetError(f"no data at {path}: no such file or folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"cannot read {path}: {reason}") from None
    if packed := _packed(head):
        raise DatasetError(f"{path} is {packed}: unpack it, and give the folder or file inside")
    if is_zip:
        return Zip(path)
    if status.st_size and path.suffix.lower() == ".zip":
        raise DatasetError(f"{path} is not a zip file, or is truncated: download it again")
    return Folder(path)


def pictures_beside(archive: Archive) -> dict[str, list[str]]:
    """Reason → pictures, and folders that are links, that ``archive.names()`` leaves out."""
    left_out = {}
    for part, names in archive.beside.items():
        if part == LINKED:
            left_out[f"{LINKED} the data set: {ROOTS} allows it"] = list(names)
        elif pictures := [name for name in names if _is_picture(name)]:
            what = "is hidden" if part.startswith(".") else f"lies in {part}, a system's folder"
            left_out.setdefault(f"picture {what}", []).extend(pictures)
    return left_out


def packed_inside(path: Path) -> str:
    """An archive in the folder ``path`` that has to be unpacked first; empty if there is none."""
    try:
        names = sorted(entry.name for entry in os.scandir(path) if entry.is_file())
    except (OSError, ValueError):
        return ""
    return next((name for name in names if name.lower().endswith(_SUFFIXES)), "")


def _is_picture(name: str) -> bool:
    """Not macOS's resource forks, which have the names of pictures."""
    return is_picture_name(name) and not name.rpartition("/")[2].startswith("._")


def _packed(head: bytes) -> str:
    """What a file is that begins like this and that is packed, but not as a zip; else empty."""
    if head[_TAR] == b"ustar":
        return "a tar archive"
    return next((what for start, what in _PACKED.items() if head.startswith(start)), "")
