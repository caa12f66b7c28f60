"""Turns files, folders, globs and a list on standard input into the paths of pictures."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from glob import has_magic
from pathlib import Path

from mien.errors import InputError
from mien.media.clutter import is_clutter
from mien.media.formats import (
    count_suffixes,
    describe_left_out,
    is_other_picture_name,
    is_picture_name,
)

STDIN = "-"
"""Means a list of paths on standard input."""

Report = Callable[[InputError], None]


def expand(
    names: Iterable[str | os.PathLike[str]],
    *,
    recursive: bool = False,
    stdin: Iterable[str] | None = None,
    on_error: Report | None = None,
) -> Iterator[str]:
    """The paths of the pictures that ``names`` stand for, one at a time, each once.

    - A file is taken whatever its suffix, and so is a path that does not exist: reading it will
      report the error.
    - A folder gives the pictures inside, by suffix (``mien.media.formats.SUFFIXES``) and without
      hidden files, thumbnails, recycle bins and the like (``mien.media.clutter``); with
      ``recursive``, those in its subfolders too.
    - A glob that the shell has not expanded (``*``, ``?``, ``[…]``, ``**``) gives the pictures and
      folders that match it; without any, all files that match it.
    - ``-`` gives the paths in ``stdin`` (standard input by default), one per line, read as they
      come; blank lines are skipped. NUL separates paths too, as ``find -print0`` writes it.

    The order is that of ``names``; a folder or glob is sorted by name, files before subfolders.
    Folders are read while the iterator runs. A folder or glob without pictures, an unreadable
    folder and an empty list are passed to ``on_error`` as an ``InputError``, and the other names
    follow; without ``on_error`` the error is raised.

    Pictures of formats that Mien does not read, in a folder or matched by a glob, are counted by
    suffix, and one ``InputError`` at the end says how many were left out. Without ``on_error`` it
    is raised only if there was no other picture.
    """
    seen: set[tuple[str, str]] = set()
    real_folder = lru_cache(maxsize=1024)(_real_folder)
    report = on_error or _raise
    left_out: Counter[str] = Counter()
    for path in _paths(names, recursive, stdin, report, left_out):
        # One entry of a folder is one picture, however the path is spelt; a link is another entry.
        folder, name = os.path.split(path)
        key = (real_folder(folder), name)
        if key not in seen:
            seen.add(key)
            yield path
    if left_out and (on_error or not seen):
        report(InputError(describe_left_out(left_out)))


def _paths(
    names: Iterable[str | os.PathLike[str]],
    recursive: bool,
    stdin: Iterable[str] | None,
    report: Report,
    left_out: Counter[str],
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
    name: str, recursive: bool, report: Report, left_out: Counter[str]
) -> Iterator[str]:
    if os.path.isdir(name):  # noqa: PTH112 - keeps the user's spelling, such as "./"
        yield from _walk(name, recursive, report, left_out)
    else:
        yield name


def _walk(top: str, recursive: bool, report: Report, left_out: Counter[str]) -> Iterator[str]:
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
                found = sorted((e.name, _is_folder(e)) for e in entries if not is_clutter(e.name))
        except OSError as error:
            reason = f"({error.strerror}): check its permissions"
            report(InputError(f"cannot read folder {folder!r} {reason}"))
            silent = False
            continue
        for name, is_folder in found:
            if not is_folder and is_picture_name(name):
                silent = False
                yield os.path.join(folder, name)  # noqa: PTH118
            elif not is_folder and is_other_picture_name(name):
                silent = False
                left_out.update(count_suffixes([name]))
        if recursive:
            inside = [os.path.join(folder, name) for name, is_folder in found if is_folder]  # noqa: PTH118
            waiting.extend(reversed(inside))
    if silent:
        hint = "give another" if recursive else "give another, or search its subfolders (recursive)"
        report(InputError(f"folder {top!r} contains no picture: {hint}"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _glob(pattern: str, recursive: bool, report: Report, left_out: Counter[str]) -> Iterator[str]:
    # pathlib's ** does not follow links to folders, so a loop of links ends.
    parts = Path(pattern).parts
    first = next(i for i, part in enumerate(parts) if has_magic(part))
    base, rest = Path(*parts[:first]), parts[first:]
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
    left_out.update(count_suffixes(others))
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


def _raise(error: InputError) -> None:
    raise error
