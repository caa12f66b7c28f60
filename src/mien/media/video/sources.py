"""Turns files, folders and globs into the names of videos."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

from mien.errors import InputError
from mien.media.clutter import is_clutter
from mien.media.formats import is_picture_name

# fmt: off
SUFFIXES = frozenset(
    f".{name}" for name in (
        "mp4", "m4v", "mov", "qt", "3gp", "3g2", "f4v",
        "mkv", "webm", "avi", "divx", "wmv", "asf", "flv", "ogv", "rm", "rmvb",
        "mpg", "mpeg", "mpe", "m2v", "vob", "ts", "mts", "m2ts", "m2t", "mxf",
        "dv", "gif", "y4m", "ivf", "h264", "264", "h265", "265", "hevc", "mjpeg", "mjpg",
    )
)
# fmt: on
"""Lower-case suffixes of the files that count as videos when a folder is searched."""


def is_video_name(name: str | PurePath) -> bool:
    """Whether the suffix is that of a video; the file is not opened."""
    return PurePath(name).suffix.lower() in SUFFIXES


def expand_videos(
    names: Iterable[str | os.PathLike[str]], on_error: Callable[[InputError], None] | None = None
) -> Iterator[str]:
    """The videos that ``names`` stand for, one at a time.

    - A folder gives the videos inside, by suffix and sorted by name, without hidden files. A folder
      of pictures without videos is one image sequence and stays as it is.
    - A glob that the shell has not expanded gives the videos and folders that match it.
    - Anything else stays as it is: reading it reports what is wrong.

    A folder or glob without videos is passed to ``on_error`` as an ``InputError``, and the other
    names follow; without ``on_error`` it is raised.
    """
    for item in names:
        name = os.fspath(item)
        try:
            yield from _one(name)
        except InputError as error:
            if on_error is None:
                raise
            on_error(error)


def _one(name: str) -> Iterator[str]:
    if os.path.isdir(name):  # noqa: PTH112
        yield from _folder(name)
    elif glob.has_magic(name) and not os.path.lexists(name):
        matches = [m for m in sorted(glob.glob(name)) if is_video_name(m) or Path(m).is_dir()]  # noqa: PTH207
        if not matches:
            raise InputError(f"no video matches {name!r}: check the path and the pattern")
        for match in matches:
            yield from _folder(match) if Path(match).is_dir() else [match]
    else:
        yield name


def _folder(folder: str) -> list[str]:
    try:
        inside = sorted(name for name in os.listdir(folder) if not is_clutter(name))  # noqa: PTH208
    except OSError as error:
        raise InputError(
            f"cannot read folder {folder!r} ({error.strerror}): check its permissions"
        ) from error
    videos = [os.path.join(folder, name) for name in inside if is_video_name(name)]  # noqa: PTH118
    pictures = [name for name in inside if is_picture_name(name)]
    moving = [path for path in videos if not is_picture_name(path)]  # a GIF is both
    if pictures and not moving:
        return [folder]
    if not videos:
        raise InputError(f"folder {folder!r} contains no video and no picture: give another")
    return videos
