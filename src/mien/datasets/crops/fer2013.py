"""FER2013 (Goodfellow et al. 2013, "Challenges in Representation Learning"): 48×48 grey faces.

Reads the copies in circulation: Kaggle's ``fer2013.csv`` or ``icml_face_data.csv``, the folder
layout ``train/<emotion>/Training_<row>.png`` and ``test/<emotion>/PublicTest_<row>.png``, or a zip
of either, which is not unpacked. FER+ votes (Barsoum et al. 2016) are joined by row if
``ferplus.csv`` or ``fer2013new.csv`` lies beside the pictures.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import DatasetFacts, Official
from mien.datasets.crops.votes import USAGES, read_votes
from mien.datasets.files.archive import DAMAGE, Archive, open_archive, pictures_beside
from mien.datasets.files.lines import bounded_lines
from mien.datasets.files.pictures import Picture
from mien.datasets.samples import Pixels, Sample
from mien.errors import DatasetError, InputError
from mien.labels import FER2013 as LABELS
from mien.labels import canonical
from mien.registry import register_dataset

SIDE = 48
SPLITS = (*USAGES.values(), "test")
_CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
_VOTES_NAMES = ("ferplus.csv", "fer2013new.csv")
_PICTURE = re.compile(
    r"(?P<usage>Training|PublicTest|PrivateTest)_(?P<row>\d{1,9})(?!\d)", re.IGNORECASE
)
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_PIXEL = {str(value): value for value in range(256)}  # faster than int(), and refuses 256
_EMOTION = {str(index): index for index in range(len(LABELS))}
_FOLDER_SPLITS = {"train": "train", "training": "train", "test": "test"} | {
    name: split
    for split in ("public", "private")
    for name in (split, f"{split}test", f"{split}_test")
}


@register_dataset("fer2013")
class FER2013:
    """The reader. ``path``: a CSV file, a folder, or a zip of either.

    Splits are the official ones: ``train`` (28,709 pictures), ``public`` (3,589) and ``private``
    (3,589); a copy may lack some. A folder copy whose picture names lack the usage has ``train``
    and ``test``, which mixes the two official test splits.

    Raises ``DatasetError`` where ``path`` is not FER2013, or with the row or picture where the copy
    is damaged.
    """

    facts = DatasetFacts(
        name="fer2013",
        labels=LABELS,
        official=Official(counts={"train": 28709, "public": 3589, "private": 3589}, std=54.0),
    )

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        archive = open_archive(self.path)
        if archive.is_file and not self.path.stat().st_size:
            raise _foreign(archive, "it is empty")
        names = archive.names()
        self._beside = pictures_beside(archive)
        votes = next((n for n in names if _file_name(n) in _VOTES_NAMES), None)
        self._votes = read_votes(archive, votes) if votes else None
        table = _find_csv(archive, [n for n in names if n != votes])
        self._source: _Source = _Csv(archive, table) if table else _Pictures(archive, names)
        self._splits: tuple[str, ...] | None = None

    def splits(self) -> tuple[str, ...]:
        """Those of ``train``, ``public``, ``private`` (and ``test``) that this copy holds."""
        if self._splits is None:
            present = self._source.splits()
            self._splits = tuple(split for split in SPLITS if split in present)
        return self._splits

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split`` in row order: (48, 48) uint8 grey."""
        if split not in SPLITS:
            known = ", ".join(USAGES.values())
            raise DatasetError(f"FER2013 has no split {split!r} (splits: {known})")
        empty = True
        for key, row, label, pixels in self._source.rows(split):
            empty = False
            yield Sample(pixels, label, key, self._votes_of(row, split, key))
        if empty:
            held = ", ".join(self.splits())
            raise DatasetError(f"{self.path} holds no pictures of split {split!r} (it has: {held})")

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Pictures in thumbnails' folders and the like, with the first split; others are read."""
        return self._beside if split == self.splits()[0] else {}

    def _votes_of(self, row: int, split: str, key: str) -> tuple[int, ...] | None:
        if self._votes is None:
            return None
        usage, votes = self._votes.get(row, ("", ()))
        if usage != split:
            raise DatasetError(
                f"the FER+ votes in {self.path} do not match its pictures at {key}: they are "
                "joined by row of fer2013.csv; remove the votes file to read without it"
            )
        return votes


