"""What a user names, files, folders, globs or a list on standard input, becomes picture paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from glob import has_magic
from pathlib import Path

from mien.errors import InputError
from mien.media.images import SUFFIXES

STDIN = "-"
"""The name that stands for a list of paths on standard input."""

Report = Callable[[InputError], None]


def expand(
    names: Iterable[str | os.PathLike[str]],
    *,
    recursive: bool = False,
    stdin: Iterable[str] | None = None,
    on_error: Report | None = None,
) -> Iterator[str]:
    """The picture paths that ``names`` stand for, one by one, each once.

    - A file is taken whatever its suffix; so is a path that does not exist, whose read then fails
      with its own message.
    - A folder stands for the pictures inside (``mien.media.images.SUFFIXES``; names that begin with
    a
      dot are passed over), with ``recursive`` for those in its subfolders too.
    - A glob that no shell has expanded (``*``, ``?``, ``[…]``, ``**``) stands for the pictures and
      folders that match it, or, where there are none, for whatever matches it.
    - ``-`` stands for the paths, one a line, in ``stdin`` (standard input by default), read as
      they come; blank lines are skipped. NUL separates paths too, as ``find -print0`` writes it.

    The order is that of ``names``, and sorted by name inside a folder or a glob, files before
    subfolders. Folders are read while the iterator runs. A folder or glob without any picture, a
    folder that cannot be read and an empty list are handed to ``on_error`` as an ``InputError``,
    and the rest go on; without ``on_error`` the error is raised.
    """
    seen: set[tuple[str, str]] = set()
    real_folder = lru_cache(maxsize=1024)(_real_folder)
    report = on_error or _raise
    for path in _paths(names, recursive, stdin, report):
        # The same entry of the same folder, however spelt; a link under a name of its own stays.
        folder, name = os.path.split(path)
        key = (real_folder(folder), name)
        if key not in seen:
            seen.add(key)
            yield path


def is_picture_name(name: str | os.PathLike[str]) -> bool:
    """Whether the suffix is a picture's; the file is not opened."""
    return Path(name).suffix.lower() in SUFFIXES


def _paths(
    names: Iterable[str | os.PathLike[str]],
    recursive: bool,
    stdin: Iterable[str] | None,
    report: Report,
) -> Iterator[str]:
    for given in names:
        name = os.fspath(given)
        if name == STDIN and stdin is None and sys.stdin is None:
            report(InputError("standard input is closed: give it a list of paths, one a line"))
        elif name == STDIN:
            count = 0
            for count, line in enumerate(_lines(stdin), start=1):  # noqa: B007
                yield from _file_or_folder(line, recursive, report)
            if not count:
                report(InputError("standard input names no path: give one path a line"))
        elif has_magic(name) and not os.path.lexists(name):
            yield from _glob(name, recursive, report)
        else:
            yield from _file_or_folder(name, recursive, report)


def _lines(stdin: Iterable[str] | None) -> Iterator[str]:
    # Bytes, because a file name on Linux need not be valid UTF-8.
    lines = (os.fsdecode(line) for line in sys.stdin.buffer) if stdin is None else stdin
    parts = (part for line in lines for part in line.split("\0"))  # no path can hold a NUL
    return (text for part in parts if (text := part.rstrip("\r\n")).strip())


def _real_folder(folder: str) -> str:
    try:
        return os.path.realpath(folder)
    except (OSError, ValueError):  # no folder at all, as reading the picture will tell
        return folder


def _file_or_folder(name: str, recursive: bool, report: Report) -> Iterator[str]:
    if os.path.isdir(name):  # noqa: PTH112 - keeps the user's spelling, "./" and all
        yield from _walk(name, recursive, report)
    else:
        yield name


def _walk(top: str, recursive: bool, report: Report) -> Iterator[str]:
    visited: set[tuple[int, int]] = set()  # folders by device and inode: links may form loops
    waiting = [top]
    silent = True
    while waiting:
        folder = waiting.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = sorted((e.name, _is_folder(e)) for e in entries if e.name[0] != ".")
        except OSError as error:
            reason = f"({error.strerror}): check its rights"
            report(InputError(f"cannot read folder {folder!r} {reason}"))
            silent = False
            continue
        for name, is_folder in found:
            if not is_folder and is_picture_name(name):
                silent = False
                yield os.path.join(folder, name)  # noqa: PTH118
        if recursive:
            inside = [os.path.join(folder, name) for name, is_folder in found if is_folder]  # noqa: PTH118
            waiting.extend(reversed(inside))
    if silent:
        hint = "give another" if recursive else "give another, or look into subfolders (recursive)"
        report(InputError(f"folder {top!r} holds no picture: {hint}"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _glob(pattern: str, recursive: bool, report: Report) -> Iterator[str]:
    # pathlib's ** does not follow links to folders, so a loop of links cannot hang it.
    parts = Path(pattern).parts
    first = next(i for i, part in enumerate(parts) if has_magic(part))
    base, rest = Path(*parts[:first]), parts[first:]
    hidden = any(part.startswith(".") for part in rest)
    try:
        matches = sorted(
            str(path)
            for path in base.glob(str(Path(*rest)))
            if hidden or not any(p.startswith(".") for p in path.relative_to(base).parts)
        )
    except (OSError, ValueError) as error:
        report(InputError(f"cannot follow the pattern {pattern!r} ({error}): name the files"))
        return
    wanted = [m for m in matches if is_picture_name(m) or Path(m).is_dir()] or matches
    # A folder that merely happens to match may hold no picture, as long as something does.
    pictures = (p for match in wanted for p in _file_or_folder(match, recursive, lambda _: None))
    first_picture = next(pictures, None)
    if first_picture is None:
        report(InputError(f"no picture matches {pattern!r}: check the path and the pattern"))
    else:
        yield first_picture
        yield from pictures


def _raise(error: InputError) -> None:
    raise error
