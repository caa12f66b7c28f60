"""Splits other than the official ones: at random or by subject, in per cent or numbers of pictures.

Copies of a picture always land in the same part. Parts depend on the pictures' contents and the
seed alone, so every copy of a data set is divided the same, whatever its form and order.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Generic, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import AnyDataset, Dataset, SceneDataset, check_split
from mien.datasets.division import PARTS, Group, deal, divide, grouped, quotas
from mien.datasets.files.decoding import decoded
from mien.datasets.files.pictures import Picture
from mien.datasets.folding import Folding
from mien.datasets.samples import Sample, identity, pixel_keys
from mien.datasets.scene import Scene
from mien.errors import ConfigError, DatasetError, brief

Item = TypeVar("Item", Sample, Scene)

_FORM = re.compile(r"(random|subject):(\d{1,9})/(\d{1,9})(?:/(\d{1,9}))?")
_ACCEPTED = (
    "expected official, random:90/10 or random:80/10/10 (per cent, as they sum to 100), "
    "random:1600/400/5000 (pictures), subject:80/20, or fold:1/5, the first fold of five"
)


@overload
def resplit(dataset: Dataset, how: str, source: str = "train", seed: int = 0) -> Dataset: ...


@overload
def resplit(
    dataset: SceneDataset, how: str, source: str = "train", seed: int = 0
) -> SceneDataset: ...


def resplit(
    dataset: Dataset | SceneDataset, how: str, source: str = "train", seed: int = 0
) -> Dataset | SceneDataset:
    """``dataset`` with its split ``source`` divided as ``how`` says.

    - ``official``: ``dataset`` itself.
    - ``random:A/B`` and ``random:A/B/C``: two parts, ``train`` and ``valid``, or three with
      ``test``. Sizes that sum to exactly 100 are per cent of the pictures of ``source``; other
      sizes are numbers of pictures, and the pictures that remain are in no part. Stratified: every
      part has the same shares of classes as ``source``, to the picture where copies allow it.
    - ``subject:A/B`` and ``subject:A/B/C``: per cent; all pictures of a subject stay together, so
      the shares are as close as whole subjects allow.

    - ``fold:K/N``: the K-th of N folds of equal shares is ``test``, the others are ``train``;
      stratified as ``random``. ``fold:K/N:valid``: the fold after it is ``valid``.
      ``subject-fold:K/N``: all pictures of a subject are in one fold.

    The same seed gives the same parts. They come first in ``splits()``, then the other splits; one
    with the name of a part becomes ``official_<name>``. A data set that is already divided like
    this is returned as it is.

    Crops with equal pixels stay together, and so do faces that were found in one photo; a number of
    pictures is met exactly nevertheless. The pictures of ``source`` are decoded once, when the
    first part is read.

    Whole pictures can be divided at random only. Pictures whose files are equal stay together.
    Nothing is decoded, so a picture that was compressed again counts as another one. The files of
    ``source`` are read once, when the first part is read.

    Raises ``ConfigError`` for a text of another form and ``DatasetError`` without a split
    ``source``; and, when the first part is read, for too few pictures or unknown subjects.
    """
    if how == "official" or dataset.facts.division == (how, source, seed):
        return dataset
    folding = Folding.parse(how)
    match = _FORM.fullmatch(how)
    sizes = tuple(int(size) for size in match.groups()[1:] if size) if match else ()
    if folding is None and (match is None or 0 in sizes):
        raise ConfigError(f"unknown splits {brief(how)}: {_ACCEPTED}")
    by_subject = how.startswith("subject")
    if by_subject and sizes and sum(sizes) != 100:
        raise ConfigError(f"splits {how!r}: subjects are divided in per cent, which sum to 100")
    held = dataset.splits()
    if source not in held:
        raise DatasetError(
            f"the {dataset.facts.name} data set has no split {source!r} to divide "
            f"(splits: {', '.join(held)}): name one of them as splits_from, or do not divide it "
            '(splits = "official")'
        )
    if isinstance(dataset, SceneDataset):
        if by_subject:
            raise ConfigError(
                f"splits {how!r}: the {dataset.facts.name} data set has whole pictures, which "
                "show any number of people: divide it with random:90/10"
            )
        return _DividedScenes(dataset, (how, source, seed), folding or sizes)
    return _DividedCrops(dataset, (how, source, seed), folding or sizes, by_subject)


def all_folds(
    dataset: Dataset, folding: Folding, source: str = "train", seed: int = 0
) -> list[Dataset]:
    """``resplit`` for each of the folds; the pictures are decoded once, for all of them."""
    first = resplit(dataset, replace(folding, number=1).text, source, seed)
    if not isinstance(first, _DividedCrops):  # it came divided like this
        return [
            resplit(dataset, replace(folding, number=number + 1).text, source, seed)
            for number in range(folding.count)
        ]
    return [first.turned_to(number + 1) for number in range(folding.count)]


def at_random(labels: Sequence[int], n: int | None, seed: int = 0) -> NDArray[np.int64]:
    """Indices of ``n`` pictures drawn at random, each class by its share, in ascending order.

    ``labels``: (N,) class indices, all equal where there are no classes. All pictures if ``n`` is
    ``None`` or not below N.
    """
    if n is None or n >= len(labels):
        return np.arange(len(labels))
    wanted = quotas(Counter(map(int, labels)), n)
    drawn = []
    for index in np.random.default_rng(seed).permutation(len(labels)).tolist():
        if wanted[int(labels[index])]:
            wanted[int(labels[index])] -= 1
            drawn.append(index)
    return np.array(sorted(drawn), np.int64)


def at_most(labels: Sequence[int], n: int, seed: int = 0) -> NDArray[np.int64]:
    """Indices of at most ``n`` pictures of each class, drawn at random, in ascending order.

    ``labels``: (N,) class indices. A class of ``n`` pictures or fewer is kept whole.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    of_class: dict[int, list[int]] = defaultdict(list)
    for index in order.tolist():
        of_class[int(labels[index])].append(index)
    return np.array(sorted(i for members in of_class.values() for i in members[:n]), np.int64)


