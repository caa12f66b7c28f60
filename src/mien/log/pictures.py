"""Pictures of recorded persons, kept beside the log only if asked for.

``mien-log.db`` has the folder ``mien-log.db.pictures``, with a folder for each person and session
by their numbers, and in it a ZIP file of JPEGs for each window. Of a frame all is painted grey but
the person's face and a margin around it; other faces in the margin are painted over too. So the
model can read the picture again at the same place. The files are **not encrypted**.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from mien.errors import ConfigError, LogError
from mien.files import WholeFile, output_error
from mien.log.database import Log
from mien.media.decoder import Image
from mien.reading import open_file
from mien.types import Box

MARGIN = 0.5
"""Share of the box's sides that is kept on each side of it: what a detector needs."""
MOST_WINDOW_S = 60
"""Pictures of one window wait in memory until it is stored."""
_GREY = 128
_QUALITY = 95
_MOST_BYTES = 1 << 30  # of a file of one window


def folder_of(log: Log) -> Path:
    """Where pictures of a log in a file are. Raises ``ConfigError`` for one on a server."""
    if log.file is None:
        raise ConfigError("pictures are kept beside a log in a file, and this one is on a server")
    return log.file.with_name(f"{log.file.name}.pictures")


def check_possible(log: Log) -> None:
    """Raise ``ConfigError`` where pictures cannot be kept as they should be."""
    folder_of(log)
    if log.encrypted:
        raise ConfigError(
            "pictures would lie unencrypted beside an encrypted log: encrypt the disk instead, and "
            "use a log without a key"
        )
    if log.window_s > MOST_WINDOW_S:
        raise ConfigError(
            f"pictures are kept for windows of at most {MOST_WINDOW_S} s, and this log's have "
            f"{log.window_s} s"
        )


def masked(image: Image, box: Box, others: Sequence[Box] = ()) -> Image:
    """``image`` (H, W, 3) with all grey but a face and its margin; others in it are grey too."""
    found = np.full_like(image, _GREY)
    x, y = MARGIN * box.width, MARGIN * box.height
    rows, columns = _slices(Box(box.x1 - x, box.y1 - y, box.x2 + x, box.y2 + y), image)
    found[rows, columns] = image[rows, columns]
    for other in others:
        found[_slices(other, image)] = _GREY
    rows, columns = _slices(box, image)
    found[rows, columns] = image[rows, columns]  # of two faces that overlap, the person's stays
    return found


def _slices(box: Box, image: Image) -> tuple[slice, slice]:
    height, width = image.shape[:2]
    x1, x2 = (int(min(max(x, 0), width)) for x in (box.x1, box.x2))
    y1, y2 = (int(min(max(y, 0), height)) for y in (box.y1, box.y2))
    return slice(y1, y2), slice(x1, x2)


