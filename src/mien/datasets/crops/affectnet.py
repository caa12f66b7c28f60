"""AffectNet in full (Mollahosseini et al. 2017): photos from the web, with a face box and labels.

Read as published: ``training.csv`` and ``validation.csv``, and pictures under
``Manually_Annotated_Images/<number>/<hash>.jpg``; ``automatically_annotated.csv`` too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mien.datasets.base import DatasetFacts, check_split
from mien.datasets.files.archive import DAMAGE, open_archive
from mien.datasets.files.folders import Folder
from mien.datasets.files.lines import bounded_lines
from mien.datasets.files.pictures import Picture, largest_reduction
from mien.datasets.samples import Pixels, Sample
from mien.errors import ConfigError, DatasetError
from mien.labels import AFFECTNET8, AFFECTNET11
from mien.media.clutter import is_clutter
from mien.registry import register_dataset

TABLES = {
    "train": "training.csv",
    "valid": "validation.csv",
    "automatic": "automatically_annotated.csv",
}
COLUMNS = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
)  # fmt: skip
"""Their order in a table without a header."""
_CLASSES = {"7": AFFECTNET8[:7], "8": AFFECTNET8, "11": AFFECTNET11}
_PLACES = ("Manually_Annotated_Images", "Automatically_Annotated_Images")
_FAR = 10**9  # pixels: no photo is that large
_TRIED = 50  # rows whose pictures are looked for, to find their folder


class _Row(NamedTuple):
    picture: str  # relative to the folder of the pictures
    box: tuple[str, str, str, str]  # as written; parsed when the picture is decoded
    expression: int
    valence: float | None
    arousal: float | None


@register_dataset("affectnet")
class AffectNet:
    """The reader. ``path``: the unpacked folder.

    Tables are found there or one folder below (``Manually_Annotated_file_lists``), pictures under
    ``Manually_Annotated_Images`` there, beside the table or one folder below, or right beside the
    table. A header is optional. Splits are ``train``, ``valid`` and ``automatic``.

    ``classes``: 8 expressions in the order of ``mien.labels.AFFECTNET8``, 7 without contempt, or 11
    with none, uncertain and non-face; rows of other categories are left out (``skipped``). Pictures
    are the part of the face box inside the photo: (H, W) grey or (H, W, 3) RGB of any size, decoded
    when they are read; a ``DatasetError`` if there is no such part. Valence and arousal are
    ``None`` where the table says -2.

    Tables are read row by row, so memory does not grow with them. Raises ``DatasetError`` where
    ``path`` is not AffectNet, or with the row where a table is damaged.
    """

    def __init__(self, path: str | Path, classes: str = "8") -> None:
        if classes not in _CLASSES:
            raise ConfigError(f"affectnet takes classes={', '.join(_CLASSES)}, not {classes!r}")
        self.facts = DatasetFacts(name="affectnet", labels=_CLASSES[classes])
        self.path = Path(path)
        self._archive = open_archive(self.path)
        if not isinstance(self._archive, Folder) or self._archive.is_file:
            raise DatasetError(f"{self.path} is not a folder: unpack AffectNet and give its folder")
        self._tables = find_tables(self.path)
        if not self._tables:
            raise DatasetError(
                f"{self.path} is not AffectNet: expected training.csv or validation.csv with the "
                f"columns {', '.join(COLUMNS)}, and the pictures under {_PLACES[0]}"
            )
        self._roots: dict[str, str] = {}

    def splits(self) -> tuple[str, ...]:
        """Those of ``train``, ``valid`` and ``automatic`` whose table exists."""
        return tuple(self._tables)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every face of ``split`` that has one of the labels, in the table's order."""
        for row in self._rows(split):
            if row.expression < len(self.facts.labels):
                if split not in self._roots:
                    self._roots[split] = self._root(split)
                picture = Picture(self._archive, self._roots[split] + row.picture)
                yield Sample(
                    Crop(picture, row.box),
                    row.expression,
                    row.picture,
                    valence=row.valence,
                    arousal=row.arousal,
                )

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Reason → keys of the rows of ``split`` that are left out."""
        found: dict[str, list[str]] = {}
        for row in self._rows(split):
            if row.expression >= len(self.facts.labels):
                reason = f"labelled {AFFECTNET11[row.expression]}"
                found.setdefault(reason, []).append(row.picture)
        return found

    def _rows(self, split: str) -> Iterator[_Row]:
        check_split(self, split, self.path)
        table = self._tables[split]
        columns: Sequence[int] | None = None
        where = f"{self.path / table}"
        try:
            with self._archive.text(table) as file:
                reader = csv.reader(bounded_lines(file))
                for cells in reader:
                    where = f"{self.path / table}, line {reader.line_num}"
                    if columns is None:
                        columns = _columns(cells, where)
                        if columns:
                            continue  # it was the header
                        columns = range(len(COLUMNS))
                    if cells:
                        yield _row(cells, columns, where)
        except (csv.Error, *DAMAGE) as error:
            raise DatasetError(f"{where} is damaged, or not CSV: {error}") from None

    def _root(self, split: str) -> str:
        """The folder of a table's pictures, relative to ``path``, with a slash at its end."""
        beside = self._tables[split].rpartition("/")[0]
        homes = dict.fromkeys(("", beside, *(p.removesuffix("_Images") for p in _PLACES)))
        roots = [f"{home}/{place}/".lstrip("/") for home in homes for place in _PLACES]
        roots += [f"{beside}/".lstrip("/"), ""]
        first = [row.picture for row, _ in zip(self._rows(split), range(_TRIED), strict=False)]
        for root in roots:
            if any(self._archive.holds(root + picture) for picture in first):
                return root
        raise DatasetError(
            f"the pictures of {self.path / self._tables[split]} are missing: none of the first "
            f"{len(first)}, such as {first[0]}, is in {', '.join(_PLACES)} or beside the table"
        )


