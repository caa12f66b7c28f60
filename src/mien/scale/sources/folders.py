"""Folders and globs → files, with their sizes and times."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from glob import has_magic, iglob
from pathlib import Path

from mien.errors import InputError, MienError
from mien.media.clutter import is_clutter
from mien.media.formats import (
    count_suffixes,
    describe_left_out,
    is_other_picture_name,
    is_picture_name,
)
from mien.media.video.sources import is_video_name
from mien.scale.inputs import Input
from mien.scale.sources.tars import is_tar_name
from mien.scale.sources.zips import is_zip_name

Report = Callable[[MienError], None]


class LeftOut:
    """Pictures of formats that Mien does not read, by suffix."""

    def __init__(self) -> None:
        self.formats: Counter[str] = Counter()

    def text(self) -> str:
        """How many of which, on one line."""
        return describe_left_out(self.formats)


def is_video(path: str) -> bool:
    """Whether the suffix is that of a video; a GIF is a picture."""
    return is_video_name(path) and not is_picture_name(path)


def is_wanted(name: str) -> bool:
    """Whether a file of this name is taken from a folder."""
    return is_picture_name(name) or is_video_name(name) or is_zip_name(name) or is_tar_name(name)


def is_glob(name: str) -> bool:
    """Whether this is a pattern, and no file has the name."""
    return has_magic(name) and not os.path.lexists(name)


def listed(path: str) -> Input:
    """A file that was named, whatever its suffix. Raises ``InputError`` where it is missing."""
    try:
        return _input(path, os.stat(path))  # noqa: PTH116
    except FileNotFoundError:
        raise InputError(f"no file {path!r}: check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path!r} ({reason}): check the path") from None


def files_in(
    top: str, on_error: Report, without: Path | None, left_out: LeftOut
) -> Iterator[Input]:
    """The files of a folder and its subfolders, files before subfolders, sorted by name.

    Links to folders are followed, each folder once. A folder that cannot be read is reported.
    """
    visited: set[tuple[int, int]] = set()
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        folders: list[str] = []
        files: list[tuple[str, os.stat_result]] = []
        try:
            status = os.stat(folder)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in visited or _is_same(folder, without):
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    _sort_in(entry, folders, files, left_out)
        except OSError as error:
            on_error(
                InputError(f"cannot read folder {folder!r} ({error.strerror}): check permissions")
            )
            continue
        files.sort()
        for name, status in files:
            yield _input(os.path.join(folder, name), status)  # noqa: PTH118
        waiting.extend(os.path.join(folder, name) for name in sorted(folders, reverse=True))  # noqa: PTH118


def files_of_glob(
    pattern: str, on_error: Report, without: Path | None, left_out: LeftOut
) -> Iterator[Input]:
    """The files that match, those of matching folders too, sorted by name."""
    for match in sorted(iglob(pattern, recursive=True)):  # noqa: PTH207
        name = os.path.basename(os.path.normpath(match))  # noqa: PTH119
        if os.path.isdir(match):  # noqa: PTH112
            if "**" not in pattern:  # else what is inside matches, too
                yield from files_in(match, on_error, without, left_out)
        elif is_wanted(name):
            yield listed(match)
        elif is_other_picture_name(name):
            left_out.formats.update(count_suffixes([name]))


def _sort_in(
    entry: os.DirEntry[str],
    folders: list[str],
    files: list[tuple[str, os.stat_result]],
    left_out: LeftOut,
) -> None:
    if is_clutter(entry.name):
        return
    try:
        if entry.is_dir():
            folders.append(entry.name)
        elif is_wanted(entry.name):
            files.append((entry.name, entry.stat()))
        elif is_other_picture_name(entry.name):
            left_out.formats.update(count_suffixes([entry.name]))
    except OSError:  # a link to itself, or to nothing: reading it reports that
        if is_wanted(entry.name):
            files.append((entry.name, entry.stat(follow_symlinks=False)))


def _input(path: str, status: os.stat_result) -> Input:
    return Input(path, status.st_size, status.st_mtime_ns, video=is_video(path))


def _is_same(folder: str, other: Path | None) -> bool:
    try:
        return other is not None and os.path.samefile(folder, other)  # noqa: PTH121
    except OSError:
        return False