class _Divided(Generic[Item]):
    """A data set of which one split is divided; see ``resplit``."""

    _together = "copies"

    def __init__(
        self,
        dataset: AnyDataset,
        read: Callable[[str], Iterator[Item]],
        division: tuple[str, str, int],
        sizes: tuple[int, ...] | Folding,
    ) -> None:
        self.facts = replace(dataset.facts, division=division)
        self._inner = dataset
        self._read: Callable[[str], Iterator[Item]] = read
        _, self._source, self._seed = division
        self._sizes = sizes
        self._parts = sizes.parts if isinstance(sizes, Folding) else PARTS[: len(sizes)]
        self._others = {  # name here → name there
            f"official_{name}" if name in self._parts else name: name
            for name in dataset.splits()
            if name != self._source
        }

    def splits(self) -> tuple[str, ...]:
        """The parts, then the splits that are not divided."""
        return (*self._parts, *self._others)

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Reason → keys; of a part, those of its own pictures, or of boxes in them."""
        if split in self._others:
            return self._inner.skipped(self._others[split])
        skipped = self._inner.skipped(self._source)
        if not skipped:
            return {}
        pictures = {item.key for item in self._items(split)}
        own = {
            reason: [key for key in keys if {key, key.rpartition("#")[0]} & pictures]
            for reason, keys in skipped.items()
        }
        return {reason: keys for reason, keys in own.items() if keys}

    def _items(self, split: str) -> Iterator[Item]:
        """Every picture of one part or other split, in the order of the data set."""
        if split in self._others:
            yield from self._read(self._others[split])
            return
        check_split(self, split)
        part = self._parts.index(split)
        for item, its_part in zip(self._read(self._source), self._part_of, strict=True):
            if its_part == part:
                yield item

    @cached_property
    def _part_of(self) -> list[int]:
        """Index of the part of every picture of the source, -1 for those in none."""
        if isinstance(self._sizes, Folding):
            return [self._sizes.part_of(fold) for fold in self._fold_of]
        return divide(self._groups(), self._sizes, self.facts.name, self._source, self._together)

    @cached_property
    def _fold_of(self) -> list[int]:
        """Index of the fold of every picture of the source; the same for all folds."""
        assert isinstance(self._sizes, Folding)
        count = self._sizes.count
        return deal(self._groups(), count, self.facts.name, self._source, self._together)

    def turned_to(self, number: int) -> Self:
        """The same folds, of which the ``number``-th is tested."""
        assert isinstance(self._sizes, Folding)
        other = copy(self)
        other._sizes = replace(self._sizes, number=number)
        other.facts = replace(self.facts, division=(other._sizes.text, self._source, self._seed))
        other._fold_of = self._fold_of
        vars(other).pop("_part_of", None)
        return other

    def _groups(self) -> list[Group]:
        classes, ties = self._classes_and_ties()
        return grouped(ties, classes, self._seed)

    def _classes_and_ties(self) -> tuple[list[int], list[tuple[bytes, ...]]]:
        """For each picture of the source its class, and its ties.

        Pictures that share a tie stay together; the first tie decides the place in the draw.
        """
        raise NotImplementedError


class _DividedCrops(_Divided[Sample]):
    """Copies are crops with equal pixels."""

    def __init__(
        self,
        dataset: Dataset,
        division: tuple[str, str, int],
        sizes: tuple[int, ...] | Folding,
        by_subject: bool,
    ) -> None:
        super().__init__(dataset, dataset.samples, division, sizes)
        self._by_subject = by_subject
        if by_subject:
            self._together = "those of a subject"

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of one part or other split, in the order of the data set."""
        return self._items(split)

    def _classes_and_ties(self) -> tuple[list[int], list[tuple[bytes, ...]]]:
        classes: list[int] = []
        ties: list[tuple[bytes, ...]] = []
        for sample, picture in decoded(self._read(self._source)):
            if isinstance(picture, DatasetError):  # reported when the part is read
                pixels = _unreadable(sample)
            else:
                pixels = identity(sample, picture)
            classes.append(sample.label)
            tie = (self._subject(sample), pixels) if self._by_subject else (pixels,)
            photo = () if sample.photo is None else (_encoded(sample.photo),)
            ties.append((*tie, *photo))
        return classes, ties

    def _subject(self, sample: Sample) -> bytes:
        if sample.subject is None:
            raise DatasetError(
                f"{self.facts.name}: cannot be divided by subject, as the subject of {sample.key} "
                "is unknown; the reader 'folder' takes subjects from file names (subject=…)"
            )
        return _encoded(sample.subject)


