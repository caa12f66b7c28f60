"""What an annotation file means by a picture's path, and which split it speaks of."""

from __future__ import annotations

import os
import re
from functools import cached_property
from itertools import takewhile
from pathlib import PurePosixPath

from mien.datasets.crops.folder import SPLIT_OF
from mien.datasets.files.archive import Archive, Folder
from mien.media.images import SUFFIXES

_WORDS = re.compile(r"[A-Za-z]+")


class PictureFinder:
    """Looks pictures up by the paths that annotation files give, which seldom lead all the way."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.ambiguous: set[str] = set()
        """Paths, as given back, for which there are several members, none better than another."""

    def find(self, picture: str, split: str = "") -> str:
        """The member meant; a path that leads nowhere stays, and is told when it is decoded.

        Of members of the same file name the one with the longest common path end is taken, and
        among equals one that lies in a folder of ``split``. Where ``split`` has folders, those of
        other splits are searched only for paths that name them. If several are left, it may be
        any of them, so none is taken, and the path is among ``ambiguous``.
        """
        beside = self._archive.path / picture
        if isinstance(self._archive, Folder) and os.path.isfile(beside):  # noqa: PTH113 - Path raises
            return picture
        parts = PurePosixPath(picture).parts[::-1]
        members = self._by_name.get(parts[0], []) if parts else []
        apart = split in self._splits
        ranked: dict[tuple[int, bool], list[str]] = {}
        for name in members:
            there = PurePosixPath(name).parts[::-1]
            end = list(takewhile(lambda pair: pair[0] == pair[1], zip(there, parts, strict=False)))
            common = "/".join(part for part, _ in reversed(end))
            its_split = split_of_folders(name)
            elsewhere = its_split not in (None, split)
            if not (apart and elsewhere and split_of_folders(common) is None):
                ranked.setdefault((len(end), its_split == split), []).append(name)
        best = ranked[max(ranked)] if ranked else [picture]
        if len(best) > 1:
            self.ambiguous.add(picture)
            return picture
        return best[0]

    def __contains__(self, path: str) -> bool:
        return path in self._members

    @cached_property
    def _members(self) -> frozenset[str]:
        return frozenset(self._archive.names())

    @cached_property
    def _splits(self) -> frozenset[str | None]:
        """Those that have a folder of their own."""
        pictures = filter(_is_picture, self._members)
        one_each = {name.rpartition("/")[0]: name for name in pictures}  # of every folder
        return frozenset(map(split_of_folders, one_each.values()))

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """File name → members of that name."""
        found: dict[str, list[str]] = {}
        for name in sorted(self._members):
            found.setdefault(PurePosixPath(name).name, []).append(name)
        return found


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


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
