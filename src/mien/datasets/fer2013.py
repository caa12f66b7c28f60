"""FER2013 (Goodfellow et al. 2013, "Challenges in Representation Learning"): 48×48 grey faces.

Read as it circulates: Kaggle's ``fer2013.csv`` or ``icml_face_data.csv``, the folder layout
``train/<emotion>/Training_<row>.png`` and ``test/<emotion>/PublicTest_<row>.png``, or a zip of
either, which is read without unpacking. FER+ votes (Barsoum et al. 2016) are joined by row where
``ferplus.csv`` or ``fer2013new.csv`` lies beside the pictures.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.archive import Archive, open_archive
from mien.datasets.base import Sample
from mien.errors import DatasetError, InputError
from mien.labels import FER2013 as LABELS
from mien.labels import canonical
from mien.registry import register_dataset

SIDE = 48
USAGES = {"Training": "train", "PublicTest": "public", "PrivateTest": "private"}
_CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
_VOTES_NAMES = ("ferplus.csv", "fer2013new.csv")
_PICTURE = re.compile(r"(?P<usage>Training|PublicTest|PrivateTest)_(?P<row>\d+)", re.IGNORECASE)
_SUFFIXES = (".png", ".jpg", ".jpeg")


@register_dataset("fer2013")
class FER2013:
    """The reader. ``path``: a CSV file, a folder, or a zip of either.

    Splits are the official ones by usage: ``train`` (28,709 pictures), ``public`` (3,589) and
    ``private`` (3,589); a copy may lack some. Raises ``DatasetError`` with the row or picture and
    the reason where the copy is damaged, and where ``path`` is no FER2013 at all.
    """

    name = "fer2013"
    labels = LABELS

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._archive = open_archive(self.path)
        names = self._archive.names()
        self._csv = _only(names, lambda n: PurePosixPath(n).name in _CSV_NAMES) or _only(
            names, lambda n: self._archive.is_file and n.endswith(".csv")
        )
        votes_name = _only(names, lambda n: PurePosixPath(n).name in _VOTES_NAMES)
        self._votes = _read_votes(self._archive, votes_name) if votes_name else None
        self._pictures: dict[str, list[str]] = {}
        if self._csv is None:
            self._pictures = _by_split(names, self.path)

    def splits(self) -> tuple[str, ...]:
        """Of ``train``, ``public``, ``private`` those that this copy holds."""
        if self._csv is not None:
            with self._archive.text(self._csv) as file:
                present = {usage for _, usage, _, _ in self._csv_rows(file, pixels=False)}
        else:
            present = set(self._pictures)
        return tuple(split for split in USAGES.values() if split in present)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split`` in row order: (48, 48) uint8 grey."""
        if split not in USAGES.values():
            known = ", ".join(USAGES.values())
            raise DatasetError(f"FER2013 has no split {split!r} (splits: {known})")
        if self._csv is None:
            if split not in self._pictures:
                raise DatasetError(f"{self.path} holds no pictures of split {split!r}")
            for name in self._pictures[split]:
                match = _PICTURE.search(PurePosixPath(name).name)
                row = int(match["row"]) if match else None
                yield self._sample(_decode(self._archive, name), _folder_label(name), name, row, split)
        else:
            with self._archive.text(self._csv) as file:
                for row, usage, label, pixels in self._csv_rows(file):
                    if usage == split and pixels is not None:
                        yield self._sample(pixels, label, f"row {row}", row, split)

    def _sample(
        self, image: NDArray[np.uint8], label: int, key: str, row: int | None, split: str
    ) -> Sample:
        if self._votes is None:
            return Sample(image, label, key)
        usage, votes = self._votes.get(-1 if row is None else row, ("", ()))
        if usage != split:
            raise DatasetError(
                f"the FER+ votes in {self.path} do not line up with its pictures at {key}: "
                "they are joined by row of fer2013.csv; remove the votes file to read without it"
            )
        return Sample(image, label, key, votes)

    def _csv_rows(
        self, file: TextIO, pixels: bool = True
    ) -> Iterator[tuple[int, str, int, NDArray[np.uint8] | None]]:
        """Yield (row, split, label, (48, 48) pixels); ``pixels=False`` leaves the pictures unread."""
        reader = csv.reader(file)
        header = [column.strip().lower() for column in next(reader, [])]
        missing = {"emotion", "pixels", "usage"} - set(header)
        if missing:
            raise DatasetError(
                f"{self.path}: expected the columns emotion, pixels and Usage of Kaggle's "
                f"fer2013.csv, and {', '.join(sorted(missing))} is not among {header[:6]}"
            )
        emotion, pixel, usage = (header.index(c) for c in ("emotion", "pixels", "usage"))
        try:
            for row, cells in enumerate(reader):
                if not cells:
                    continue
                where = f"{self.path}, row {row}"
                if len(cells) != len(header):
                    raise DatasetError(f"{where}: {len(cells)} columns instead of {len(header)}")
                split = USAGES.get(cells[usage].strip())
                if split is None:
                    raise DatasetError(f"{where}: Usage {cells[usage]!r} is none of {list(USAGES)}")
                label = cells[emotion].strip()
                if label not in {"0", "1", "2", "3", "4", "5", "6"}:
                    raise DatasetError(f"{where}: emotion {label!r} is no number from 0 to 6")
                image = _parse_pixels(cells[pixel], where) if pixels else None
                yield row, split, int(label), image
        except (csv.Error, UnicodeDecodeError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise DatasetError(f"{self.path} is damaged: {error}") from None


def _parse_pixels(text: str, where: str) -> NDArray[np.uint8]:
    try:
        values = np.array(text.split(), dtype=np.int64)
    except ValueError as error:
        raise DatasetError(f"{where}: pixels are not all numbers ({error})") from None
    if values.size != SIDE * SIDE:
        raise DatasetError(f"{where}: {values.size} pixels instead of {SIDE * SIDE} (48×48)")
    if values.min() < 0 or values.max() > 255:
        raise DatasetError(f"{where}: a pixel value lies outside 0 to 255")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _by_split(names: list[str], path: Path) -> dict[str, list[str]]:
    """Picture names of the folder layout, by split, in row order."""
    usages = {usage.lower(): split for usage, split in USAGES.items()}
    found: dict[str, list[tuple[int, str]]] = {}
    strays = []
    for name in names:
        if not name.lower().endswith(_SUFFIXES):
            continue
        match = _PICTURE.search(PurePosixPath(name).name)
        if match:
            split = usages[match["usage"].lower()]
            found.setdefault(split, []).append((int(match["row"]), name))
        else:
            strays.append(name)
    if strays and found:
        raise DatasetError(f"{path}: {strays[0]!r} names no usage (Training, PublicTest, …)")
    if not found:
        shown = f"; it holds {names[:3]}" if names else "; it is empty"
        raise DatasetError(
            f"{path} is no FER2013: expected fer2013.csv, icml_face_data.csv or pictures like "
            f"train/happy/Training_0000001.png{shown}"
        )
    return {split: [name for _, name in sorted(rows)] for split, rows in found.items()}


def _folder_label(name: str) -> int:
    try:
        return LABELS.index(canonical(PurePosixPath(name).parent.name))
    except (InputError, ValueError):
        raise DatasetError(f"{name}: its folder names no expression of FER2013") from None


def _decode(archive: Archive, name: str) -> NDArray[np.uint8]:
    data = np.frombuffer(archive.read(name), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if image is None:
        raise DatasetError(f"{archive.path}: {name} cannot be decoded as a picture")
    if image.shape != (SIDE, SIDE):
        height, width = image.shape
        raise DatasetError(f"{archive.path}: {name} is {width}×{height} instead of 48×48")
    return np.asarray(image, np.uint8)


def _read_votes(archive: Archive, name: str) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Row of ``fer2013.csv`` → (split, ten vote counts)."""
    votes = {}
    with io.TextIOWrapper(io.BytesIO(archive.read(name)), "utf-8") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if len(header) != 12 or header[0] != "Usage":
            raise DatasetError(f"{archive.path}: {name} is no FER+ file, its header is {header}")
        for row, cells in enumerate(reader):
            try:
                votes[row] = (USAGES[cells[0]], tuple(int(c) for c in cells[2:12]))
            except (KeyError, ValueError, IndexError):
                raise DatasetError(f"{archive.path}: {name}, row {row} is damaged") from None
    return votes


def _only(names: list[str], wanted) -> str | None:  # type: ignore[no-untyped-def]
    return next((name for name in names if wanted(name)), None)
