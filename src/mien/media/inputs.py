"""Turns files, folders, globs and a list on standard input into the paths of pictures."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from glob import has_magic
from pathlib import Path, PurePath

from mien.errors import InputError
from mien.media.clutter import is_clutter
from mien.media.formats import (
    count_suffixes,
    describe_left_out,
    is_other_picture_name,
    is_picture_name,
)
from mien.media.images import is_address

STDIN = "-"
"""Means a list of paths on standard input."""

Report = Callable[[InputError], None]


def expand(
    names: Iterable[str | os.PathLike[str]],
    *,
    recursive: bool = False,
    stdin: Iterable[str] | None = None,
    on_error: Report | None = None,
    on_clutter: Callable[[int], None] | None = None,
) -> Iterator[str]:
    """The paths of the pictures that ``names`` stand for, one at a time, each once.

    - A file is taken whatever its suffix, and so is a path that does not exist: reading it will
      report the error.
    - A folder gives the pictures inside, by suffix (``mien.media.formats.SUFFIXES``) and without
      hidden files, thumbnails, recycle bins and the like (``mien.media.clutter``); with
      ``recursive``, those in its subfolders too.
    - A glob that the shell has not expanded (``*``, ``?``, ``[…]``, ``**``) gives the pictures and
      folders that match it; without any, all files that match it.
    - An address (``https://…``) is taken as it is.
    - ``-`` gives the paths in ``stdin`` (standard input by default), one per line, read as they
      come; blank lines are skipped. NUL separates paths too, as ``find -print0`` writes it.

    The order is that of ``names``; a folder or glob is sorted by name, files before subfolders.
    Folders are read while the iterator runs. A folder or glob without pictures, an unreadable
    folder and an empty list are passed to ``on_error`` as an ``InputError``, and the other names
    follow; without ``on_error`` the error is raised.

    Pictures of formats that Mien does not read, in a folder or matched by a glob, are counted by
    suffix, and one ``InputError`` at the end says how many were left out. Without ``on_error`` it
    is raised only if there was no other picture. ``on_clutter`` gets the number of pictures among
    the hidden and system files that folders were left out with, if there are any.
    """
    seen: set[tuple[str, str]] = set()
    real_folder = lru_cache(maxsize=1024)(_real_folder)
    report = on_error or _raise
    left_out = _LeftOut(on_clutter is not None)
    for path in _paths(names, recursive, stdin, report, left_out):
        # One entry of a folder is one picture, however the path is spelt; a link is another entry.
        folder, name = os.path.split(path)
        key = (real_folder(folder), name)
        if key not in seen:
            seen.add(key)
            yield path
    if on_clutter and left_out.clutter:
        on_clutter(left_out.clutter)
    if left_out.formats and (on_error or not seen):
        report(InputError(describe_left_out(left_out.formats)))


def roots_of(names: Iterable[str | os.PathLike[str]]) -> list[str]:
    """The folders among ``names``, and those in which their globs begin, as ``expand`` reads them.

    What ``expand`` finds below a root keeps its subfolders where pictures are saved.
    """
    roots = []
    for item in names:
        name = os.fspath(item)
        if is_address(name) or name == STDIN:
            continue
        if has_magic(name) and not os.path.lexists(name):
            roots.append(str(_glob_parts(name)[0]))
        elif os.path.isdir(name):  # noqa: PTH112
            roots.append(name)
    return roots


def below(path: str, roots: Iterable[str]) -> tuple[str, ...]:
    """The folders between the first of ``roots`` that holds ``path`` and the file: ``("a", "b")``.

    Empty without such a root, and for a path that leads out of it.
    """
    for root in roots:
        try:
            parts = PurePath(path).relative_to(root).parts[:-1]
        except ValueError:
            continue
        return parts if ".." not in parts else ()
    return ()


class _LeftOut:
    """Pictures that are not taken: ``formats`` by suffix, and the number among ``clutter``."""

    def __init__(self, counts_clutter: bool) -> None:
        self.formats: Counter[str] = Counter()
        self.clutter = 0
        self._counts = counts_clutter

    def add_clutter(self, path: str, is_folder: bool) -> None:
        """Count the picture, or the pictures in the folder."""
        if not self._counts:
            return
        if not is_folder:
            self.clutter += is_picture_name(path)
            return
        for _, _, names in os.walk(path):  # follows no links
            self.clutter += sum(map(is_picture_name, names))


def _paths(
    names: Iterable[str | os.PathLike[str]],
    recursive: bool,
    stdin: Iterable[str] | None,
    report: Report,
    left_out: _LeftOut,
) -> Iterator[str]:
    for item in names:
        name = os.fspath(item)
        if name == STDIN and stdin is None and sys.stdin is None:
            report(InputError("standard input is closed: give it a list of paths, one per line"))
        elif name == STDIN:
            count = 0
            for count, line in enumerate(_lines(stdin), start=1):  # noqa: B007
                yield from _file_or_folder(line, recursive, report, left_out)
            if not count:
                report(InputError("standard input contains no path: give one path per line"))
        elif is_address(name):
            yield name
        elif has_magic(name) and not os.path.lexists(name):
            yield from _glob(name, recursive, report, left_out)
        else:
            yield from _file_or_folder(name, recursive, report, left_out)


def _lines(stdin: Iterable[str] | None) -> Iterator[str]:
    # Bytes, because a file name on Linux need not be valid UTF-8.
    lines = (os.fsdecode(line) for line in sys.stdin.buffer) if stdin is None else stdin
    parts = (part for line in lines for part in line.split("\0"))  # no path can contain a NUL
    return (text for part in parts if (text := part.rstrip("\r\n")).strip())


def _real_folder(folder: str) -> str:
    try:
        return os.path.realpath(folder)
    except (OSError, ValueError):  # not a folder; reading the picture will report it
        return folder


def _file_or_folder(
    name: str, recursive: bool, report: Report, left_out: _LeftOut
) -> Iterator[str]:
    if not is_address(name) and os.path.isdir(name):  # noqa: PTH112 - keeps the user's spelling, such as "./"
        yield from _walk(name, recursive, report, left_out)
    else:
        yield name


def _walk(top: str, recursive: bool, report: Report, left_out: _LeftOut) -> Iterator[str]:
    visited: set[tuple[int, int]] = set()  # folders by device and inode: links may form loops
    waiting = [top]
    silent = True  # neither a picture nor an error so far
    while waiting:
        folder = waiting.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = sorted((entry.name, _is_folder(entry)) for entry in entries)
        except OSError as error:
            reason = f"({error.strerror}): check its permissions"
            report(InputError(f"cannot read folder {folder!r} {reason}"))
            silent = False
            continue
        for name, is_folder in found:
            if is_clutter(name):
                if recursive or not is_folder:
                    left_out.add_clutter(os.path.join(folder, name), is_folder)  # noqa: PTH118
            elif not is_folder and is_picture_name(name):
                silent = False
                yield os.path.join(folder, name)  # noqa: PTH118
            elif not is_folder and is_other_picture_name(name):
                silent = False
                left_out.formats.update(count_suffixes([name]))
        if recursive:
            inside = [
                os.path.join(folder, name)  # noqa: PTH118
                for name, is_folder in found
                if is_folder and not is_clutter(name)
            ]
            waiting.extend(reversed(inside))
    if silent:
        hint = "give another" if recursive else "give another, or search its subfolders (recursive)"
        report(InputError(f"folder {top!r} contains no picture: {hint}"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _glob(pattern: str, recursive: bool, report: Report, left_out: _LeftOut) -> Iterator[str]:
    # pathlib's ** does not follow links to folders, so a loop of links ends.
    base, rest = _glob_parts(pattern)
    named = any(map(is_clutter, rest))
    try:
        matches = sorted(
            str(path)
            for path in base.glob(str(Path(*rest)))
            if named or not any(map(is_clutter, path.relative_to(base).parts))
        )
    except (OSError, ValueError) as error:
        report(InputError(f"cannot follow the pattern {pattern!r} ({error}): name the files"))
        return
    others = [m for m in matches if is_other_picture_name(m) and not Path(m).is_dir()]
    wanted = [m for m in matches if is_picture_name(m) or Path(m).is_dir()]
    wanted = wanted or [match for match in matches if match not in others]
    left_out.formats.update(count_suffixes(others))
    # A matching folder may be empty, as long as another match has a picture.
    pictures = (
        path
        for match in wanted
        for path in _file_or_folder(match, recursive, lambda _: None, left_out)
    )
    first_picture = next(pictures, None)
    if first_picture is None and others:
        return  # reported with the count
    if first_picture is None:
        report(InputError(f"no picture matches {pattern!r}: check the path and the pattern"))
    else:
        yield first_picture
        yield from pictures


def _glob_parts(pattern: str) -> tuple[Path, tuple[str, ...]]:
    """The folder in which a glob begins, and the parts after it."""
    parts = Path(pattern).parts
    first = next(i for i, part in enumerate(parts) if has_magic(part))
    return Path(*parts[:first]), parts[first:]


def _raise(error: InputError) -> None:
    raise error
