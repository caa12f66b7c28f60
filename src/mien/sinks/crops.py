"""Each face as a picture, and a table of them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from mien.errors import InputError, OutputError
from mien.files import output_error
from mien.reading import open_file
from mien.sinks.base import Closing, Image
from mien.sinks.pictures import PictureFolder, picture_of
from mien.sinks.rows import CsvRows
from mien.types import COLUMNS, Box, Result

_LABEL_BYTES = 40  # beside those of the picture's name; file systems allow 255 in all
_FIRST = "source,face,expression,prob,score,x1,y1,x2,y2"  # of every version's table


class CropsSink(Closing):
    """Saves each face as ``<stem>_<face>_<expression>.jpg``, with one row in ``crops.csv``.

    ``crops.csv``, overwritten by each run, has the columns of ``Result.rows()`` and ``file``: the
    crop's name in the folder, such as ``a/b_0_fear.jpg``, empty for a box outside the picture. A
    row is written after its crop. A ``crops.csv`` that Mien did not write is never overwritten.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        margin: float = 0.0,
        suffix: str = ".jpg",
        on_note: Callable[[str], None] | None = None,
        roots: Iterable[str] = (),
    ) -> None:
        """``margin``: share of the box's sides added on each side; ``suffix`` may be ``.png``.

        ``on_note`` gets a line about each crop that is saved as PNG because it is too long for
        JPEG. ``roots``: folders whose subfolders are kept, see ``mien.media.inputs.roots_of``.
        Raises ``OutputError`` where the folder or ``crops.csv`` cannot be written.
        """
        if not 0 <= margin < math.inf:
            raise InputError(f"the margin of a crop is {margin}: give a number of 0 or more")
        self._margin = margin
        self._folder = PictureFolder(folder, suffix, on_note, roots)
        table = self._folder.path / "crops.csv"
        _check_table(table)
        self._rows = CsvRows(table)

    def write(self, result: Result, image: Image | None = None) -> None:
        """Save the faces of one picture; without ``image`` the picture is read again.

        Raises ``OutputError``, as ``PictureOutputError`` where later pictures can still be saved,
        ``InputError`` for an image of another size, and ``ImageReadError``.
        """
        if not result.readings:
            return
        image = picture_of(result, image)  # (H, W, 3)
        stem = self._folder.stem(result)
        for row, reading in zip(result.rows(), result.readings, strict=True):
            face = reading.face
            crop = np.rot90(crop_of(image, face.box, self._margin), face.quarter_turns)  # upright
            name = f"{stem}_{row['face']}_{_plain(reading.expression)}"
            self._rows.write(
                {
                    **row,
                    "file": self._folder.name(self._folder.save(name, crop)) if crop.size else "",
                }
            )

    def close(self) -> None:
        """Close ``crops.csv``; without any face it contains only the header."""
        self._rows.close((*COLUMNS, "file"))


def _check_table(path: Path) -> None:
    """Raise ``OutputError`` where ``path`` is not a table that Mien wrote."""
    try:
        with open_file(path) as file:
            header = file.readline(65536).rstrip().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise output_error(repr(str(path)), error) from error
    ours = header.startswith(_FIRST) and header.endswith(",file")
    if header and not ours:
        raise OutputError(
            f"cannot overwrite {str(path)!r}, which Mien did not write: choose another folder"
        )


def crop_of(image: Image, box: Box, margin: float) -> Image:
    """The pixels that the box touches, (h, w, 3); empty where the box is outside the picture."""
    height, width = image.shape[:2]
    dx, dy = margin * box.width, margin * box.height
    left, right = (min(max(v, 0), width) for v in (math.floor(box.x1 - dx), math.ceil(box.x2 + dx)))
    top, bottom = (
        min(max(v, 0), height) for v in (math.floor(box.y1 - dy), math.ceil(box.y2 + dy))
    )
    return image[top:bottom, left:right]


def _plain(label: str) -> str:
    """A label with ``-`` for characters that a file name may not contain, cut to what fits."""
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in label)
    return plain.encode("utf-8", "replace")[:_LABEL_BYTES].decode("utf-8", "ignore")
