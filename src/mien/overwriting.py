"""Refuses outputs that would overwrite an input, compared by the identity of files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

from mien.errors import OutputError
from mien.reading import open_file

MARK = b"written by mien"
"""Comment in the head of every picture that Mien writes; see ``is_ours``."""

PathLike = TypeVar("PathLike", str, Path)


def kept_apart(
    pictures: Iterable[PathLike],
    outputs: Iterable[str | Path | None],
    roots: Iterable[str | Path] = (),
) -> Iterator[PathLike]:
    """Pass on the paths of pictures one at a time, each checked before it is read.

    Raises ``OutputError`` for an output that is the picture or its folder, or that lies between the
    picture and the first of ``roots`` that holds it: folders that keep subfolders could write over
    it. Files are compared by
    identity, so links and other spellings count; what does not exist cannot be overwritten.
    """
    written = [Path(output) for output in outputs if output is not None]
    top = [Path(root) for root in roots]
    for picture in pictures:
        for output in written:
            if _same(output, Path(picture)):
                _refuse(output, "it is also an input")
            inside = any(_same(output, folder) for folder in _folders(Path(picture), top))
            if inside and os.path.exists(picture):  # noqa: PTH110
                _refuse(output, f"the input {str(picture)!r} lies in it")
        yield picture


def _folders(picture: Path, roots: Iterable[Path]) -> list[Path]:
    """The picture's folder, and those above it up to its root."""
    root = next((root for root in roots if picture.is_relative_to(root)), picture.parent)
    return [folder for folder in picture.parents if folder.is_relative_to(root)] or [picture.parent]


def check_apart(outputs: Iterable[str | Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Raise ``OutputError`` for an output that would overwrite an input, which may be a folder.

    That is an output that is an input, or that is a picture inside an input folder, or a folder of
    such pictures, which Mien did not write. Files are compared by identity.
    """
    read = [Path(item) for item in inputs if item is not None]
    for output in (Path(output) for output in outputs if output is not None):
        for item in read:
            if _same(output, item):
                _refuse(output, "it is also an input")
            if _holds_pictures_of(output, item):
                _refuse(output, f"there are pictures of the input {str(item)!r}")


def _refuse(output: Path, reason: str) -> NoReturn:
    raise OutputError(f"cannot write {str(output)!r} ({reason}): give another")


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one is missing
        return False


def _holds_pictures_of(output: Path, item: Path) -> bool:
    """Whether the file or folder ``output`` lies in the folder ``item`` and has pictures of it.

    Only PNG counts: no other picture is written under a name that does not follow the input's.
    """
    try:
        if not item.is_dir() or item.resolve() not in output.resolve().parents:
            return False
        files = output.glob("*.png") if output.is_dir() else [output]
        pictures = (file for file in files if file.suffix.lower() == ".png" and file.is_file())
        return not all(map(is_ours, pictures))
    except (OSError, ValueError):  # missing
        return False


def is_ours(path: Path) -> bool:
    """Whether Mien wrote this picture; false for what cannot be read, such as a named pipe."""
    try:
        with open_file(path) as file:
            return MARK in file.read(1024)
    except OSError:
        return False
