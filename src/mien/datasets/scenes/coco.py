"""Whole pictures with the faces that a COCO file marks in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mien.datasets.base import DatasetFacts
from mien.datasets.crops.box_tables import REPEATED, CocoFile, NoTable, open_coco
from mien.datasets.scenes.marks import Marks, by_size
from mien.datasets.scenes.reader import SceneReader, pick_faces
from mien.errors import DatasetError
from mien.registry import register_dataset


@register_dataset("coco")
class Coco(SceneReader):
    """The reader. ``path``: a COCO file, or a folder or zip that holds such files.

    Every picture of ``images`` is a scene, those without an annotation too. Pictures are looked
    for by their ``file_name``: from the file's folder, or anywhere else in the data set. The split
    is a word in the file's name (``instances_val2017.json``), else its folder
    (``train/_annotations.coco.json``), else a word in the name of the folder or zip
    (``wider_val_dev.zip``), else ``train``.

    Faces are the annotations of the only category there is, or of those called face, else head;
    ``category`` names another, or several with commas between them. Crowds and annotations with
    ``ignore`` or the attribute ``invalid`` are ignored faces. ``attributes`` travel along, and the
    ``category`` with them where there are several; ``subset``, a list of names, becomes the
    subsets. What becomes of bad boxes: ``mien.datasets.scenes.marks.clean``.

    Raises ``DatasetError`` where there is no COCO file, one is damaged, or nobody can tell which of
    the categories are faces; ``ConfigError`` where there is no ``category`` of that name.
    """

    facts = DatasetFacts(name="coco")

    def __init__(self, path: str | Path, category: str | None = None) -> None:
        super().__init__(path)
        found: dict[str, CocoFile] = {}
        others = []
        for table in self.members:
            if table.lower().endswith(".json"):
                try:
                    found[table] = open_coco(self.archive, table)
                except NoTable as reason:
                    others.append(f"{table}: {reason}")
        names = {name for coco in found.values() for name in coco.categories.values()}
        if found:
            faces = pick_faces(category, names, self.path)
            for table, coco in found.items():
                self._read(table, coco, faces)
        reasons = {reason for marks in self.marks.values() for reason in marks.skipped}
        self.finish()
        if found and not self.splits():
            why = f" ({'; '.join(sorted(reasons))})" if reasons else ""
            raise DatasetError(
                f"{self.path}: {', '.join(found)[:200]} lists no image that can be used{why}: "
                "expected images with an id of their own and a file_name"
            )
        if not self.splits():
            raise DatasetError(
                f"{self.path} holds no COCO file{f' ({others[0]})' if others else ''}: expected "
                "JSON with images, annotations and categories"
            )

    def _read(self, table: str, coco: CocoFile, faces: set[str]) -> None:
        split = self.split_of(table)
        marks = self.marks.setdefault(split, Marks())
        pictures: dict[Any, int | None] = {}  # id → number, None where it is listed twice
        for key, image in coco.images.items():
            if isinstance(image, Mapping) and isinstance(image.get("file_name"), str):
                member = self.find(table, image["file_name"], split)
                pictures[key] = marks.add_picture(member, image.get("width"), image.get("height"))
            else:
                marks.skip("the image has no file_name", f"{table}#{key}")
        for same in coco.repeated.values():
            for image in same:
                reason = "its id is that of other images, too: left out"
                marks.skip(reason, str(image.get("file_name", image["id"])))
        for number, given in enumerate(coco.annotations):
            try:
                if given["image_id"] in coco.repeated:
                    marks.skip(f"{REPEATED}: left out", f"{table}#{number}")
                    continue
                picture = pictures[given["image_id"]]
                category = coco.categories[given["category_id"]]
            except (TypeError, KeyError):
                reason = "the file lists no such image, or no such category: left out"
                marks.skip(reason, f"{table}#{number}")
                continue
            if category not in faces:
                reason = f"its category {category!r} is not taken for a face: left out"
                marks.skip(reason, f"{table}#{number}")
            elif picture is not None:
                said = given.get("attributes")
                attributes = said if isinstance(said, Mapping) else {}
                ignored = (given.get("iscrowd"), given.get("ignore"), attributes.get("invalid"))
                marks.add_face(
                    picture,
                    by_size(given.get("bbox")),
                    any(map(_is_set, ignored)),
                    {"category": category, **attributes} if len(faces) > 1 else attributes,
                    _subsets(given.get("subset")),
                )


def _is_set(flag: Any) -> bool:
    """Some tools write "0" and "false" as text."""
    return str(flag).strip().lower() not in ("0", "0.0", "false", "none", "no", "")


def _subsets(given: Any) -> list[str]:
    """A name, or a list of names."""
    names = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return [name for name in names if isinstance(name, str)]