class _Row(NamedTuple):
    key: str
    row: int  # of fer2013.csv; -1 if unknown
    label: int
    pixels: NDArray[np.uint8] | Callable[[], NDArray[np.uint8]]  # (48, 48)


class _Source(Protocol):
    """The pictures of a copy, in a table or in files."""

    def splits(self) -> set[str]: ...

    def rows(self, split: str) -> Iterator[_Row]: ...


class _Csv:
    """A table with one picture per row."""

    def __init__(self, archive: Archive, name: str) -> None:
        self._archive, self._name = archive, name
        self._where = str(archive.path) if archive.is_file else f"{archive.path}: {name}"
        next(self._cells(), None)  # refuses another table at once

    def splits(self) -> set[str]:
        return {split for split, *_ in self._cells()}

    def rows(self, split: str) -> Iterator[_Row]:
        for usage, where, row, emotion, pixels in self._cells():
            if usage == split:
                label = _EMOTION.get(emotion.strip())
                if label is None:
                    raise DatasetError(f"{where}: emotion {emotion!r} is not a number from 0 to 6")
                yield _Row(f"row {row}", row, label, _pixels_or_error(pixels, where))

    def _cells(self) -> Iterator[tuple[str, str, int, str, str]]:
        """Yield (split, where, row, emotion, pixels); rows count from 0, as FER+ counts them."""
        row, header = -1, None
        try:
            with self._archive.text(self._name) as file:
                reader = csv.reader(bounded_lines(file))
                header = [column.strip().lower() for column in next(reader, [])]
                if not {"emotion", "pixels", "usage"} <= set(header):
                    raise DatasetError(
                        f"{self._archive.path} is not FER2013: expected the columns emotion, "
                        f"pixels and Usage of Kaggle's fer2013.csv, and {self._name} has "
                        f"{[column[:20] for column in header[:6]]}"
                    )
                emotion, pixels, usage = (header.index(c) for c in ("emotion", "pixels", "usage"))
                for cells in reader:
                    if not cells:
                        continue
                    row += 1
                    where = f"{self._where}, row {row} (line {reader.line_num})"
                    if len(cells) != len(header):
                        raise DatasetError(
                            f"{where}: {len(cells)} columns instead of {len(header)}"
                        )
                    split = USAGES.get(cells[usage].strip())
                    if split is None:
                        known = ", ".join(USAGES)
                        raise DatasetError(f"{where}: Usage {cells[usage]!r} is not one of {known}")
                    yield split, where, row, cells[emotion], cells[pixels]
        except (csv.Error, *DAMAGE) as error:
            if header is None and isinstance(error, (csv.Error, UnicodeDecodeError)):
                raise _foreign(self._archive, f"{self._name} is not a table ({error})") from None
            after = f" after row {row}" if row >= 0 else ""
            raise DatasetError(f"{self._where} is damaged{after}, or not CSV: {error}") from None


