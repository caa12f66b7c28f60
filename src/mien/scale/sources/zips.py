"""Zips: each picture by its place in the file."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace

from mien.errors import InputError, one_line
from mien.media.clutter import clutter_in
from mien.media.formats import is_picture_name
from mien.scale.inputs import Input
from mien.scale.opening import open_seekable

ENCRYPTED = 99
"""The method of a member that needs a password."""


def is_zip_name(name: str) -> bool:
    """Whether the suffix is that of a zip."""
    return name.lower().endswith(".zip")


def members_of_zip(file: Input) -> Iterator[Input]:
    """The pictures in a zip, in its order; of several with one name the last.

    Raises ``InputError`` where it is damaged.
    """
    try:
        with open_seekable(file.path) as opened, zipfile.ZipFile(opened) as archive:
            members = {info.filename: info for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, struct.error) as error:
        raise InputError(f"{file.path!r} cannot be read as a zip: {one_line(error)}") from None
    for name, info in members.items():
        plain = name.replace("\\", "/")  # as some Windows programs write
        if is_picture_name(plain) and not clutter_in(plain):
            method = ENCRYPTED if info.flag_bits & 1 else info.compress_type
            yield replace(
                file, member=plain, size=info.file_size, video=False, offset=info.header_offset,
                stored=info.compress_size, method=method, crc=info.CRC,
            )  # fmt: skip