@dataclass(frozen=True, slots=True)
class Crop:
    """The face of a photo, for ``Sample.pixels``."""

    photo: Picture
    box: tuple[str, str, str, str]
    """x, y, width and height in pixels, as written in the table."""

    def __call__(self) -> Pixels:
        """The part of the box inside the photo."""
        return self._cut(self.photo(), 1)

    def at(self, side: int) -> Pixels:
        """The same for a result of ``side`` pixels; may be smaller, see ``Picture.at``."""
        _, _, width, height = self._numbers()
        return self._cut(*self.photo.reduced(largest_reduction(min(width, height), 2 * side)))

    def _numbers(self) -> tuple[int, int, int, int]:
        try:
            x, y, width, height = (round(float(value)) for value in self.box)
            if max(map(abs, (x, y, width, height))) > _FAR:
                raise ValueError
        except (ValueError, OverflowError):
            raise DatasetError(
                f"{self._where()} has the face box {self.box}, not four numbers of pixels"
            ) from None
        return x, y, width, height

    def _cut(self, photo: Pixels, reduction: int) -> Pixels:
        """The box's part of a photo that was decoded ``reduction`` times smaller."""
        x, y, width, height = self._numbers()
        left, top, right, bottom = (
            round(max(edge, 0) / reduction) for edge in (x, y, x + width, y + height)
        )
        face = photo[top:bottom, left:right]
        if not face.size:
            size = f"{photo.shape[1] * reduction}×{photo.shape[0] * reduction}"
            raise DatasetError(
                f"{self._where()} has a face box of {width}×{height} pixels at ({x}, {y}), which "
                f"lies outside its {size}"
            )
        return np.ascontiguousarray(face)

    def _where(self) -> str:
        return f"{self.photo.archive.path}: {self.photo.name}"


def find_tables(path: Path) -> dict[str, str]:
    """Split → its table, in ``path`` or one folder below."""
    try:
        inside = [p for p in path.iterdir() if p.name not in _PLACES and not is_clutter(p.name)]
        folders = [path, *sorted(p for p in inside if p.is_dir())]
        found = {
            file.name.lower(): file.relative_to(path).as_posix()
            for folder in reversed(folders)
            for file in folder.glob("*.[cC][sS][vV]")
        }
    except OSError as error:
        raise DatasetError(f"cannot read {error.filename}: {error.strerror}") from None
    return {split: found[name] for split, name in TABLES.items() if name in found}


def _columns(cells: list[str], where: str) -> list[int]:
    """Place of each of ``COLUMNS`` in a header; empty if ``cells`` is a row, not a header."""
    header = [cell.strip().lower() for cell in cells]
    if COLUMNS[0].lower() in header:
        missing = [column for column in COLUMNS if column.lower() not in header]
        if set(missing) - {"facial_landmarks"}:
            raise DatasetError(f"{where} lacks the columns {', '.join(missing)} of AffectNet")
        return [header.index(c.lower()) if c not in missing else -1 for c in COLUMNS]
    if len(cells) != len(COLUMNS):
        raise DatasetError(
            f"{where} is not a table of AffectNet: {len(cells)} columns instead of {len(COLUMNS)} "
            f"({', '.join(COLUMNS)})"
        )
    return []


def _row(cells: list[str], columns: Sequence[int], where: str) -> _Row:
    try:
        picture, x, y, width, height, _, label, valence, arousal = (cells[c] for c in columns)
        expression = int(label)
        if not 0 <= expression < len(AFFECTNET11):
            raise ValueError
        picture = picture.strip().replace("\\", "/")
        return _Row(
            picture,
            (x, y, width, height),
            expression,
            affect(float(valence)),
            affect(float(arousal)),
        )
    except (ValueError, IndexError):
        raise DatasetError(
            f"{where} is damaged: expected {len(COLUMNS)} columns with an expression from 0 to "
            f"{len(AFFECTNET11) - 1}, valence and arousal, got {cells[6:9] or cells}"
        ) from None


def affect(value: float) -> float | None:
    """Valence or arousal of AffectNet, where -2 stands for none."""
    return value if -1 <= value <= 1 else None