class Keeper:
    """Holds the pictures of the open window, and writes them with it."""

    def __init__(self, log: Log) -> None:
        check_possible(log)
        self._folder, self._window_ms = folder_of(log), log.window_s * 1000
        self._held: dict[int, list[tuple[int, bytes]]] = {}

    def add(self, person: int, time_ms: int, image: Image, box: Box, others: Sequence[Box]) -> None:
        """Hold a frame; ``others``: boxes of all other faces in it."""
        picture = cv2.cvtColor(masked(image, box, others), cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        self._held.setdefault(person, []).append((time_ms, jpeg.tobytes()))

    def write(self, session: int, persons: Collection[int]) -> None:
        """Write what is held of ``persons``, and forget the rest. Raises ``OutputError``."""
        held, self._held = self._held, {}
        for person, pictures in held.items():
            if person in persons:
                start = pictures[0][0] // self._window_ms * self._window_ms
                _write(self._folder / str(person) / str(session), start, pictures)


def _write(folder: Path, start_ms: int, pictures: Sequence[tuple[int, bytes]]) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for time_ms, jpeg in pictures:
            archive.writestr(f"{time_ms}.jpg", jpeg)
    path = folder / f"{start_ms}.zip"
    try:
        for one in (folder.parent.parent, folder.parent, folder):
            one.mkdir(mode=0o700, exist_ok=True)
        with WholeFile(path) as whole:
            os.fchmod(whole.file.fileno(), 0o600)
            whole.file.write(content.getvalue())
            whole.finish()
    except OSError as error:
        raise output_error(repr(str(path)), error) from error


def windows(log: Log, person: int, session: int) -> list[int]:
    """Begins of the windows with pictures, in their order."""
    if log.file is None:
        return []
    found = (folder_of(log) / str(person) / str(session)).glob("*.zip")
    return sorted(int(path.stem) for path in found if path.stem.isdecimal())


def count(log: Log, person: int) -> int:
    """Files that are kept of a person."""
    if log.file is None:
        return 0
    return sum(1 for _ in folder_of(log).glob(f"{person}/*/*.zip"))


def read(log: Log, person: int, session: int) -> Iterator[tuple[int, Image]]:
    """(moment in ms, frame) of a person in a session, in their order. Raises ``LogError``."""
    for start in windows(log, person, session):
        path = folder_of(log) / str(person) / str(session) / f"{start}.zip"
        try:
            with open_file(path) as file, zipfile.ZipFile(file) as archive:
                if sum(one.file_size for one in archive.infolist()) > _MOST_BYTES:
                    raise ValueError("it holds too much")
                for name in sorted(archive.namelist(), key=lambda name: int(name[:-4])):
                    yield int(name[:-4]), _decoded(archive.read(name))
        except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise LogError(f"the kept pictures {str(path)!r} are damaged ({error})") from None


def _decoded(jpeg: bytes) -> Image:
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise ValueError("no picture")
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), np.uint8)


def remove(log: Log, person: int | None = None, session: int | None = None) -> int:
    """Remove the files of a person, or of a session; their number. Raises ``OutputError``."""
    if log.file is None:
        return 0
    whose = folder_of(log).glob("*" if person is None else str(person))
    folders = [
        one for at in whose for one in at.glob("*" if session is None else str(session))
    ]  # fmt: skip
    count = sum(len(list(one.glob("*.zip"))) for one in folders)
    for one in folders if person is None else [folder_of(log) / str(person)]:
        _remove_tree(one)
    return count


def copy(log: Log, person: int, folder: Path) -> int:
    """Copy the files of a person into a new folder that only its owner may open; their number.

    Raises ``OutputError``, also for a folder that is there already.
    """
    try:
        folder.mkdir(mode=0o700)
        files = sorted((folder_of(log) / str(person)).glob("*/*.zip"))
        for path in files:
            to = folder / path.parent.name
            to.mkdir(mode=0o700, exist_ok=True)
            shutil.copy(path, to / path.name)  # with its mode
    except OSError as error:
        raise output_error(repr(str(folder)), error) from error
    return len(files)


def prune(log: Log, oldest_ms: int, persons: Collection[int], sessions: Collection[int]) -> int:
    """Remove files that began before a moment, and those of persons and sessions that are gone."""
    if log.file is None or not folder_of(log).is_dir():
        return 0
    count = 0
    for folder in folder_of(log).glob("*/*"):
        known = folder.parent.name in map(str, persons) and folder.name in map(str, sessions)
        files = list(folder.glob("*.zip"))
        old = [one for one in files if not known or _is_before(one, oldest_ms)]
        for one in old:
            one.unlink(missing_ok=True)
        count += len(old)
        if len(old) == len(files) and (files or not known):
            _remove_tree(folder)
        with suppress(OSError):  # it holds another session
            folder.parent.rmdir()
    return count


def _is_before(path: Path, moment_ms: int) -> bool:
    return path.stem.isdecimal() and int(path.stem) < moment_ms


def size(log: Log) -> tuple[int, int]:
    """Files and bytes of all pictures."""
    if log.file is None:
        return 0, 0
    sizes = [path.stat().st_size for path in folder_of(log).glob("*/*/*.zip")]
    return len(sizes), sum(sizes)


def _remove_tree(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise output_error(repr(str(folder)), error) from error
