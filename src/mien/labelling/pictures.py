"""The pictures to label, and the labels that they have already."""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.crops.label_names import expression_in
from mien.datasets.files.archive import DAMAGE, open_archive
from mien.datasets.files.lines import bounded_lines
from mien.datasets.files.pictures import Picture
from mien.errors import DatasetError, InputError
from mien.escaping import for_terminal
from mien.labels import canonical
from mien.media.formats import is_other_picture_name, is_picture_name, left_out

TABLES = ("faces.csv", "metadata.csv")
"""Tables in the folder that may hold labels: that of ``mien data crop``, and the usual name."""
CARRIED = ("split", "subject")
"""Columns of such a table that merged labels keep."""
LARGEST = 1200
"""Pixels of the longer side of a picture on the page."""
UNPRINTABLE = "its name has characters that cannot be seen: rename it"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a picture before it is labelled."""

    label: str = ""
    carried: tuple[str, ...] = ("",) * len(CARRIED)
    """Its values in the columns ``CARRIED``."""


class Pictures:
    """The face crops in a folder or zip, by path. Raises ``DatasetError`` where there are none."""

    def __init__(self, path: str | Path, labels: Sequence[str] = ()) -> None:
        """``labels``: further names of folders that count as labels, beside the expressions."""
        self.path = Path(path)
        self._archive = open_archive(self.path)
        self._own = {label.casefold(): label for label in labels}
        self.left_out: dict[str, int] = {}
        """Reason → number of pictures that are not shown."""
        names = [] if self._archive.is_file else self._archive.names()
        self.names: tuple[str, ...] = tuple(name for name in names if self._is_shown(name))
        """Sorted paths, relative to the folder."""
        if not self.names:
            why = "; ".join(f"{n:,} left out: {reason}" for reason, n in self.left_out.items())
            raise DatasetError(
                f"{self.path} holds no pictures to label: give a folder of face crops, such as "
                f"'mien data crop' writes{f' ({why})' if why else ''}"
            )

    @property
    def is_folder(self) -> bool:
        """Whether they lie in a folder, where the answers can be written too."""
        return self.path.is_dir()

    @cached_property
    def known(self) -> Mapping[str, Known]:
        """Path → what its table or its folders say; without the pictures that have nothing."""
        found = {name: Known(label) for name in self.names if (label := self._of_folders(name))}
        for table in TABLES:
            if self._archive.holds(table):
                return found | self._of_table(table)
        return found

    def pixels(self, name: str) -> NDArray[np.uint8]:
        """One picture, (H, W) grey or (H, W, 3) RGB uint8. Raises ``DatasetError``."""
        return Picture(self._archive, name)()

    def encoded(self, name: str) -> tuple[bytes, str]:
        """One picture for a browser, and its media type; larger ones reduced to ``LARGEST``.

        Decoded by Mien: what is shown is what the model sees, upright and without metadata. Raises
        ``DatasetError``.
        """
        pixels = Picture(self._archive, name).at(LARGEST // 2)
        height, width = pixels.shape[:2]
        if (scale := LARGEST / max(height, width)) < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        if pixels.ndim == 3:
            pixels = pixels[..., ::-1]
        small = max(height, width) <= 400
        done, data = cv2.imencode(
            ".png" if small else ".jpg",
            np.ascontiguousarray(pixels),
            [] if small else [cv2.IMWRITE_JPEG_QUALITY, 92],
        )
        if not done:
            raise DatasetError(f"{self.path}: {name} cannot be encoded for the page")
        return data.tobytes(), "image/png" if small else "image/jpeg"

    def _is_shown(self, name: str) -> bool:
        if is_picture_name(name):
            if for_terminal(name) == name:
                return True
            reason = UNPRINTABLE
        elif is_other_picture_name(name):
            reason = left_out(name)
        else:
            return False
        self.left_out[reason] = self.left_out.get(reason, 0) + 1
        return False

    def _of_folders(self, name: str) -> str:
        """The label that the nearest folder above a picture is named after."""
        for part in reversed(PurePosixPath(name).parts[:-1]):
            if label := self._own.get(part.casefold()) or expression_in(part, None):
                return label
        return ""

    def _of_table(self, table: str) -> dict[str, Known]:
        """What a table with the columns ``path`` and ``label`` says; nothing without them."""
        found: dict[str, Known] = {}
        try:
            with self._archive.text(table) as file:
                rows = csv.reader(bounded_lines(file))
                header = [title.strip().lower() for title in next(rows, [])]
                if "path" not in header:
                    return {}
                for row in rows:
                    cells = dict(zip(header, map(str.strip, row), strict=False))
                    carried = tuple(cells.get(column, "") for column in CARRIED)
                    name = posixpath.normpath(cells.get("path", "").replace("\\", "/"))
                    found[name] = Known(self._spelt(cells.get("label", "")), carried)
        except (*DAMAGE, csv.Error) as error:
            raise DatasetError(f"{self.path}: {table} cannot be read: {error}") from None
        return found

    def _spelt(self, label: str) -> str:
        try:
            return self._own.get(label.casefold()) or canonical(label)
        except InputError:
            return label if for_terminal(label) == label else ""


def shuffled(names: Sequence[str], seed: int, rater: str = "") -> tuple[str, ...]:
    """``names`` in an order that looks random and depends on the seed and the rater alone.

    A picture that is added later does not change the order of the others.
    """
    salt = f"{seed}\0{rater}\0".encode()
    return tuple(sorted(names, key=lambda name: blake2b(salt + name.encode()).digest()))
