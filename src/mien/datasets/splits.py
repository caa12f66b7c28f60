"""Other splits than the official ones: at random, by subject, so many pictures each.

Copies of a picture always land in one part. Who lands where follows from the pixels and the seed
alone, so that every copy of a data set, in whatever form and order, is divided alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.division import PARTS, Group, divide, grouped
from mien.datasets.files.decoding import decoded
from mien.datasets.samples import Sample, pixel_keys
from mien.datasets.scene_splits import DividedScenes
from mien.errors import ConfigError, DatasetError

_FORM = re.compile(r"(random|subject):(\d+)/(\d+)(?:/(\d+))?")
_ACCEPTED = (
    "expected official, random:90/10 or random:80/10/10 (per cent, for they sum to 100), "
    "random:1600/400/5000 (pictures) or subject:80/20"
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

    ``official``: ``dataset`` itself. ``random:A/B`` and ``random:A/B/C``: two parts, ``train`` and
    ``valid``, or three with ``test``. Sizes that sum to exactly 100 are per cent of the pictures of
    ``source``; any others are numbers of pictures, and what they leave over is in no part. Both are
    stratified: every class has its share of ``source`` in every part, to the picture where copies
    allow it. ``subject:A/B`` (or three) is in per cent too and keeps all pictures of a subject
    together, so the shares are as near as whole subjects come.

    Pictures with equal pixels stay together in all of them; a number of pictures is met exactly all
    the same. The same seed gives the same parts. The parts come first in ``splits()``, then the
    other splits as they are; one that bears a part's name is there as ``official_<name>``.

    Whole pictures with marked faces are divided at random too; see ``scene_splits.DividedScenes``.

    The pictures of ``source`` are decoded once, when the first part is asked for; a data set that
    is divided like this already is given back. Raises ``ConfigError`` for a text of another form,
    ``DatasetError`` where there is no split ``source`` and, when the first part is asked for, where
    there are too few pictures or no subjects.
    """
    if how == "official" or dataset.facts.division == (how, source, seed):
        return dataset
    match = _FORM.fullmatch(how)
    sizes = tuple(int(size) for size in match.groups()[1:] if size) if match else ()
    if match is None or 0 in sizes:
        raise ConfigError(f"splits {how!r} cannot be followed: {_ACCEPTED}")
    by_subject = match[1] == "subject"
    if by_subject and sum(sizes) != 100:
        raise ConfigError(f"splits {how!r}: subjects are divided in per cent, which sum to 100")
    held = dataset.splits()
    if source not in held:
        raise DatasetError(
            f"the {dataset.facts.name} data set has no split {source!r} to divide "
            f"(splits: {', '.join(held)})"
        )
    if isinstance(dataset, SceneDataset):
        if by_subject:
            raise ConfigError(
                f"splits {how!r}: the {dataset.facts.name} data set has whole pictures with any "
                "number of people: divide them with random:90/10"
            )
        return DividedScenes(dataset, (how, source, seed), sizes)
    return _Divided(dataset, (how, source, seed), sizes, by_subject)


def at_most(labels: Sequence[int], n: int, seed: int = 0) -> NDArray[np.int64]:
    """Indices of at most ``n`` pictures of each class, drawn at random, in ascending order.

    ``labels``: (N,) class indices. A class of ``n`` pictures or fewer is kept whole.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    of_class: dict[int, list[int]] = defaultdict(list)
    for index in order.tolist():
        of_class[int(labels[index])].append(index)
    return np.array(sorted(i for found in of_class.values() for i in found[:n]), np.int64)


class _Divided:
    """A data set of which one split is divided; see ``resplit``."""

    def __init__(
        self,
        dataset: Dataset,
        division: tuple[str, str, int],
        sizes: tuple[int, ...],
        by_subject: bool,
    ) -> None:
        self.facts = replace(dataset.facts, division=division)
        self._dataset, (_, self._source, self._seed) = dataset, division
        self._sizes, self._by_subject = sizes, by_subject
        self._parts = PARTS[: len(sizes)]
        self._others = {  # name here → name there
            f"official_{name}" if name in self._parts else name: name
            for name in dataset.splits()
            if name != self._source
        }
        self._part_of: list[int] | None = None  # one a picture of source; -1: in no part

    def splits(self) -> tuple[str, ...]:
        """The parts, then the splits that stay as they are."""
        return (*self._parts, *self._others)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every picture of one part or other split, in the order of the data set."""
        if split in self._others:
            yield from self._dataset.samples(self._others[split])
            return
        if split not in self._parts:
            known = ", ".join(self.splits())
            raise DatasetError(
                f"the {self.facts.name} data set has no split {split!r} (splits: {known})"
            )
        if self._part_of is None:
            self._part_of = self._divide()
        part = self._parts.index(split)
        samples = self._dataset.samples(self._source)
        for sample, its_part in zip(samples, self._part_of, strict=True):
            if its_part == part:
                yield sample

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """What the reader left out of a split that stays as it is; of parts it is not known."""
        return self._dataset.skipped(self._others[split]) if split in self._others else {}

    def _divide(self) -> list[int]:
        """Index of the part of every picture of the source, -1 for those in none."""
        together = "those of a subject" if self._by_subject else "copies"
        return divide(self._groups(), self._sizes, self.facts.name, self._source, together)

    def _groups(self) -> list[Group]:
        """Pictures that must stay together, in an order drawn from the seed."""
        labels: list[int] = []
        ties: list[tuple[bytes, ...]] = []  # pictures that share one of theirs stay together
        for sample, picture in decoded(self._dataset.samples(self._source)):
            if isinstance(picture, DatasetError):
                # Whoever reads the part will be told; here it is a picture like no other.
                pixels = b"unreadable " + sample.key.encode(errors="surrogateescape")
            else:
                (pixels,) = pixel_keys([picture])
            labels.append(sample.label)
            ties.append((self._subject(sample), pixels) if self._by_subject else (pixels,))
        return grouped(ties, labels, self._seed)

    def _subject(self, sample: Sample) -> bytes:
        if sample.subject is None:
            raise DatasetError(
                f"{self.facts.name}: nobody knows who is shown on {sample.key}, so it cannot be "
                "divided by subject; the reader 'folder' takes subjects from file names (subject=…)"
            )
        return sample.subject.encode(errors="surrogateescape")
