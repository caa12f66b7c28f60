"""FER+'s table of votes, which is joined to FER2013 by row."""

from __future__ import annotations

import csv

from mien.datasets.files.archive import DAMAGE, Archive
from mien.errors import DatasetError

USAGES = {"Training": "train", "PublicTest": "public", "PrivateTest": "private"}
"""What the tables of FER2013 and FER+ call each split."""


def read_votes(archive: Archive, name: str) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Row of ``fer2013.csv`` → (split, ten vote counts). Raises ``DatasetError``."""
    votes = {}
    try:
        with archive.text(name) as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if len(header) != 12 or header[0] != "Usage":
                raise DatasetError(
                    f"{archive.path}: {name} is not a FER+ file: expected Usage, Image name and "
                    f"ten columns of votes, got {len(header)} columns"
                )
            for row, cells in enumerate(reader):
                try:
                    usage, _, *counts = cells
                    votes[row] = (USAGES[usage], tuple(int(count) for count in counts))
                except (KeyError, ValueError):
                    raise DatasetError(f"{archive.path}: {name}, row {row} is damaged") from None
                if len(counts) != 10:
                    raise DatasetError(
                        f"{archive.path}: {name}, row {row} has {len(counts)} votes instead of 10"
                    )
    except (csv.Error, *DAMAGE) as error:
        raise DatasetError(f"{archive.path}: {name} is damaged: {error}") from None
    return votes
