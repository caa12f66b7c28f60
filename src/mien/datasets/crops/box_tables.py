"""Tables of labelled boxes, COCO's JSON and CSV, read into one kind of entry."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mien.datasets.files.archive import DAMAGE, Archive
from mien.errors import DatasetError
from mien.types import Box

COLUMNS = {
    "picture": (
        "path", "file", "file_name", "filename", "filepath", "image", "image_path", "img", "name",
        "subdirectory_filepath",
    ),
    "label": ("expression", "emotion", "label", "class", "category", "class_name"),
    "split": ("split", "subset", "set", "usage", "partition"),
    "subject": ("subject", "subject_id", "person", "identity"),
    "valence": ("valence",),
    "arousal": ("arousal",),
}  # fmt: skip
"""What a column is called, in any case; the first that is there counts."""
CORNERS = (
    ("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"),
)  # fmt: skip
"""Columns of a box by its corners, in pixels."""
SIZES = (
    ("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"),
    ("face_x", "face_y", "face_width", "face_height"),
)  # fmt: skip
"""Columns of a box by its top left corner and its size."""


_NOWHERE = Box(0, 0, 0, 0)


class NoTable(Exception):  # noqa: N818 - which of several files is meant, never seen outside
    """The file is something else; says what it lacks."""


class Unusable(Exception):  # noqa: N818 - a reason to leave a box out, never seen outside
    """Why one box is left out."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One box as the table has it."""

    key: str
    picture: str = ""
    """Its path as written."""
    label: str = ""
    """As written."""
    box: Box = _NOWHERE
    split: str = ""
    """As written; empty where the table says nothing."""
    valence: float | None = None
    arousal: float | None = None
    subject: str | None = None
    unusable: str = ""
    """Why it is left out."""


REPEATED = "the file gives the id of its image to others, too"


@dataclass(frozen=True, slots=True)
class CocoFile:
    """A COCO file as it is written."""

    images: dict[Any, Any]
    """Id → image, which should be a mapping with ``file_name``; without ``repeated``."""
    repeated: dict[Any, list[Any]]
    """Id → the images that share it, so that nobody can tell whose its annotations are."""
    categories: dict[Any, str]
    """Id → name."""
    annotations: list[Any]


def open_coco(archive: Archive, table: str) -> CocoFile:
    """The COCO file ``table``. Raises ``NoTable`` and ``DatasetError``."""
    try:
        with archive.text(table) as file:
            given = json.load(file)
    except (ValueError, RecursionError, *DAMAGE) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            raise NoTable("no COCO file, but one with a JSON value a line") from None
        raise DatasetError(f"{archive.path}: {table} is damaged, or no JSON: {error}") from None
    keys = ("images", "annotations", "categories")
    lists = [key for key in keys if isinstance(given, dict) and isinstance(given.get(key), list)]
    if len(lists) < len(keys):
        found = f"; it has {' and '.join(lists)} alone" if lists else ""
        raise NoTable(f"no COCO file, which has images, annotations and categories{found}")
    named: dict[Any, list[Any]] = {}
    try:
        for image in given["images"]:
            same = named.setdefault(image["id"], [])
            if image not in same:
                same.append(image)
        categories = {category["id"]: str(category["name"]) for category in given["categories"]}
    except (TypeError, KeyError):
        raise DatasetError(
            f"{archive.path}: {table} is damaged: expected an id in each of its images, and an id "
            "and a name in each of its categories"
        ) from None
    images = {key: same[0] for key, same in named.items() if len(same) == 1}
    repeated = {key: same for key, same in named.items() if len(same) > 1}
    return CocoFile(images, repeated, categories, given["annotations"])


