"""Whole pictures without labels, as a data set: any folder of pictures, or pictures of scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mien.datasets.base import DatasetFacts, SceneDataset
from mien.datasets.files.archive import open_archive
from mien.datasets.files.pictures import Picture
from mien.datasets.files.split_names import split_of_folders
from mien.datasets.samples import Pixels, Sample
from mien.datasets.scene import Scene
from mien.errors import DatasetError
from mien.media.formats import is_other_picture_name, is_picture_name, left_out

NO_LABEL = -1
"""``Sample.label`` of a picture without one; such data sets have no labels."""


class PictureTree:
    """Every picture below a folder or in a zip, sorted by path.

    The split is a folder above it with a name such as ``train``, else ``""``. Raises
    ``DatasetError`` where there is no picture.
    """

    def __init__(self, path: str | Path) -> None:
        self.facts = DatasetFacts(name=Path(path).resolve().name)
        self._archive = open_archive(Path(path))
        self._names: dict[str, list[str]] = {}
        self._others: dict[str, list[str]] = {}
        for name in sorted(self._archive.names()):
            if is_picture_name(name):
                self._names.setdefault(split_of_folders(name) or "", []).append(name)
            elif is_other_picture_name(name):
                self._others.setdefault(left_out(name), []).append(name)
        if not self._names:
            raise DatasetError(f"{path} holds no pictures")

    def splits(self) -> tuple[str, ...]:
        """Those that folders name; ``("",)`` if none does."""
        return tuple(self._names)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split``."""
        for name in self._names[split]:
            yield Sample(Picture(self._archive, name), NO_LABEL, name)

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Pictures of formats that Mien does not read, with the first split."""
        return self._others if split == self.splits()[0] else {}


class ScenePictures:
    """The pictures of ``dataset``, without the marks in them."""

    def __init__(self, dataset: SceneDataset) -> None:
        self.facts = replace(dataset.facts, labels=())
        self._dataset = dataset

    def splits(self) -> tuple[str, ...]:
        """As the data set's."""
        return self._dataset.splits()

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of ``split``."""
        for scene in self._dataset.scenes(split):
            yield Sample(partial(_image, scene), NO_LABEL, scene.key)

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Nothing: what is left out are marks."""
        return {}


def _image(scene: Scene) -> Pixels:
    return scene.image