class _DividedScenes(_Divided[Scene]):
    """Copies are equal files; there are no classes."""

    def __init__(
        self,
        dataset: SceneDataset,
        division: tuple[str, str, int],
        sizes: tuple[int, ...] | Folding,
    ) -> None:
        super().__init__(dataset, dataset.scenes, division, sizes)

    def scenes(self, split: str) -> Iterator[Scene]:
        """Every picture of one part or other split, in the order of the data set."""
        return self._items(split)

    def _classes_and_ties(self) -> tuple[list[int], list[tuple[bytes, ...]]]:
        ties: list[tuple[bytes, ...]] = [(_file_key(s),) for s in self._read(self._source)]
        return [0] * len(ties), ties


def _file_key(scene: Scene) -> bytes:
    """16 bytes, equal for equal files; for equal pixels where a picture has no file."""
    try:
        if isinstance(scene.pixels, Picture):
            data = scene.pixels.archive.read(scene.pixels.name)
            return hashlib.blake2b(data, digest_size=16).digest()
        return pixel_keys([scene.image])[0]
    except DatasetError:
        return _unreadable(scene)


def _unreadable(item: Sample | Scene) -> bytes:
    """Unlike the key of any other picture: one that cannot be read has no copies."""
    return b"unreadable " + _encoded(item.key)


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
