"""The member of a data set that an annotation file means by a picture's path."""

from __future__ import annotations

import os
from functools import cached_property
from itertools import takewhile
from pathlib import PurePosixPath

from mien.datasets.files.archive import Archive, Folder
from mien.datasets.files.split_names import split_of_folders
from mien.media.formats import is_picture_name


class PictureFinder:
    """Finds pictures by paths from annotation files, which often hold only at their end."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.ambiguous: set[str] = set()
        """Paths that fit several members equally well."""

    def find(self, picture: str, split: str = "") -> str:
        """The member meant by a path; without any, the path itself, which decoding then reports.

        Of the members with the same file name, the one that shares the longest path end wins, and
        among equals one in a folder of ``split``. Where ``split`` has folders, folders of other
        splits are searched only if the path names them. If several members are equally good, none
        is taken, since it would be a guess, and the path is added to ``ambiguous``.
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
        """Splits with a folder of their own."""
        pictures = filter(is_picture_name, self._members)
        one_each = {name.rpartition("/")[0]: name for name in pictures}  # of every folder
        return frozenset(map(split_of_folders, one_each.values()))

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """File name → members of that name."""
        members: dict[str, list[str]] = {}
        for name in sorted(self._members):
            members.setdefault(PurePosixPath(name).name, []).append(name)
        return members


def path_in_archive(folder: str, picture: str) -> str:
    """A path that an annotation file in ``folder`` gives, from the archive's root."""
    picture = picture.replace("\\", "/").removeprefix("./")
    return f"{folder}/{picture}" if folder else picture
