"""The member of a data set that an annotation file means by a picture's path."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import PurePosixPath

from mien.datasets.files.archive import Archive
from mien.datasets.files.split_names import split_of_folders
from mien.media.formats import is_picture_name

_ENCODINGS = ("gb18030", "big5", "shift_jis", "euc_kr", "utf-8")
"""In which zip programs store names without saying so; Python reads such names as code page 437."""

_DEEPEST = 32  # parts of a path that are compared


class PictureFinder:
    """Finds pictures by paths from annotation files, which often hold only at their end."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.ambiguous: set[str] = set()
        """Paths that fit several members equally well."""
        self._ends: dict[str, _Ends] = {}
        self._exact_ends: dict[str, _Ends] = {}

    def find(self, picture: str, split: str = "") -> str:
        """The member meant by a path; without any, the path itself, which decoding then reports.

        Of the members with the same file name, the one that shares the longest path end wins, and
        among equals one in a folder of ``split``, then one in the same case. Where ``split`` has
        folders, folders of other splits are searched only if the path names them. If several
        members are equally good, none is taken, since it would be a guess, and the path is added
        to ``ambiguous``. The time does not depend on how many members have the name.
        """
        if member := self.member(picture):
            return member
        for path in (picture, *_in_cp437(picture)):
            parts = [part for part in path.split("/") if part][::-1]
            if not parts:
                continue
            name = parts[0].casefold()
            members = self._by_name.get(name)
            if not members:
                continue
            apart = split in self._splits
            if name not in self._ends:
                self._ends[name] = _Ends(members, str.casefold)
            depth, fitting = self._ends[name].find(parts, split, apart)
            if len(fitting) > 1:
                if name not in self._exact_ends:
                    self._exact_ends[name] = _Ends(members, str)
                exact_depth, exact = self._exact_ends[name].find(parts, split, apart)
                fitting = exact if exact_depth == depth and exact else fitting
            if len(fitting) > 1:
                self.ambiguous.add(picture)
                return picture
            if fitting:
                return fitting[0]
        return picture

    def member(self, path: str) -> str:
        """The member at exactly this path, else the only one there in another case, else empty."""
        if path.startswith("/"):
            path = path.removeprefix(f"{self._archive.path.absolute().as_posix()}/")
        if path in self._members or (path and self._archive.holds(path)):
            return path
        return self._in_any_case.get(path.casefold(), "")

    @cached_property
    def _members(self) -> frozenset[str]:
        return frozenset(self._archive.names())

    @cached_property
    def _in_any_case(self) -> dict[str, str]:
        """Path in small letters → its only member; empty where there are several."""
        found: dict[str, str] = {}
        for name in self._members:
            folded = name.casefold()
            found[folded] = "" if folded in found else name
        return found

    @cached_property
    def _splits(self) -> frozenset[str | None]:
        """Splits with a folder of their own."""
        pictures = filter(is_picture_name, self._members)
        one_each = {name.rpartition("/")[0]: name for name in pictures}  # of every folder
        return frozenset(map(split_of_folders, one_each.values()))

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """File name in small letters → members of that name."""
        members: dict[str, list[str]] = {}
        for name in sorted(self._members):
            members.setdefault(PurePosixPath(name).name.casefold(), []).append(name)
        return members


class _Ends:
    """Members with one file name, by every end of their paths: end → split → up to two of them.

    Two are enough to say that there are several. So a lookup takes as many steps as the path has
    parts, however many videos have a frame of that name.
    """

    def __init__(self, members: Iterable[str], fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._found: dict[str, dict[str | None, list[str]]] = {}
        for member in members:
            split = split_of_folders(member)
            for end in self._each_end(member.split("/")[::-1]):
                of_split = self._found.setdefault(end, {}).setdefault(split, [])
                if len(of_split) < 2:
                    of_split.append(member)

    def find(self, parts: list[str], split: str, apart: bool) -> tuple[int, list[str]]:
        """Length of the longest end that fits, and up to a few members that share it.

        ``parts`` of the path, the last first. ``apart``: members of other splits count only if the
        end names their split.
        """
        ends = list(self._each_end(parts))
        for depth in range(len(ends), 0, -1):
            found = self._found.get(ends[depth - 1])
            if not found:
                continue
            if apart and split_of_folders("/".join(parts[:depth][::-1])) is None:
                found = {key: found[key] for key in (split, None) if key in found}
            best = found.get(split) or [name for names in found.values() for name in names]
            if best:
                return depth, best
        return 0, []

    def _each_end(self, parts: list[str]) -> Iterator[str]:
        """The end of one part, of two and so on; ``parts`` with the last first."""
        end = ""
        for part in parts[:_DEEPEST]:
            end = f"{self._fold(part)}/{end}"
            yield end


def path_in_archive(folder: str, picture: str) -> str:
    """A path that an annotation file in ``folder`` gives, from the archive's root.

    It begins with ``../`` or ``/`` where it leads out.
    """
    path = picture.replace("\\", "/")
    if folder and not path.startswith("/"):
        path = f"{folder}/{path}"
    return posixpath.normpath(path) if path else ""


def _in_cp437(path: str) -> list[str]:
    """How a zip whose names are not in UTF-8 may show a path that is not plain ASCII."""
    shown = []
    if not path.isascii():
        for encoding in _ENCODINGS:
            try:
                shown.append(path.encode(encoding).decode("cp437"))
            except UnicodeError:
                continue
    return shown
