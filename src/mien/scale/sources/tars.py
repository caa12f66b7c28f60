"""Uncompressed tars, such as WebDataset's: each picture by its place in the file."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mien.errors import InputError, one_line
from mien.media.clutter import clutter_in
from mien.media.formats import is_picture_name
from mien.scale.inputs import Input
from mien.scale.opening import open_seekable

_PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")


def is_tar_name(name: str) -> bool:
    """Whether the suffix is that of an uncompressed tar."""
    return name.lower().endswith(".tar")


def refuse_packed(name: str) -> None:
    """Raise ``InputError`` for a compressed tar, of which no part can be read alone."""
    if name.lower().endswith(_PACKED):
        raise InputError(f"{name!r} is a compressed tar: unpack it, to a .tar or a folder")


def members_of_tar(file: Input) -> Iterator[Input]:
    """The pictures in a tar, in its order. Raises ``InputError`` where it is damaged.

    Those before the damage come first.
    """
    try:
        with (
            open_seekable(file.path) as opened,
            tarfile.open(fileobj=opened, mode="r:") as opened_tar,
        ):
            tar: Any = opened_tar  # its list of members has no type
            while (member := tar.next()) is not None:
                tar.members = []  # it would keep all of them
                name = member.name
                if member.isreg() and is_picture_name(name) and not clutter_in(name):
                    yield replace(
                        file, member=name, size=member.size, video=False,
                        offset=member.offset_data, stored=member.size,
                    )  # fmt: skip
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise InputError(f"{file.path!r} cannot be read as a tar: {one_line(error)}") from None
