"""Whole pictures with the faces that a COCO file marks in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mien.datasets.base import DatasetFacts
from mien.datasets.boxes import by_size
from mien.datasets.files.coco import NO_SUCH, CocoFile, OtherFormat, is_set, open_coco
from mien.datasets.scenes.marks import Marks
from mien.datasets.scenes.reader import SceneReader, other_category, pick_faces
from mien.errors import DatasetError
from mien.registry import register_dataset


@register_dataset("coco")
class Coco(SceneReader):
    """The reader. ``path``: a COCO file, or a folder or zip that holds such files.

    Every picture of ``images`` is a scene, also without annotations. Pictures are found by their
    ``file_name``: from the file's folder, or anywhere else in the data set. The split is a word in
    the file's name (``instances_val2017.json``), else its folder
    (``train/_annotations.coco.json``), else a word in the name of the folder or zip
    (``wider_val_dev.zip``), else ``train``.

    Faces are the annotations of the only category, or of those called face, else head;
    ``category`` names another one, or several with commas between them. Crowds and annotations with
    ``ignore`` or the attribute ``invalid`` are ignored faces. A face's ``attributes`` are those of
    its annotation, with the ``category`` where there are several; ``subset``, a list of names,
    gives its subsets. Bad boxes: see ``mien.datasets.boxes.clean``.

    Raises ``DatasetError`` where there is no COCO file, one is damaged, or no category is clearly
    that of faces; ``ConfigError`` where there is no ``category`` of that name.
    """

    facts = DatasetFacts(name="coco")

    def __init__(self, path: str | Path, category: str | None = None) -> None:
        super().__init__(path)
        tables: dict[str, CocoFile] = {}
        others = []
        for table in self.members:
            if table.lower().endswith(".json"):
                try:
                    tables[table] = open_coco(self.archive, table)
                except OtherFormat as reason:
                    others.append(f"{table}: {reason}")
        names = {name for coco in tables.values() for name in coco.categories.values()}
        if tables:
            faces = pick_faces(category, names, self.path)
            for table, coco in tables.items():
                self._read(table, coco, faces)
        reasons = {reason for marks in self.marks.values() for reason in marks.skipped}
        self.finish()
        if tables and not self.splits():
            why = f" ({'; '.join(sorted(reasons))})" if reasons else ""
            raise DatasetError(
                f"{self.path}: {', '.join(tables)[:200]} lists no usable image{why}: expected "
                "images with an id of their own and a file_name"
            )
        if not self.splits():
            raise DatasetError(
                f"{self.path} holds no COCO file{f' ({others[0]})' if others else ''}: expected "
                "JSON with images, annotations and categories"
            )

    def _read(self, table: str, coco: CocoFile, faces: set[str]) -> None:
        split = self.split_of(table)
        marks = self.marks.setdefault(split, Marks())
        pictures: dict[Any, int | None] = {}  # id → number; None where its file is listed twice
        for key, image in coco.images.items():
            if isinstance(image.get("file_name"), str):
                member = self.find(table, image["file_name"], split)
                pictures[key] = marks.add_picture(member, image.get("width"), image.get("height"))
            else:
                marks.skip("image has no file_name", f"{table}#{key}")
        for same in coco.repeated.values():
            for image in same:
                name = str(image.get("file_name", image["id"]))
                marks.skip("image shares its id with others", name)
        for annotation in coco.annotations():
            key = f"{table}#{annotation.number}"
            if annotation.problem or annotation.image not in pictures:
                marks.skip(annotation.problem or NO_SUCH, key)
                continue
            picture = pictures[annotation.image]
            if annotation.category not in faces:
                marks.skip(other_category(annotation.category), key)
            elif picture is not None:
                written = annotation.fields.get("attributes")
                attributes = written if isinstance(written, Mapping) else {}
                marks.add_face(
                    picture,
                    by_size(annotation.fields.get("bbox")),
                    annotation.ignored or is_set(attributes.get("invalid")),
                    {"category": annotation.category, **attributes}
                    if len(faces) > 1
                    else attributes,
                    _subsets(annotation.fields.get("subset")),
                )


def _subsets(written: Any) -> list[str]:
    """A name, or a list of names."""
    names = [written] if isinstance(written, str) else written if isinstance(written, list) else []
    return [name for name in names if isinstance(name, str)]