def read_coco(archive: Archive, table: str) -> Iterator[Entry]:
    """Every annotation of a COCO file. Raises ``NoTable`` and ``DatasetError``."""
    coco = open_coco(archive, table)
    for number, annotation in enumerate(coco.annotations):
        key = f"{table}#{number}"
        try:
            photo = coco.images.get(annotation["image_id"])
            label = coco.categories.get(annotation["category_id"])
            box = _by_size(annotation["bbox"])
            if annotation["image_id"] in coco.repeated:
                raise Unusable(REPEATED)
            if photo is None or label is None:
                raise Unusable("the file lists no such image, or no such category")
            if annotation.get("iscrowd") or annotation.get("ignore"):
                raise Unusable("marked as a crowd, or to be ignored")
            check(box, photo.get("width"), photo.get("height"))
            name = str(photo["file_name"])
            yield Entry(f"{name}#{number}", name, label, box)
        except (TypeError, KeyError) as error:
            yield Entry(key, unusable=f"the annotation lacks {error}")
        except Unusable as reason:
            yield Entry(key, unusable=str(reason))


def read_csv(archive: Archive, table: str) -> Iterator[Entry]:
    """Every row of a CSV. Raises ``NoTable`` and ``DatasetError``."""
    line = 0
    try:
        with archive.text(table) as file:
            reader = csv.reader(file)
            header = [cell.strip().lower() for cell in next(reader, [])]
            read_row = _row_reader(header)
            for cells in reader:
                line = reader.line_num
                if cells:
                    row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
                    yield read_row(row, line)
    except (csv.Error, *DAMAGE) as error:
        raise DatasetError(
            f"{archive.path}: {table} is damaged after line {line}, or no CSV: {error}"
        ) from None


def _row_reader(header: Sequence[str]) -> Callable[[dict[str, str], int], Entry]:
    """What makes an entry of a row under ``header``."""
    named = {what: next((n for n in names if n in header), "") for what, names in COLUMNS.items()}
    corners = next((four for four in CORNERS if set(four) <= set(header)), None)
    sized = next((four for four in SIZES if set(four) <= set(header)), None)
    four = corners or sized
    missing = [what for what in ("picture", "label") if not named[what]]
    if missing or four is None:
        lacking = [*missing, *([] if four else ["box"])]
        raise NoTable(f"it has no column for the {' and the '.join(lacking)}")
    make = _by_corners if corners else _by_size
    # Beside corners, width and height are those of the picture.
    size = ("width", "height") if corners else ("image_width", "image_height")

    def read(row: dict[str, str], line: int) -> Entry:
        def cell(what: str) -> str:
            return row.get(named[what], "")

        key = f"{cell('picture')}#{line}"
        try:
            if not cell("picture"):
                raise Unusable("it names no picture")
            box = make([row.get(column) for column in four])
            check(box, *(row.get(column) for column in size))
        except Unusable as reason:
            return Entry(key, split=cell("split"), unusable=str(reason))
        return Entry(
            key,
            cell("picture"),
            cell("label"),
            box,
            cell("split"),
            _affect(cell("valence")),
            _affect(cell("arousal")),
            cell("subject") or None,
        )

    return read


def check(box: Box, width: Any, height: Any) -> None:
    """Raise ``Unusable`` where nothing can be cut out; the photo's size may be unknown."""
    if box.width < 0 or box.height < 0:
        raise Unusable("its box has swapped corners")
    if not box.area:
        raise Unusable("its box has no area")
    try:
        width, height = float(width), float(height)
    except (TypeError, ValueError, OverflowError):
        width = height = math.inf
    if box.x2 <= 0 or box.y2 <= 0 or box.x1 >= width or box.y1 >= height:
        raise Unusable("its box lies outside the picture")


def _by_size(values: Any) -> Box:
    x, y, width, height = _four(values)
    return Box(x, y, x + width, y + height)


def _by_corners(values: Any) -> Box:
    return Box(*_four(values))


def _four(values: Any) -> tuple[float, float, float, float]:
    try:
        x, y, third, fourth = (float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        raise Unusable("its box is not four numbers") from None
    if not all(map(math.isfinite, (x, y, third, fourth))):
        raise Unusable("its box is not four numbers")
    return x, y, third, fourth


def _affect(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -1 <= value <= 1 else None
