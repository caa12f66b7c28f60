"""Guesses the reader of a data set: by the names of its files and the first lines of its tables.

No picture is decoded and no table is read whole, except that a COCO file is searched for the names
of its categories. A form that was published under a name of its own (FER2013, WIDER FACE …) comes
before a general one (folders, tables). Third parties' readers are never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

from mien.datasets.crops.affectnet import COLUMNS, find_tables
from mien.datasets.crops.ckplus import is_ckplus
from mien.datasets.crops.fer2013 import SIDE
from mien.datasets.crops.folder import numbers_are_labels
from mien.datasets.crops.label_names import expression_in
from mien.datasets.crops.rafdb import find_list
from mien.datasets.detected import CROPPED
from mien.datasets.files.archive import packed_inside
from mien.datasets.files.pictures import Picture
from mien.datasets.place import Place
from mien.errors import DatasetError
from mien.labels import FER2013
from mien.options import takes
from mien.registry import datasets

Wants = Literal["crops", "scenes"]
"""What is read: labelled face crops, or whole pictures with marked faces."""
SCENES = ("coco", "dataturks", "fddb", "voc", "wider")
_FER2013 = re.compile(r"(training|publictest|privatetest)_\d", re.IGNORECASE)
_FDDB = re.compile(r"fddb-fold-\d{1,3}-ellipselist\.txt", re.IGNORECASE)


def guess_reader(path: Path, wants: Wants | None = None, options: Collection[str] = ()) -> str:
    """The reader that fits what lies at ``path`` and that takes the named ``options``.

    Raises ``DatasetError`` where none or several fit equally well, with what to do.
    """
    fitting = fitting_readers(path, wants, options)
    if options and not fitting:  # the reader that fits says which option it does not know
        fitting = fitting_readers(path, wants)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DatasetError(
            f"{path} can be read in several ways: choose one with --dataset ({', '.join(fitting)})"
        )
    if wants != "scenes" and _has_folders_of_pictures(path):
        return "folder"  # says which folder is no expression, and what to do
    raise DatasetError(_none_fits(path, wants))


def fitting_readers(
    path: Path, wants: Wants | None = None, options: Collection[str] = ()
) -> list[str]:
    """The readers that fit ``path`` equally well and best; empty if none does."""
    place = Place(path)
    for group in (_PUBLISHED, _GENERAL):
        fitting = [
            name
            for name, fits in group.items()
            if (wants is None or (name in SCENES) == (wants == "scenes"))
            and all(takes(datasets.get(name), option) for option in options)
            and fits(place, wants, options)
        ]
        if fitting:
            return fitting
    return []


def _is_affectnet2021(place: Place, *_: object) -> bool:
    return any((place.path / name / "images").is_dir() for name in ("train_set", "val_set"))


def _is_affectnet(place: Place, *_: object) -> bool:
    """By its tables, which may lack a header; own ones may have their names."""
    if not place.path.is_dir():
        return False
    columns = [column.lower() for column in COLUMNS]
    for table in find_tables(place.path).values():
        cells = place.first_row(table)
        if columns[0] in cells or (len(cells) == len(columns) and cells[6].strip().isdecimal()):
            return True
    return False


def _is_fer2013(place: Place, *_: object) -> bool:
    named = any(_FER2013.match(name.rpartition("/")[2]) for name in place.pictures)
    return named or _is_unnamed_fer2013(place) or "pixels" in place.kinds


def _is_unnamed_fer2013(place: Place) -> bool:
    """A copy whose pictures are called otherwise: 48×48, in two splits of all seven expressions."""
    first = {name.rpartition("/")[0]: name for name in reversed(place.pictures)}
    splits: dict[str, set[str]] = {}
    for folder in first:
        *_, split, label = ("", "", *folder.lower().split("/"))
        noun = expression_in(label, None)
        if split not in ("train", "training", "test") or noun is None:
            return False
        splits.setdefault(split, set()).add(noun)
    if len(splits) != 2 or any(nouns != set(FER2013) for nouns in splits.values()):
        return False
    try:
        sizes = {Picture(place.archive, name).upright_size() for name in first.values()}
    except DatasetError:
        return False
    return sizes == {(SIDE, SIDE)}


def _is_folder(place: Place, wants: Wants | None, options: Collection[str]) -> bool:
    """Whether pictures lie in folders of expressions, or in any with labels of one's own.

    Where a table labels pictures, folders of any other name only hold them.
    """
    if not place.pictures or place.archive.is_file or "metadata" in place.kinds:
        return False
    in_table = not place.kinds.isdisjoint({"table", "boxes", "expressions", "coco"})
    if (
        ("labels" in options and not in_table)
        or find_list(place.names)
        or is_ckplus(place.pictures)
    ):
        return True
    parts = {part for folder in place.folders for part in folder.split("/")}
    if any(expression_in(part, None) for part in parts):
        return True
    return any(part.isdecimal() for part in parts) and numbers_are_labels(place.pictures)


_Rule = Callable[[Place, "Wants | None", Collection[str]], bool]
_PUBLISHED: dict[str, _Rule] = {
    "packed": lambda place, *_: (place.path / "pack.json").is_file(),
    # The folders of 'mien data crop' fit too, but its table knows more.
    "table": lambda place, *_: CROPPED in place.names and "table" in place.kinds,
    "affectnet2021": _is_affectnet2021,
    "affectnet": _is_affectnet,
    "fer2013": _is_fer2013,
    "fddb": lambda place, *_: any(_FDDB.fullmatch(n.rpartition("/")[2]) for n in place.names),
    "wider": lambda place, *_: any(name.lower().endswith("bbx_gt.txt") for name in place.names),
}
_GENERAL: dict[str, _Rule] = {
    # A COCO file of expressions has crops, and one of faces whole pictures, unless asked otherwise.
    "boxes": lambda place, wants, options: (
        bool({"boxes", "expressions"} & place.kinds)
        or ("coco" in place.kinds and ("labels" in options or wants == "crops"))
    ),
    "coco": lambda place, wants, _: (
        "coco" in place.kinds or ("expressions" in place.kinds and wants == "scenes")
    ),
    # Without pictures beside it they would be fetched, which one asks for by naming the file.
    "dataturks": lambda place, *_: (
        "dataturks" in place.kinds and (place.archive.is_file or bool(place.pictures))
    ),
    "folder": _is_folder,
    "table": lambda place, _, options: (
        bool({"table", "metadata"} & place.kinds)
        or ("other" in place.kinds and not {"image", "label", "box"}.isdisjoint(options))
    ),
    "voc": lambda place, *_: "voc" in place.kinds,
}


def _has_folders_of_pictures(path: Path) -> bool:
    """Whether all pictures lie in folders, and nothing else explains them."""
    place = Place(path)
    return not place.archive.is_file and not place.kinds and bool(place.folders - {""})


def _none_fits(path: Path, wants: Wants | None) -> str:
    what = {
        "crops": "labelled faces",
        "scenes": "pictures with marked faces",
        None: "a known data set",
    }[wants]
    message = f"{path} does not look like {what}"
    if packed := packed_inside(path):
        return f"{message}; {packed} in it may have to be unpacked first"
    other = fitting_readers(path) if wants else []
    if other:
        return f"{message}: it can be read as {', '.join(other)}"
    if wants == "scenes" and Place(path).pictures:
        return f"{message}: nothing marks faces in its pictures; see docs/detection_data.md"
    if count := len(Place(path).pictures):
        return (
            f"{message}: nothing labels its {count:,} pictures; expected folders named by "
            "expression, a table of pictures and labels, or a published form (docs/own_data.md)"
        )
    return f"{message}: choose its reader with --dataset ({', '.join(datasets.names())})"
