"""Whole pictures with the faces that Pascal VOC's XML files mark in them.

Everingham, Van Gool, Williams, Winn and Zisserman: The Pascal Visual Object Classes (VOC)
Challenge, IJCV 88, 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from mien.datasets.base import DatasetFacts
from mien.datasets.boxes import Corners, by_corners
from mien.datasets.files.archive import DAMAGE
from mien.datasets.files.lookup import path_in_archive
from mien.datasets.files.split_names import SPLIT_OF
from mien.datasets.files.xml import parse_xml
from mien.datasets.scenes.marks import Marks
from mien.datasets.scenes.reader import SceneReader, other_category, pick_faces
from mien.errors import ConfigError, DatasetError
from mien.media.formats import SUFFIXES, is_picture_name
from mien.registry import register_dataset

CORNERS = ("pixels", "edges")
_LIKELY = sorted(SUFFIXES)
_MOST_BYTES = 4_000_000  # of an XML file: those of a thousand faces have 300,000
# The last two are for an encoding that Python, or its XML parser, does not know.
_DAMAGED = (ElementTree.ParseError, DatasetError, *DAMAGE, LookupError, ValueError)


@dataclass(frozen=True, slots=True)
class _Object:
    name: str
    corners: Corners
    difficult: bool
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class _File:
    """The contents of one XML file."""

    picture: str
    width: str | None
    height: str | None
    objects: list[_Object]


@register_dataset("voc")
class Voc(SceneReader):
    """The reader. ``path``: a folder or zip of XML files, or one XML file beside its picture.

    As published, these are ``Annotations/*.xml`` beside ``JPEGImages``. The splits are those that
    ``ImageSets/Main`` lists in ``train.txt``, ``val.txt`` and ``test.txt``, or in ``trainval.txt``
    if there is no ``train.txt``; files that they do not list are left out. Without such lists, the
    split is a word in the name of a folder above, or of the folder or zip itself, else ``train``.

    ``corners``: VOC counts pixels from 1 and includes the last one, so a box of pixels 1 to 10
    becomes 0 to 10 (``pixels``). Many tools write the edges instead, 0 to 10; ``edges`` takes the
    numbers as they are. ``category`` and what is a face: as in ``coco``. Objects marked
    ``difficult`` are ignored faces. ``attributes`` are ``pose``, ``truncated`` and ``occluded``,
    where known. Bad boxes: see ``mien.datasets.boxes.clean``.

    Raises ``DatasetError`` where there is no such XML file or no category is clearly that of faces,
    ``ConfigError`` for other values of the options. A damaged XML file is left out.
    """

    facts = DatasetFacts(name="voc")

    def __init__(
        self, path: str | Path, category: str | None = None, corners: str = CORNERS[0]
    ) -> None:
        if corners not in CORNERS:
            raise ConfigError(f"voc has corners={', '.join(CORNERS)}, not {corners!r}")
        super().__init__(path, "Annotations")
        self._first = 1 if corners == "pixels" else 0
        files: dict[str, _File] = {}
        damaged: dict[str, str] = {}
        for name in self.members:
            if name.lower().endswith(".xml"):
                try:
                    file = self._parse(name)
                except _DAMAGED as error:
                    damaged[name] = str(error)
                    continue
                if file is not None:
                    files[name] = file
        names = {o.name for file in files.values() for o in file.objects}
        faces = pick_faces(category, names, self.path) if files else set()
        lists = self._lists()
        for name, file in files.items():
            for split in self._splits_of(name, lists):
                self._mark(name, file, faces, split)
        self.finish()
        if not self.splits():
            reason = next((f": {name}: {why}" for name, why in damaged.items()), "")
            raise DatasetError(
                f"{self.path} holds no annotations of Pascal VOC{reason}; expected XML files such "
                "as Annotations/000001.xml with the root <annotation>"
            )
        # Files in no split are reported with the first one.
        marks = self.marks[self.splits()[0]]
        for name in damaged:
            marks.skip("annotation file is damaged", name)
        for name in files:
            if not self._splits_of(name, lists):
                marks.skip("ImageSets/Main lists it in no split", name)

    def _parse(self, name: str) -> _File | None:
        """The contents of an XML file; ``None`` if its root is another element."""
        root = parse_xml(self.archive.read(name, _MOST_BYTES))
        if root.tag != "annotation":
            return None
        objects = []
        for item in root.findall("object"):
            box = [item.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
            x1, y1, x2, y2 = by_corners(box)
            texts = {key: item.findtext(key) for key in ("pose", "truncated", "occluded")}
            objects.append(
                _Object(
                    (item.findtext("name") or "").strip(),
                    (x1 - self._first, y1 - self._first, x2, y2),
                    (item.findtext("difficult") or "0").strip() not in ("", "0"),
                    {key: text.strip() for key, text in texts.items() if text and text.strip()},
                )
            )
        picture = (root.findtext("filename") or "").strip()
        return _File(picture, root.findtext("size/width"), root.findtext("size/height"), objects)

    def _lists(self) -> dict[str, dict[str, set[str]]]:
        """Folder above ``ImageSets`` → split → the names that it lists, without suffixes."""
        lists: dict[str, dict[str, set[str]]] = {}
        for name in self.members:
            place = PurePosixPath(name)
            split = SPLIT_OF.get(place.stem.lower(), "")
            if place.match("ImageSets/Main/*.txt") and (split or place.stem == "trainval"):
                root = "/".join(place.parts[:-3])
                try:
                    with self.archive.text(name) as file:
                        listed = {
                            line.split()[0] for line in file.read().splitlines() if line.split()
                        }
                except DAMAGE as error:
                    raise DatasetError(f"{self.path}: {name} is damaged: {error}") from None
                lists.setdefault(root, {})[split or "trainval"] = listed
        for splits in lists.values():
            both = splits.pop("trainval", set())
            if both and "train" not in splits:
                splits["train"] = both
        return lists

    def _splits_of(self, name: str, lists: dict[str, dict[str, set[str]]]) -> list[str]:
        """The splits of the XML file ``name``: as listed, else by the folders above it."""
        root, listed_as = _placed(name)
        if root not in lists:
            return [self.split_of(f"{name.rpartition('/')[0]}/")]  # without the file's own name
        return [split for split, listed in lists[root].items() if listed_as in listed]

    def _mark(self, name: str, file: _File, faces: set[str], split: str) -> None:
        marks = self.marks.setdefault(split, Marks())
        path = self._picture(name, file.picture, split)
        picture = marks.add_picture(path, file.width, file.height)
        if picture is None:
            return
        for number, item in enumerate(file.objects, start=1):
            if item.name not in faces:
                marks.skip(other_category(item.name), f"{name}#{number}")
                continue
            attributes = item.attributes
            if len(faces) > 1:
                attributes = {"category": item.name, **attributes}
            marks.add_face(picture, item.corners, item.difficult, attributes)

    def _picture(self, name: str, written: str, split: str) -> str:
        """The picture of the XML file ``name``: by the name ``written`` in it, else by its own."""
        root, listed_as = _placed(name)
        folders = (path_in_archive(root, "JPEGImages"), name.rpartition("/")[0])
        if written.lower().endswith(".xml"):  # some tools write the XML file's own name
            written = written[: -len(".xml")]
        # Pictures that were renamed or converted often keep their old name in the XML file.
        stems = dict.fromkeys((listed_as, written, PurePosixPath(written).stem))
        others = [f"{stem}{suffix}" for stem in filter(None, stems) for suffix in _LIKELY]
        likely = [picture for picture in (written, *others) if picture]
        for picture in likely:
            for folder in folders:
                if member := self.finder.member(path_in_archive(folder, picture)):
                    return member
        named = written if is_picture_name(written) else f"{written or listed_as}.jpg"
        for picture in (named, *likely):  # elsewhere
            found = self.finder.find(path_in_archive(folders[0], picture), split)
            if self.finder.member(found):
                return found
        return path_in_archive(folders[0], named)


def _placed(name: str) -> tuple[str, str]:
    """Folder above ``Annotations``, and how ``ImageSets`` names the XML file."""
    parts = PurePosixPath(name).with_suffix("").parts
    place = next((i for i, part in enumerate(parts) if part.lower() == "annotations"), -1)
    if place < 0:
        return "/".join(parts[:-1]), parts[-1]
    return "/".join(parts[:place]), "/".join(parts[place + 1 :])
