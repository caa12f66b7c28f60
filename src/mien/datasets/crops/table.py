"""Labelled faces in a table of one's own: CSV, TSV, JSON Lines or Parquet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NoReturn

import numpy as np

from mien.datasets.base import DatasetFacts, check_split
from mien.datasets.boxes import KEPT, NO_BOX, by_corners, by_size
from mien.datasets.crops.boxes import Photos, SquareCrop
from mien.datasets.crops.label_names import LabelNames
from mien.datasets.crops.table_rows import Rows, cell, marked, split_name, why_missing
from mien.datasets.files.archive import Archive, open_archive
from mien.datasets.files.columns import Columns, find_columns
from mien.datasets.files.lookup import PictureFinder, path_in_archive
from mien.datasets.files.parquet import SUFFIX, ParquetFile, ParquetPictures
from mien.datasets.files.pictures import Picture
from mien.datasets.files.split_names import SPLITS, split_of_table
from mien.datasets.files.text_tables import (
    DELIMITED,
    JSON_LINES,
    NO_VALUE,
    NOT_AN_OBJECT,
    open_text_table,
)
from mien.datasets.samples import Sample
from mien.errors import ConfigError, DatasetError
from mien.registry import register_dataset
from mien.specs.classifier import MOST_LABELS
from mien.types import Box

SUFFIXES = (*DELIMITED, *JSON_LINES, SUFFIX)
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")  # of the hub's imagefolder
_MOST_SPLITS = 20
_Read = Iterator[tuple[int, "Mapping[str, str] | None"]]


@register_dataset("table")
class Table:
    """The reader. ``path``: a table, or a folder or zip that holds tables and pictures.

    CSV (with commas, tabs or semicolons), JSON Lines, and Parquet with the extra ``tables``. A row
    is a face: the path of its picture, from the table's folder or anywhere below ``path``, or in
    Parquet the picture's bytes; a label; and perhaps split, subject, valence and arousal (-1 to 1),
    and a box in pixels for a face in a photo. Columns are found by usual names
    (``mien.datasets.files.columns``); ``image``, ``label``, ``split``, ``subject``, ``valence`` and
    ``arousal`` name others, and ``box`` four of corners, such as ``box=x1,y1,x2,y2``.
    ``facts.notes`` says which are read. Of a folder with the hub's ``metadata.csv`` or
    ``metadata.jsonl``, only such tables count.

    Labels are expressions in any spelling. Numbers need ``order`` (as in ``folder``), a list of
    ``labels``, or the names that the hub stores in Parquet; own labels need ``labels``
    (``mien.datasets.crops.label_names``). The split is the row's own, else that of the table's name
    or folder, else ``train``.

    Pictures without a box, also those of rows whose four cells are empty, have any size; boxes are
    cut as in ``boxes``. Rows without a label or
    picture, with an unknown label or a bad box are left out (``skipped``). Raises ``DatasetError``
    where nothing is left or a table is damaged, ``ConfigError`` for other values of the options.
    """

    def __init__(
        self,
        path: str | Path,
        image: str | None = None,
        label: str | None = None,
        split: str | None = None,
        subject: str | None = None,
        valence: str | None = None,
        arousal: str | None = None,
        box: tuple[str, ...] = (),
        order: str | None = None,
        labels: tuple[str, ...] | None = None,
    ) -> None:
        if len(box) not in (0, 4):
            raise ConfigError("table takes box=x1,y1,x2,y2: four columns, two corners in pixels")
        chosen = {
            "picture": image, "label": label, "split": split, "subject": subject,
            "valence": valence, "arousal": arousal,
        }  # fmt: skip
        self._chosen = {what: column for what, column in chosen.items() if column is not None}
        self._box = box
        self._labels = LabelNames("table", labels, order)
        self.path = Path(path)
        archive = open_archive(self.path)
        self._archive = open_archive(self.path.parent) if archive.is_file else archive
        self._finder = PictureFinder(self._archive)
        self._stored = ParquetPictures(self.path)
        self._photos = {False: Photos(self._archive), True: Photos(self._stored)}
        self._rows: dict[str, Rows] = {}
        self._skipped: dict[str, dict[str, list[str]]] = {}
        self._notes: list[str] = []
        self._out_of_range: dict[str, int] = {}
        others: list[str] = []
        for name in tables_in(archive):
            self._read(name, others)
        self._rows = {split: rows for split, rows in self._rows.items() if rows.pictures}
        if not self._rows:
            self._refuse(others)
        self._check_counted_once()
        for column, count in self._out_of_range.items():
            self._notes.append(
                f"{count:,} values of {column} are not from -1 to 1, and are not read"
            )
        held = {label for rows in self._rows.values() for label in rows.labels}
        if len(held) > MOST_LABELS:
            raise DatasetError(
                f"{self.path} has {len(held):,} different labels, such as {min(held)!r}: choose "
                "the column of labels with --option label=COLUMN"
            )
        notes = tuple(dict.fromkeys(self._notes))
        self.facts = DatasetFacts(name="table", labels=self._labels.in_order(held), notes=notes)

    def splits(self) -> tuple[str, ...]:
        """``train``, ``valid``, ``public``, ``private``, ``test``, then others by name."""
        known = [split for split in SPLITS if split in self._rows]
        return (*known, *sorted(self._rows.keys() - SPLITS.keys()))

    def samples(self, split: str) -> Iterator[Sample]:
        """Every row of ``split`` in the order of its table: (H, W) grey or (H, W, 3) RGB uint8.

        ``key`` is the path of the picture, with ``#`` and the line where it is not the only row.
        """
        check_split(self, split, self.path)
        rows, seen = self._rows[split], set[str]()
        index = {label: number for number, label in enumerate(self.facts.labels)}
        corners = np.array(rows.corners).reshape(-1, 4)
        for number, name in enumerate(rows.pictures):
            stored, box = self._stored.holds(name), corners[number]
            valence, arousal = rows.affect[2 * number : 2 * number + 2]
            key = f"{name}#{rows.lines[number]}" if name in seen else name
            seen.add(name)
            pixels: Picture | SquareCrop = Picture(self._stored if stored else self._archive, name)
            if not math.isnan(box[0]):
                pixels = SquareCrop(self._photos[stored], name, Box(*box.tolist()))
            yield Sample(
                pixels,
                index[rows.labels[number]],
                key,
                valence=None if math.isnan(valence) else valence,
                arousal=None if math.isnan(arousal) else arousal,
                subject=rows.subjects[number],
            )

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Reason → table and line of the rows of ``split`` that are left out or repaired."""
        return self._skipped.get(split, {})

    def _read(self, name: str, others: list[str]) -> None:
        """Add the rows of a table, or to ``others`` why it is none of pictures."""
        class_names: Mapping[str, list[str]] = {}
        leaf = None
        file: ParquetFile | None = None
        if name.lower().endswith(SUFFIX):
            file = ParquetFile(self._archive, name)
            header, class_names = file.header, file.class_names
        else:
            table = open_text_table(self._archive, name)
            header = table.header
        columns = find_columns(header, self._chosen, self._box)
        missing = [what for what in ("picture", "label") if not columns.named[what]]
        if missing:
            shown = ", ".join(column[:30] for column in header[:8])
            others.append(f"{name} has no column for the {' and the '.join(missing)}: {shown}")
            return
        if columns.is_of_raters and self.path.is_dir():
            others.append(f"{name} holds answers of raters: 'mien data label --merged' joins them")
            return
        self._notes.append(_described(columns))
        read: _Read
        if file is None:
            read = table.rows
        else:
            leaf = file.pictures_of(columns.named["picture"])
            if leaf:
                self._stored.add(file, leaf)
            wanted = {c for c in (*columns.named.values(), *(columns.box or ())) if c}
            if leaf:
                wanted.discard(columns.named["picture"])
            read = enumerate(file.rows(iter(wanted)), start=1)
        self._add(name, columns, read, class_names.get(columns.named["label"], []), bool(leaf))

    def _add(
        self, name: str, columns: Columns, read: _Read, class_names: list[str], stored: bool
    ) -> None:
        folder, of_table = name.rpartition("/")[0], split_of_table(name) or "train"
        begun = {split: len(rows.pictures) for split, rows in self._rows.items()}
        named = columns.named
        make = by_corners if columns.by_corners else by_size
        for line, row in read:
            if row is None:
                self._skip(of_table, NOT_AN_OBJECT, f"{name}#{line}")
                continue
            split = split_name(cell(row, named["split"])) or of_table
            written = row.get(named["label"], "")
            if not self._labels.is_own and written.lower() in NO_VALUE:
                written = ""
            if class_names and written.lstrip("-").isdecimal():
                number = int(written)
                written = class_names[number] if 0 <= number < len(class_names) else ""
            label = self._labels.find(written) if written else None
            if label is None:
                why = self._labels.problem(written) if written else "row has no label"
                self._skip(split, why, f"{name}#{line}")
                continue
            picture = cell(row, named["picture"])
            member = f"{name}#{line}" if stored else self._member(folder, picture, split)
            if not member:
                self._skip(split, why_missing(picture), f"{picture or name}#{line}")
                continue
            rows = self._rows.get(split) or self._new_split(split, named["split"])
            box = [cell(row, column) for column in columns.box or ()]
            rows.add(
                name, line, member, label,
                subject=cell(row, named["subject"]) or None,
                affect=[self._affect(row, named, what) for what in ("valence", "arousal")],
                corners=marked(make(box)) if any(box) else NO_BOX,
            )  # fmt: skip
        if columns.box:
            for split, rows in self._rows.items():
                for reason, key in rows.clean(begun.get(split, 0)):
                    self._skip(split, reason, key)

    def _member(self, folder: str, picture: str, split: str) -> str:
        """The picture that a row means; empty where there is none."""
        if not picture:
            return ""
        found = self._finder.find(path_in_archive(folder, picture), split)
        return found if self._finder.member(found) else ""

    def _affect(self, row: Mapping[str, str], named: Mapping[str, str], what: str) -> float:
        """Valence or arousal; not a number where the row has none from -1 to 1."""
        written = row.get(named[what], "")
        try:
            value = float(written)
        except ValueError:
            return math.nan
        if -1 <= value <= 1 or math.isnan(value):
            return value
        self._out_of_range[what] = self._out_of_range.get(what, 0) + 1
        return math.nan

    def _new_split(self, split: str, column: str) -> Rows:
        if len(self._rows.keys() - SPLITS.keys()) > _MOST_SPLITS:
            raise DatasetError(
                f"{self.path}: the column {column!r} has more than {_MOST_SPLITS} values, such as "
                f"{split!r}: choose the column of splits with --option split=COLUMN"
            )
        return self._rows.setdefault(split, Rows())

    def _check_counted_once(self) -> None:
        """Raise ``DatasetError`` where two tables label the same face.

        Such as that of ``mien data crop`` beside the merged labels of raters.
        """
        first: dict[tuple[str, bytes], str] = {}
        twice: dict[tuple[str, str], list[str]] = {}
        if len({table for rows in self._rows.values() for table in rows.tables}) > 1:
            for rows in self._rows.values():
                for table, face in zip(rows.tables, rows.faces(), strict=True):
                    if (other := first.setdefault(face, table)) != table:
                        twice.setdefault((other, table), []).append(face[0])
        if twice:
            pair, faces = max(twice.items(), key=lambda found: len(found[1]))
            raise DatasetError(
                f"{self.path}: {' and '.join(sorted(pair))} label the same faces, {len(faces):,} "
                f"in all, such as {faces[0]}, which would count twice: give one of the tables "
                f"instead, such as {self.path / max(pair)}"
            )

    def _skip(self, split: str, reason: str, key: str) -> None:
        self._skipped.setdefault(split, {}).setdefault(reason, []).append(key)

    def _refuse(self, others: list[str]) -> NoReturn:
        """Raise ``DatasetError`` with why no row is left."""
        counts = {
            reason: len(keys)
            for found in self._skipped.values()
            for reason, keys in found.items()
            if reason not in KEPT
        }
        if counts:
            reason = max(counts, key=lambda reason: counts[reason])
            raise DatasetError(
                f"{self.path}: no row is left of {sum(counts.values()):,}; {counts[reason]:,} of "
                f"them: {reason}"
            )
        why = f" ({others[0]})" if others else ""
        raise DatasetError(
            f"{self.path} holds no table of labelled pictures{why}: expected columns such as path "
            "and label; --option image=COLUMN and label=COLUMN name others"
        )


def tables_in(archive: Archive) -> list[str]:
    """The tables of a folder or zip: only the hub's ``metadata`` files where there are any."""
    names = archive.names()
    if archive.is_file:
        return names
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    hub = [name for name in tables if PurePosixPath(name).name.lower() in _METADATA]
    return hub or tables


def _described(columns: Columns) -> str:
    """Which columns are read, for people."""
    said = [
        f"{'image' if what == 'picture' else what} from {column!r}"
        for what, column in columns.named.items()
        if column
    ]
    said += [f"box from {', '.join(columns.box)}"] if columns.box else []
    return f"columns read: {', '.join(said)}"
