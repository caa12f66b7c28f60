"""A small data set of real picture files: pieces of the astronaut, some of them damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from mien.datasets.base import DatasetFacts
from mien.datasets.files.folders import Folder
from mien.datasets.files.pictures import Picture
from mien.datasets.samples import Sample
from mien.errors import DatasetError
from mien.samples import ASTRONAUT

LABELS = ("anger", "happiness", "neutral")


def write(folder: Path, train: int = 12, valid: int = 5) -> Path:
    """Pieces of several sizes, not all square, as ``train/000.png`` and so on."""
    photo = Image.open(ASTRONAUT)
    for split, n in (("train", train), ("valid", valid)):
        (folder / split).mkdir(parents=True)
        for i in range(n):
            left, top, side = 20 * (i % 15), 11 * (i % 20), 60 + 7 * (i % 9)
            piece = photo.crop((left, top, left + side + i % 3, top + side))
            piece.save(folder / split / f"{i:03}.png")
    return folder


class Photos:
    """A reader of that folder; each sample knows something else."""

    facts = DatasetFacts(name="photos", labels=LABELS)

    def __init__(self, path: Path) -> None:
        self._archive = Folder(Path(path))

    def splits(self) -> tuple[str, ...]:
        return "train", "valid"

    def samples(self, split: str) -> Iterator[Sample]:
        names = [name for name in self._archive.names() if name.startswith(f"{split}/")]
        if not names:
            raise DatasetError(f"no split {split!r}")
        for i, name in enumerate(names):
            yield Sample(
                Picture(self._archive, name),
                i % 3,
                name,
                votes=(i, *[0] * 8, 1),
                target=(0.2, 0.3, 0.5),
                valence=None if i == 1 else i / 40,
                arousal=None if i == 1 else -i / 40,
                subject=None if i == 2 else f"person {i // 4}",
            )

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}