class _Pictures:
    """One file per picture: usage and row in its name, the expression in its folder's name."""

    def __init__(self, archive: Archive, names: list[str]) -> None:
        if archive.is_file:
            raise _foreign(archive, "it is a single picture")
        self._archive = archive
        self._files: dict[str, list[tuple[int, str, int]]] = {}  # split → (row, name, label)
        pictures = [name for name in names if name.lower().endswith(_SUFFIXES)]
        by_name = any(_PICTURE.search(PurePosixPath(name).name) for name in pictures)
        for name in pictures:
            split, row = _usage_in_name(name) if by_name else (_split_of_folders(name), -1)
            if split is None:
                raise DatasetError(
                    f"{archive.path} is not FER2013: {name} has no usage; expected a name such as "
                    "Training_…, PublicTest_… or PrivateTest_…, or a folder train or test above "
                    "its expression's"
                )
            self._files.setdefault(split, []).append((row, name, self._label(name)))
        if not self._files:
            raise _foreign(archive, f"it holds {', '.join(names[:3])}" if names else "it is empty")

    def splits(self) -> set[str]:
        return set(self._files)

    def rows(self, split: str) -> Iterator[_Row]:
        for row, name, label in sorted(self._files.get(split, [])):
            yield _Row(name, row, label, partial(self._decode, name))

    def _label(self, name: str) -> int:
        folder = PurePosixPath(name).parent.name
        if folder in _EMOTION:
            return _EMOTION[folder]
        try:
            return LABELS.index(canonical(folder))
        except (InputError, ValueError):
            raise DatasetError(
                f"{self._archive.path} is not FER2013: the folder of {name} is not an expression "
                f"of FER2013 ({', '.join(LABELS)}); the reader 'folder' reads other data sets"
            ) from None

    def _decode(self, name: str) -> Pixels:
        picture = Picture(self._archive, name)
        with picture.open() as opened:
            width, height = opened.stored_size
            if (width, height) != (SIDE, SIDE):
                where = f"{self._archive.path}: {name}"
                raise DatasetError(f"{where} is {width}×{height} pixels instead of 48×48")
            pixels = opened.pixels()
        if pixels.ndim == 3:  # a copy that was saved again in colours
            return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        return pixels


def _foreign(archive: Archive, reason: str) -> DatasetError:
    return DatasetError(
        f"{archive.path} is not FER2013: {reason}; expected fer2013.csv, icml_face_data.csv or "
        "pictures like train/happy/Training_0000007.png, in a folder or zip"
    )


def _find_csv(archive: Archive, names: list[str]) -> str | None:
    """Kaggle's file by name; else a single file, or the only CSV without pictures beside it."""
    for name in names:
        if _file_name(name) in _CSV_NAMES:
            return name
    if archive.is_file:
        return names[0] if names and not names[0].lower().endswith(_SUFFIXES) else None
    tables = [name for name in names if name.lower().endswith(".csv")]
    pictures = any(name.lower().endswith(_SUFFIXES) for name in names)
    return tables[0] if len(tables) == 1 and not pictures else None


def _file_name(name: str) -> str:
    return PurePosixPath(name).name.lower()


def _usage_in_name(name: str) -> tuple[str | None, int]:
    """(split, row) from ``Training_0000007.png``, or (``None``, -1)."""
    match = _PICTURE.search(PurePosixPath(name).name)
    if match is None:
        return None, -1
    usages = {usage.lower(): split for usage, split in USAGES.items()}
    return usages[match["usage"].lower()], int(match["row"])


def _split_of_folders(name: str) -> str | None:
    """The split of the nearest folder above ``<expression>/<picture>`` that names one."""
    above = [part.lower() for part in PurePosixPath(name).parts[:-2]]
    return next((_FOLDER_SPLITS[part] for part in reversed(above) if part in _FOLDER_SPLITS), None)


def _pixels_or_error(text: str, where: str) -> NDArray[np.uint8] | Callable[[], NDArray[np.uint8]]:
    """The picture; for a damaged row, a function that raises when the picture is read."""
    try:
        return _parse_pixels(text, where)
    except DatasetError:
        return partial(_parse_pixels, text, where)


def _parse_pixels(text: str, where: str) -> NDArray[np.uint8]:
    values = text.split()
    if len(values) != SIDE * SIDE:
        raise DatasetError(f"{where}: {len(values)} pixels instead of {SIDE * SIDE} (48×48)")
    try:
        return np.array([_PIXEL[value] for value in values], np.uint8).reshape(SIDE, SIDE)
    except KeyError as error:
        raise DatasetError(f"{where}: pixel {error} is not a whole number from 0 to 255") from None
