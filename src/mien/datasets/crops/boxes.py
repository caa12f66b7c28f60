"""Faces cropped out of photos by labelled boxes, from COCO's JSON or a CSV table."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mien.datasets.base import DatasetFacts, check_split
from mien.datasets.boxes import KEPT, OUTSIDE
from mien.datasets.crops.box_tables import Entry, read_table
from mien.datasets.crops.label_names import LabelNames
from mien.datasets.files.archive import Archive, open_archive, pictures_beside
from mien.datasets.files.coco import OtherFormat
from mien.datasets.files.lookup import PictureFinder, path_in_archive
from mien.datasets.files.pictures import Picture
from mien.datasets.files.split_names import SPLIT_OF, SPLITS, split_of_table
from mien.datasets.samples import Pixels, Sample
from mien.errors import DatasetError
from mien.preprocess.crop import face_crop
from mien.registry import register_dataset
from mien.specs.classifier import ModelSpec
from mien.types import Box, Face

_SQUARE = ModelSpec("square", ("neutral",), 1)  # only its framing is used: no margin, not turned


@register_dataset("boxes")
class Boxes:
    """The reader. ``path``: a JSON or CSV file, or a folder or zip that holds such files.

    JSON is COCO's: ``images``, ``categories`` named by expression, and ``annotations`` whose
    ``bbox`` is x, y, width and height. A CSV has a row for each face and, in any order and case, a
    column for the picture, one for the expression and four for the box, by its corners or by its
    size, all in pixels: see ``mien.datasets.crops.box_tables``. Columns for split, subject, valence
    and arousal are optional. Expressions are spelt as in ``folder``; numbers need its ``order``,
    and own labels its ``labels``.

    The split is the row's own, else a word in the file's name (``instances_val2017.json``), else
    its folder (``train/_annotations.coco.json``), else ``train``. Pictures are found by the path
    in the file: from the file's folder, or anywhere else in the data set.

    Samples are (S, S) grey or (S, S, 3) RGB squares around the longer side of each box, as
    ``mien.preprocess.crop.face_crop`` cuts them: parts outside the photo repeat its border. Swapped
    corners are repaired. Boxes without area, boxes outside a photo of known size, boxes that are to
    be ignored or mark a crowd, and labels that name no expression are left out (``skipped``).
    Raises ``DatasetError`` where nothing is left, or a file is damaged.
    """

    def __init__(
        self, path: str | Path, order: str | None = None, labels: tuple[str, ...] | None = None
    ) -> None:
        self._labels = LabelNames("boxes", labels, order)
        self.path = Path(path)
        self._archive = archive = open_archive(self.path)
        self._single = archive.is_file
        if archive.is_file:  # a table: its pictures lie beside it
            self._archive = open_archive(self.path.parent)
        tables = [n for n in archive.names() if n.lower().endswith((".json", ".csv"))]
        self._photos = Photos(self._archive)
        self._finder = PictureFinder(self._archive)
        self._faces: dict[str, list[Entry]] = {}
        self._skipped: dict[str, dict[str, list[str]]] = {}
        others = []
        for table in tables:
            try:
                for entry in read_table(archive, table):
                    self._put(entry, table)
            except OtherFormat as reason:
                others.append(f"{table}: {reason}")
        if not self._faces:
            others += [reason for found in self._skipped.values() for reason in found]
            raise DatasetError(
                f"{self.path} holds no labelled boxes{f' ({others[0]})' if others else ''}: "
                "expected COCO's JSON with categories named by expression, or a CSV with columns "
                "such as path, expression, x1, y1, x2, y2"
            )
        held = {face.label for faces in self._faces.values() for face in faces}
        self.facts = DatasetFacts(name="boxes", labels=self._labels.in_order(held))

    def splits(self) -> tuple[str, ...]:
        """Those of ``train``, ``valid``, ``public``, ``private`` and ``test`` that exist."""
        return tuple(split for split in SPLITS if split in self._faces)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every face of ``split`` in the order of its file; ``key`` is the picture and a number."""
        check_split(self, split, self.path)
        index = {noun: i for i, noun in enumerate(self.facts.labels)}
        for face in self._faces[split]:
            yield Sample(
                SquareCrop(self._photos, self._finder.find(face.picture), Box(*face.corners)),
                index[face.label],
                face.key,
                valence=face.valence,
                arousal=face.arousal,
                subject=face.subject,
            )

    def skipped(self, split: str) -> dict[str, list[str]]:
        """Reason → keys of the boxes of ``split`` that are left out or repaired."""
        skipped = self._skipped.get(split, {})
        if split == self.splits()[0] and not self._single:
            skipped = {**skipped, **pictures_beside(self._archive)}
        return skipped

    def _put(self, entry: Entry, table: str) -> None:
        """Add a face, with its label and a path from the archive's root, unless it is left out."""
        split = SPLIT_OF.get(entry.split.lower()) or split_of_table(table) or "train"
        label, why = self._labels.find(entry.label), self._labels.problem(entry.label)
        problem = entry.problem
        if why and (not problem or problem in KEPT):
            problem = why
        if problem:
            self._skipped.setdefault(split, {}).setdefault(problem, []).append(entry.key)
        if label is not None and (not problem or problem in KEPT):
            picture = path_in_archive(table.rpartition("/")[0], entry.picture)
            self._faces.setdefault(split, []).append(replace(entry, label=label, picture=picture))


_KEPT_BYTES = 64 << 20  # for each thread


class Photos(threading.local):
    """Decodes photos; each thread keeps its last one, since the faces of a photo come together.

    A photo of more than 64 MB is not kept: it is decoded again for each face.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._last: tuple[str, Pixels] | None = None

    def get(self, name: str) -> Pixels:
        """The whole photo, not to be changed."""
        if self._last is not None and self._last[0] == name:
            return self._last[1]
        self._last = None  # frees it before the next one is decoded
        photo = Picture(self.archive, name)()
        if photo.nbytes <= _KEPT_BYTES:
            self._last = (name, photo)
        return photo


@dataclass(frozen=True, slots=True)
class SquareCrop:
    """The face of a photo, for ``Sample.pixels``."""

    photos: Photos
    photo: str
    box: Box

    def __call__(self) -> Pixels:
        """(S, S) or (S, S, 3): the square around the longer side of the box."""
        photo = self.photos.get(self.photo)
        box, (height, width) = self.box, photo.shape[:2]
        if box.x2 <= 0 or box.y2 <= 0 or box.x1 >= width or box.y1 >= height:
            where = f"{self.photos.archive.path}: {self.photo}"
            raise DatasetError(f"{where}: {OUTSIDE}: {box.to_list(1)}")
        return face_crop(photo, Face(self.box), _SQUARE).copy()  # a view would keep the photo
