"""Where the crops of a folder lie: under the paths of their photos."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from mien.datasets.samples import Pixels, Sample
from mien.sinks.pictures import PictureFolder

_MOST_NAME = 200  # bytes of a folder's or file's name; numbers and a suffix are added
_NOT_IN_NAMES = '\\:*?"<>|'


class CropNames:
    """Saves crops as PNG under their photos' paths; never two under one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folders: dict[PurePosixPath, PictureFolder] = {}
        self._taken: set[str] = set()

    def take(self, path: str) -> None:
        """Keep the path of a crop, which an earlier run has saved."""
        self._taken.add(str(PurePosixPath(path).with_suffix("")).casefold())

    def save(self, sample: Sample, split: str, label: str, image: Pixels) -> str:
        """The path from the folder, with ``/``. Raises ``OutputError``."""
        place = _place(sample, split, label)
        if place.parent not in self._folders:
            self._folders[place.parent] = PictureFolder(self._folder / place.parent, ".png")
        number, stem = 1, place.name
        while str(place.parent / stem).casefold() in self._taken:  # for some file systems A is a
            number += 1
            stem = f"{place.name}_{number}"
        path = str(place.parent / self._folders[place.parent].save(stem, image).name)
        self.take(path)
        return path


def _place(sample: Sample, split: str, label: str) -> PurePosixPath:
    """Path of a crop from the folder, without suffix; whatever the key, it stays in the folder."""
    photo, _, number = sample.key.rpartition("#") if sample.photo else (sample.key, "", "")
    parts = [name for part in photo.replace("\\", "/").split("/") if (name := _plain(part))]
    *folders, name = parts or ["face"]
    folders = folders or [name for name in map(_plain, (split, label)) if name]
    stem = PurePosixPath(name).stem if PurePosixPath(name).suffix else name
    return PurePosixPath(*folders, f"{stem}_{number}" if number else stem)


def _plain(part: str) -> str:
    """A part of a path as any file system and table takes it; empty for ``..`` and the like."""
    text = part.encode("utf-8", "replace").decode()
    text = "".join("-" if c in _NOT_IN_NAMES or not c.isprintable() else c for c in text)
    text = text.encode()[:_MOST_NAME].decode("utf-8", "ignore").strip(" .")
    return f"_{text[1:]}" if text.startswith(("=", "+", "-", "@")) else text
