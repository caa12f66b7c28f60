"""What the readers of whole pictures share: archive, splits, and which objects are faces."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from mien.datasets.base import DatasetFacts, check_split
from mien.datasets.files.archive import open_archive, pictures_beside
from mien.datasets.files.lookup import PictureFinder, path_in_archive
from mien.datasets.files.pictures import Picture
from mien.datasets.files.split_names import (
    SPLITS,
    split_in_words,
    split_of_folders,
    split_of_table,
)
from mien.datasets.scene import Scene
from mien.datasets.scenes.marks import MarkedPictures, Marks
from mien.errors import ConfigError, DatasetError
from mien.media.formats import is_other_picture_name, is_picture_name, left_out

AMBIGUOUS = "several pictures have its name; the annotation file must give its path"
UNMARKED = "no annotation file mentions the picture"


class SceneReader:
    """Base of the readers, which fill ``marks`` from annotation files and call ``finish``.

    ``path``: a folder, a zip, or an annotation file whose pictures lie beside it, or beside its
    folder if that is called ``place``.
    """

    facts: DatasetFacts

    def __init__(self, path: str | Path, place: str = "") -> None:
        self.path = Path(path)
        self.archive = open_archive(self.path)
        self.members = self.archive.names()
        """Members of the archive, annotation files among them."""
        self._whole = not self.archive.is_file
        if self.archive.is_file:
            root = self.path.absolute().parent
            if root.name == place:
                self.members = [path_in_archive(place, name) for name in self.members]
                root = root.parent
            self.archive = open_archive(root)
        self.finder = PictureFinder(self.archive)
        self.marks: dict[str, Marks] = {}
        """Split → its marked pictures."""
        self._frozen: dict[str, MarkedPictures] = {}

    def splits(self) -> tuple[str, ...]:
        """Those of ``train``, ``valid``, ``public``, ``private`` and ``test`` that exist."""
        return tuple(split for split in SPLITS if split in self._frozen)

    def scenes(self, split: str) -> Iterator[Scene]:
        """Every picture of ``split`` in the order of its annotation file; ``key`` is its path."""
        check_split(self, split, self.path)
        marked = self._frozen[split]
        for number, picture in enumerate(marked.pictures):
            pixels = Picture(self.archive, picture, marked.size(number))
            yield marked.scene(number, pixels)

    def skipped(self, split: str) -> Mapping[str, list[str]]:
        """Reason → keys of boxes and pictures of ``split`` that are left out or repaired."""
        return self.marks[split].skipped if split in self.marks else {}

    def split_of(self, table: str) -> str:
        """By the annotation file's name and folders, else by the archive's name, else ``train``."""
        own = self.archive.path.absolute().name
        return split_of_table(table) or split_of_folders(table) or split_in_words(own) or "train"

    def find(self, table: str, picture: str, split: str) -> str:
        """The member that the annotation file ``table`` of ``split`` means by ``picture``."""
        return self.finder.find(path_in_archive(table.rpartition("/")[0], picture), split)

    def finish(self, report_unmarked: bool = True) -> None:
        """Clean the boxes; report clutter, and pictures that no annotation file mentions."""
        self.marks = {split: marks for split, marks in self.marks.items() if marks.pictures}
        self._frozen = {split: self.marks[split].freeze() for split in self.marks}
        for marks in self.marks.values():
            for picture in filter(self.finder.ambiguous.__contains__, marks.pictures):
                marks.skip(AMBIGUOUS, picture)
        if not (self._whole and self._frozen):
            return
        first = self.marks[self.splits()[0]]
        for reason, names in pictures_beside(self.archive).items():
            for name in names:
                first.skip(reason, name)
        if not report_unmarked:
            return
        mentioned = set().union(*(marks.pictures for marks in self.marks.values()))
        for name in self.members:
            other = is_other_picture_name(name)
            if (other or is_picture_name(name)) and name not in mentioned:
                split = split_of_folders(name)
                marks = self.marks.get(split or "", first)
                marks.skip(left_out(name) if other else UNMARKED, name)


def other_category(name: str) -> str:
    """The reason why an object that is not a face is skipped."""
    return f"category {name[:60]!r} is not one of faces"


def pick_faces(option: str | None, names: Collection[str], path: Path) -> set[str]:
    """The categories of faces: those that ``option`` names, several with commas between them.

    Without it, the only category, or those called face (``face``, ``human face``), else head.
    Raises ``ConfigError`` for an unknown category and ``DatasetError`` where none is clearly that
    of faces.
    """
    known = {name.lower(): name for name in names}
    listed = f"(categories: {', '.join(sorted(known.values())) or 'none'})"
    if option is not None:
        wanted = [name.strip().lower() for name in option.split(",")]
        for name in wanted:
            if name not in known:
                raise ConfigError(f"{path} has no category {name!r} {listed}")
        return {known[name] for name in wanted}
    words_of = {name: re.findall(r"[a-z]+", name.lower()) for name in names}
    for spellings in ({"face", "faces"}, {"head", "heads"}):
        called = {n for n, words in words_of.items() if words and words[-1] in spellings}
        if faces := {n for n in called if not {"no", "not", "non"} & {*words_of[n]}}:
            return faces
    if len(words_of) > 1:
        raise DatasetError(
            f"{path}: no category is called face: choose one with category=NAME, or several with "
            f"commas between them {listed}"
        )
    return set(words_of)
