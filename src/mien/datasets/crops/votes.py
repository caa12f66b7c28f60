"""FER+'s table of votes, which is joined to FER2013 by row."""

from __future__ import annotations

import csv

from mien.datasets.files.archive import DAMAGE, Archive
from mien.datasets.files.lines import bounded_lines
from mien.errors import DatasetError

USAGES = {"Training": "train", "PublicTest": "public", "PrivateTest": "private"}
"""What the tables of FER2013 and FER+ call each split."""
_LONGEST = 6  # characters of a number of votes


def read_votes(archive: Archive, name: str) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Row of ``fer2013.csv`` → (split, ten vote counts). Raises ``DatasetError``."""
    votes = {}
    try:
        with archive.text(name) as file:
            reader = csv.reader(bounded_lines(file))
            header = next(reader, [])
            if len(header) != 12 or header[0] != "Usage":
                raise DatasetError(
                    f"{archive.path}: {name} is not a FER+ file: expected Usage, Image name and "
                    f"ten columns of votes, got {len(header)} columns"
                )
            for row, cells in enumerate(reader):
                try:
                    usage, _, *counts = cells
                    votes[row] = (USAGES[usage], tuple(map(_count, counts)))
                except (KeyError, ValueError):
                    raise DatasetError(
                        f"{archive.path}: {name}, row {row} is damaged: expected Usage, a name, "
                        "and ten numbers of votes"
                    ) from None
                if len(counts) != 10:
                    raise DatasetError(
                        f"{archive.path}: {name}, row {row} has {len(counts)} votes instead of 10"
                    )
    except (csv.Error, *DAMAGE) as error:
        raise DatasetError(f"{archive.path}: {name} is damaged: {error}") from None
    return votes


def _count(text: str) -> int:
    """Of votes: ten people voted; ``ValueError`` for what cannot be their number."""
    count = int(text) if len(text) <= _LONGEST else -1
    if count < 0:
        raise ValueError
    return count
