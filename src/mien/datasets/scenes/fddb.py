"""FDDB as published: news pictures, and text files of the ellipses around the faces in them.

Jain and Learned-Miller: FDDB: A Benchmark for Face Detection in Unconstrained Settings,
University of Massachusetts, technical report UM-CS-2010-009, 2010.
"""

from __future__ import annotations

import math
import re
from pathlib import Path, PurePosixPath

from mien.datasets.base import DatasetFacts
from mien.datasets.boxes import Corners
from mien.datasets.scenes.marks import Marks
from mien.datasets.scenes.reader import SceneReader
from mien.datasets.scenes.text_lists import read_list
from mien.errors import ConfigError, DatasetError
from mien.registry import register_dataset

FOLDS = 10
_TABLE = re.compile(r"FDDB-fold-(\d{1,3})-ellipseList\.txt", re.IGNORECASE)
_PLACE = "FDDB-folds"


@register_dataset("fddb")
class Fddb(SceneReader):
    """The reader. ``path``: the folder that holds ``FDDB-folds`` and ``originalPics``, or a zip.

    Or a file such as ``FDDB-folds/FDDB-fold-01-ellipseList.txt`` alone. The ten folds are one
    split, ``test``; ``fold`` selects one of them, 1 to 10. A face's box is the upright rectangle
    around its ellipse. It often reaches beyond the picture and is not clipped, as the text files
    give no picture size. Its ``attributes`` are the ellipse: ``major`` and ``minor`` radius,
    ``angle`` in radians.

    Raises ``DatasetError`` where there is no such text file, or with the line number where one is
    damaged, and ``ConfigError`` for another ``fold``.
    """

    facts = DatasetFacts(name="fddb")

    def __init__(self, path: str | Path, fold: str | None = None) -> None:
        if fold is not None and fold not in map(str, range(1, FOLDS + 1)):
            raise ConfigError(f"fddb has fold=1 to fold={FOLDS}, not {fold!r}")
        super().__init__(path, _PLACE)
        self.marks = {"test": Marks()}
        for table in self.members:
            match = _TABLE.fullmatch(PurePosixPath(table).name)
            if match and fold in (None, str(int(match[1]))):
                self._read(table)
        self.finish(report_unmarked=False)  # nine of ten pictures are not annotated
        if not self.splits():
            which = f"fold-{int(fold):02}" if fold else "fold-01"
            raise DatasetError(
                f"{self.path} holds no faces of FDDB: expected "
                f"{_PLACE}/FDDB-{which}-ellipseList.txt"
            )

    def _read(self, table: str) -> None:
        marks = self.marks["test"]
        for listed in read_list(self.archive, table, 6, placeholder=False):
            picture = marks.add_picture(self.find(table, f"{listed.path}.jpg", "test"))
            if picture is None:
                continue
            for words in listed.faces:
                major, minor, angle, x, y = map(_number, words[:5])
                ellipse = {"major": major, "minor": minor, "angle": angle}
                marks.add_face(picture, around(major, minor, angle, x, y), attributes=ellipse)


def around(major: float, minor: float, angle: float, x: float, y: float) -> Corners:
    """x1, y1, x2, y2 of the smallest upright box around an ellipse.

    ``major`` and ``minor`` are its radii, ``angle`` is from the x axis to the major one in radians,
    ``x`` and ``y`` are its centre.
    """
    cos, sin = math.cos(angle), math.sin(angle)
    # The outermost points of (x, y) + R(angle) · (major cos t, minor sin t) over all t.
    half_width = math.hypot(major * cos, minor * sin)
    half_height = math.hypot(major * sin, minor * cos)
    return x - half_width, y - half_height, x + half_width, y + half_height


def _number(word: str) -> float:
    """A finite number; not a number for any other word."""
    try:
        value = float(word)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
