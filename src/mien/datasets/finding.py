"""What an annotation file means by a picture's path, and which split it speaks of."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import PurePosixPath

from mien.datasets.archive import Archive, Folder
from mien.datasets.folder import SPLIT_OF

_WORDS = re.compile(r"[A-Za-z]+")


class PictureFinder:
    """Looks pictures up by the paths that annotation files give, which seldom lead all the way."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def find(self, picture: str, split: str = "") -> str:
        """The member meant; a path that leads nowhere stays, and is told when it is decoded.

        Of members of the same file name the one with the longest common path end is taken, and
        among equals one that lies in a folder of ``split``.
        """
        beside = self._archive.path / picture
        if isinstance(self._archive, Folder) and os.path.isfile(beside):  # noqa: PTH113 - Path raises
            return picture
        parts = PurePosixPath(picture).parts[::-1]
        members = self._by_name.get(parts[0], []) if parts else []

        def alike(name: str) -> tuple[int, bool]:
            pairs = zip(PurePosixPath(name).parts[::-1], parts, strict=False)
            same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(parts))
            return same, bool(split) and split_of_folders(name) == split

        return max(members, key=alike, default=picture)

    def __contains__(self, path: str) -> bool:
        return path in self._members

    @cached_property
    def _members(self) -> frozenset[str]:
        return frozenset(self._archive.names())

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """File name → members of that name."""
        found: dict[str, list[str]] = {}
        for name in sorted(self._members):
            found.setdefault(PurePosixPath(name).name, []).append(name)
        return found


def joined(folder: str, picture: str) -> str:
    """``picture`` as an annotation file in ``folder`` names it, from the archive's root."""
    picture = picture.replace("\\", "/").removeprefix("./")
    return f"{folder}/{picture}" if folder else picture


def split_of_table(table: str) -> str | None:
    """By a word in the annotation file's name, else by the folders above it, else none."""
    place = PurePosixPath(table)
    folders = (part.lower() for part in place.parts[-2::-1])
    return split_in_words(place.stem) or next(
        (SPLIT_OF[folder] for folder in folders if folder in SPLIT_OF), None
    )


def split_of_folders(path: str) -> str | None:
    """By a word in the nearest folder above that has one, such as ``WIDER_val``; else none."""
    found = (split_in_words(part) for part in PurePosixPath(path).parts[-2::-1])
    return next((split for split in found if split), None)


def split_in_words(text: str) -> str | None:
    """The split that a word of ``text`` names, such as ``wider_val_dev``; else none."""
    words = (word.lower() for word in _WORDS.findall(text))
    return next((SPLIT_OF[word] for word in words if word in SPLIT_OF), None)
