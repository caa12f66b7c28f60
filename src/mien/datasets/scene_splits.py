"""Other splits of whole pictures than the official ones: at random."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from mien.datasets.base import SceneDataset
from mien.datasets.division import PARTS, divide, grouped
from mien.datasets.files.pictures import Picture
from mien.datasets.samples import pixel_keys
from mien.datasets.scene import Scene
from mien.errors import DatasetError


class DividedScenes:
    """Whole pictures of which one split is divided; see ``mien.datasets.splits.resplit``.

    Pictures of equal files stay together, and who lands where follows from the files and the seed
    alone, so that copies of a data set in another form are divided alike. Nothing is decoded: a
    picture that was compressed anew counts as another. The files of the split are read once, when
    the first part is asked for.
    """

    def __init__(
        self, dataset: SceneDataset, division: tuple[str, str, int], sizes: tuple[int, ...]
    ) -> None:
        self.facts = replace(dataset.facts, division=division)
        self._dataset, (_, self._source, self._seed) = dataset, division
        self._sizes, self._parts = sizes, PARTS[: len(sizes)]
        self._others = {  # name here → name there
            f"official_{name}" if name in self._parts else name: name
            for name in dataset.splits()
            if name != self._source
        }

    def splits(self) -> tuple[str, ...]:
        """The parts, then the splits that stay as they are."""
        return (*self._parts, *self._others)

    def scenes(self, split: str) -> Iterator[Scene]:
        """Every picture of one part or other split, in the order of the data set."""
        if split in self._others:
            yield from self._dataset.scenes(self._others[split])
            return
        if split not in self._parts:
            known = ", ".join(self.splits())
            raise DatasetError(
                f"the {self.facts.name} data set has no split {split!r} (splits: {known})"
            )
        part = self._parts.index(split)
        scenes = self._dataset.scenes(self._source)
        for scene, its_part in zip(scenes, self._part_of, strict=True):
            if its_part == part:
                yield scene

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """What the reader tells of the pictures of one part or other split."""
        if split in self._others:
            return self._dataset.skipped(self._others[split])
        pictures = {scene.key for scene in self.scenes(split)}
        found: dict[str, list[str]] = {}
        for reason, keys in self._dataset.skipped(self._source).items():
            here = [key for key in keys if {key, key.rpartition("#")[0]} & pictures]
            if here:
                found[reason] = here
        return found

    @cached_property
    def _part_of(self) -> list[int]:
        """Index of the part of every picture of the source, -1 for those in none."""
        ties = [(_file_key(scene),) for scene in self._dataset.scenes(self._source)]
        groups = grouped(ties, [0] * len(ties), self._seed)
        return divide(groups, self._sizes, self.facts.name, self._source)


def _file_key(scene: Scene) -> bytes:
    """16 bytes, equal where the files are; of a picture without a file, where the pixels are."""
    try:
        if isinstance(scene.pixels, Picture):
            data = scene.pixels.archive.read(scene.pixels.name)
            return hashlib.blake2b(data, digest_size=16).digest()
        return pixel_keys([scene.image])[0]
    except DatasetError:  # whoever reads the part will be told; here it is like no other
        return b"unreadable " + scene.key.encode(errors="surrogateescape")
