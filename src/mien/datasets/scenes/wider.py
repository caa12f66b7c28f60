"""WIDER FACE as published: pictures by event, and text files of the faces in them.

Yang, Luo, Loy and Tang: WIDER FACE: A Face Detection Benchmark, CVPR 2016.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from mien.datasets.base import DatasetFacts
from mien.datasets.boxes import by_size
from mien.datasets.scenes.marks import Marks
from mien.datasets.scenes.reader import SceneReader
from mien.datasets.scenes.text_lists import read_list
from mien.errors import DatasetError
from mien.registry import register_dataset

COLUMNS = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
"""The whole numbers that follow x, y, width and height in a face's line."""
_LONGEST = 9  # characters of such a number
_PLACE = "wider_face_split"


@register_dataset("wider")
class Wider(SceneReader):
    """The reader. ``path``: the folder with the contents of the official zips, or a zip of it.

    That is ``wider_face_split/wider_face_train_bbx_gt.txt`` and ``…_val_bbx_gt.txt``, for the
    splits ``train`` and ``valid``, beside ``WIDER_train/images`` and ``WIDER_val/images``; or a
    ``bbx_gt.txt`` file alone. Each face's ``attributes`` are the published numbers by name; faces
    with ``invalid`` are ignored. Pictures without faces are scenes too. Picture sizes are unknown.
    Bad boxes: see ``mien.datasets.boxes.clean``.

    The easy, medium and hard subsets are published as MATLAB files, which are not read; the reader
    ``coco`` takes them from ``subset``. Raises ``DatasetError`` where there is no such text file,
    or with the line number where one is damaged.
    """

    facts = DatasetFacts(name="wider")

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, _PLACE)
        known: dict[tuple[str, ...], dict[str, int]] = {}  # of 160,000 faces hardly 100 differ
        for table in self.members:
            if PurePosixPath(table).name.lower().endswith("bbx_gt.txt"):
                self._read(table, known)
        self.finish()
        if not self.splits():
            raise DatasetError(
                f"{self.path} holds no faces of WIDER FACE: expected "
                f"{_PLACE}/wider_face_train_bbx_gt.txt or wider_face_val_bbx_gt.txt"
            )

    def _read(self, table: str, known: dict[tuple[str, ...], dict[str, int]]) -> None:
        split = self.split_of(table)
        marks = self.marks.setdefault(split, Marks())
        for listed in read_list(self.archive, table, 4 + len(COLUMNS), placeholder=True):
            picture = marks.add_picture(self.find(table, listed.path, split))
            if picture is None:
                continue
            for number, words in enumerate(listed.faces):
                numbers = tuple(words[4:])
                if numbers not in known:
                    known[numbers] = self._attributes(numbers, table, listed.line + number)
                attributes = known[numbers]
                marks.add_face(picture, by_size(words[:4]), attributes["invalid"] > 0, attributes)

    def _attributes(self, words: tuple[str, ...], table: str, line: int) -> dict[str, int]:
        try:
            if max(map(len, words)) > _LONGEST:
                raise ValueError
            return dict(zip(COLUMNS, map(int, words), strict=True))
        except ValueError:
            raise DatasetError(
                f"{self.archive.path}: {table}, line {line} ends with {' '.join(words)[:60]!r}, "
                f"expected whole numbers for {', '.join(COLUMNS)}"
            ) from None
