"""Each face as a picture of its own, and a table that says what each one shows."""

from __future__ import annotations

import math
import os
from pathlib import Path

from mien.errors import InputError, OutputError
from mien.files import output_error
from mien.sinks.base import Closing, Image
from mien.sinks.pictures import PictureFolder, picture_of
from mien.sinks.rows import COLUMNS, CsvRows
from mien.types import Box, Result


class CropsSink(Closing):
    """Saves each face as ``<stem>_<face>_<expression>.jpg``, with one row in ``crops.csv``.

    ``crops.csv``, made anew by each run, has the columns of ``Result.rows()`` and a last one,
    ``file``: the crop's name in the same folder, empty for a box that lies outside the picture. A
    row is written once its crop is there. A ``crops.csv`` that no run has written is kept.
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, margin: float = 0.0, suffix: str = ".jpg"
    ) -> None:
        """``margin`` grows the box by that share of its sides on each; ``suffix`` may be ``.png``.

        Raises ``OutputError`` where the folder or ``crops.csv`` cannot be written, or is no run's.
        """
        if not 0 <= margin < math.inf:
            raise InputError(f"the margin of a crop is {margin}: give a share of 0 or more")
        self._margin = margin
        self._folder = PictureFolder(folder, suffix)
        table = self._folder.path / "crops.csv"
        _check_table(table)
        self._rows = CsvRows(table)

    def write(self, result: Result, image: Image | None = None) -> None:
        """Save the faces of one picture; without ``image`` it is read again from its source.

        Raises ``OutputError``, ``InputError`` for an image of another size, and ``ImageReadError``.
        """
        if not result.readings:
            return
        image = picture_of(result, image)  # (H, W, 3)
        stem = self._folder.stem(result)
        for row, reading in zip(result.rows(), result.readings, strict=True):
            crop = _crop(image, reading.face.box, self._margin)
            name = f"{stem}_{row['face']}_{_plain(reading.expression)}"
            self._rows.write(
                {**row, "file": self._folder.save(name, crop).name if crop.size else ""}
            )

    def close(self) -> None:
        """Close ``crops.csv``; a run without a face leaves its header alone."""
        self._rows.close((*COLUMNS, "file"))


def _check_table(path: Path) -> None:
    """Raise ``OutputError`` where ``path`` holds what no earlier run has written."""
    try:
        with path.open("rb") as file:
            header = file.readline(65536).rstrip().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise output_error(repr(str(path)), error) from error
    ours = header.startswith(",".join(COLUMNS)) and header.endswith(",file")
    if header and not ours:
        raise OutputError(
            f"cannot write {str(path)!r}, a table of another kind: choose another folder"
        )


def _crop(image: Image, box: Box, margin: float) -> Image:
    """The pixels that the box touches, (h, w, 3); of size 0 where box and picture do not meet."""
    height, width = image.shape[:2]
    dx, dy = margin * box.width, margin * box.height
    left, right = (min(max(v, 0), width) for v in (math.floor(box.x1 - dx), math.ceil(box.x2 + dx)))
    top, bottom = (
        min(max(v, 0), height) for v in (math.floor(box.y1 - dy), math.ceil(box.y2 + dy))
    )
    return image[top:bottom, left:right]


def _plain(label: str) -> str:
    """A label without what a file name cannot bear."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in label)
