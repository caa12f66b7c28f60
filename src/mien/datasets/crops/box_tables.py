"""Tables of labelled boxes, COCO's JSON and CSV, read into entries of one form."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mien.datasets.boxes import NO_BOX, Corners, by_corners, by_size, clean, length
from mien.datasets.files.archive import DAMAGE, Archive
from mien.datasets.files.coco import OtherFormat, open_coco
from mien.datasets.files.columns import find_columns
from mien.datasets.files.lines import bounded_lines
from mien.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Entry:
    """One box of a table."""

    key: str
    picture: str = ""
    """Its path as written."""
    label: str = ""
    """As written."""
    corners: Corners = NO_BOX
    size: tuple[float, float] = (math.nan, math.nan)
    """Width and height of the picture, not a number where the table does not say."""
    split: str = ""
    """As written; empty where the table does not say."""
    valence: float | None = None
    arousal: float | None = None
    subject: str | None = None
    problem: str = ""
    """What is wrong with it; one of ``mien.datasets.boxes.KEPT`` was repaired."""


def read_table(archive: Archive, table: str) -> Iterator[Entry]:
    """Every entry of a ``.json`` or ``.csv`` file, with a clean box unless it has a ``problem``.

    Raises ``OtherFormat`` and ``DatasetError``.
    """
    read = _read_coco if table.lower().endswith(".json") else _read_csv
    entries = list(read(archive, table))
    corners = np.array([entry.corners for entry in entries]).reshape(-1, 4)
    sizes = np.array([entry.size for entry in entries]).reshape(-1, 2)
    boxes, _, problems = clean(corners, sizes, clip=False)  # crops may reach beyond a picture
    reasons = [entry.problem for entry in entries]
    for reason, has in problems.items():
        for index in np.flatnonzero(has):
            reasons[index] = reasons[index] or reason
    for entry, box, reason in zip(entries, boxes.tolist(), reasons, strict=True):
        yield replace(entry, corners=tuple(box), problem=reason)


def _read_coco(archive: Archive, table: str) -> Iterator[Entry]:
    coco = open_coco(archive, table)
    for annotation in coco.annotations():
        if annotation.problem:
            yield Entry(f"{table}#{annotation.number}", problem=annotation.problem)
            continue
        image = coco.images[annotation.image]
        written = image.get("file_name")
        name = written if isinstance(written, str) else ""
        problem = "" if name else "image has no file_name"
        yield Entry(
            f"{name or table}#{annotation.number}",
            name,
            annotation.category,
            by_size(annotation.fields.get("bbox")),
            (length(image.get("width")), length(image.get("height"))),
            problem="marked as a crowd, or to be ignored" if annotation.ignored else problem,
        )


def _read_csv(archive: Archive, table: str) -> Iterator[Entry]:
    line = 0
    try:
        with archive.text(table) as file:
            reader = csv.reader(bounded_lines(file))
            header = [cell.strip().lower() for cell in next(reader, [])]
            read_row = _row_reader(header)
            for cells in reader:
                line = reader.line_num
                if cells:
                    row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
                    yield read_row(row, line)
    except (csv.Error, *DAMAGE) as error:
        raise DatasetError(
            f"{archive.path}: {table} is damaged after line {line}, or not CSV: {error}"
        ) from None


def _row_reader(header: Sequence[str]) -> Callable[[dict[str, str], int], Entry]:
    """A function that makes an entry from a row under ``header``. Raises ``OtherFormat``."""
    columns = find_columns(header)
    named, four, corners = columns.named, columns.box, columns.by_corners
    missing = [what for what in ("picture", "label") if not named[what]]
    if missing or four is None:
        lacking = [*missing, *([] if four else ["box"])]
        raise OtherFormat(f"it has no column for the {' and the '.join(lacking)}")
    make = by_corners if corners else by_size
    # Beside corners, width and height are the picture's.
    width, height = ("width", "height") if corners else ("image_width", "image_height")

    def read(row: dict[str, str], line: int) -> Entry:
        def cell(what: str) -> str:
            return row.get(named[what], "")

        return Entry(
            f"{cell('picture')}#{line}",
            cell("picture"),
            cell("label"),
            make([row.get(column) for column in four]),
            (length(row.get(width)), length(row.get(height))),
            cell("split"),
            _affect(cell("valence")),
            _affect(cell("arousal")),
            cell("subject") or None,
            "" if cell("picture") else "row names no picture",
        )

    return read


def _affect(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -1 <= value <= 1 else None
