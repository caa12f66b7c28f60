"""Other splits than the official ones: at random, by subject, so many pictures each.

Copies of a picture always land in one part. Who lands where follows from the pixels and the seed
alone, so that every copy of a data set, in whatever form and order, is divided alike.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset, Official, Sample, pixel_keys
from mien.datasets.decoding import decoded
from mien.errors import ConfigError, DatasetError

PARTS = ("train", "valid", "test")
"""What the parts of a divided split are called, in the order of their sizes' text."""
_FORM = re.compile(r"(random|subject):(\d+)/(\d+)(?:/(\d+))?")
_ACCEPTED = (
    "expected official, random:90/10 or random:80/10/10 (per cent, for they sum to 100), "
    "random:1600/400/5000 (pictures) or subject:80/20"
)


def resplit(dataset: Dataset, how: str, source: str = "train", seed: int = 0) -> Dataset:
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

    The pictures of ``source`` are decoded once, when the first part is asked for; a data set that
    is divided like this already is given back. Raises ``ConfigError`` for a text of another form,
    ``DatasetError`` where there is no split ``source`` and, when the first part is asked for, where
    there are too few pictures or no subjects.
    """
    if how == "official" or getattr(dataset, "division", None) == (how, source, seed):
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
            f"the {dataset.name} data set has no split {source!r} to divide "
            f"(splits: {', '.join(held)})"
        )
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
        self.name, self.labels = dataset.name, dataset.labels
        self.origin: str = getattr(dataset, "origin", "")
        self.official: Official | None = getattr(dataset, "official", None)
        self.division = division
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
            raise DatasetError(f"the {self.name} data set has no split {split!r} (splits: {known})")
        if self._part_of is None:
            self._part_of = self._divide()
        part = self._parts.index(split)
        samples = self._dataset.samples(self._source)
        for sample, its_part in zip(samples, self._part_of, strict=True):
            if its_part == part:
                yield sample

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """What the reader left out of a split that stays as it is; of parts it is not known."""
        own = getattr(self._dataset, "skipped", None)
        found: Mapping[str, Sequence[str]] = {}
        if own is not None and split in self._others:
            found = own(self._others[split])
        return found

    def _divide(self) -> list[int]:
        """Index of the part of every picture of the source, -1 for those in none."""
        groups = self._groups()
        total = sum(len(group.members) for group in groups)
        exact = sum(self._sizes) != 100
        if exact and sum(self._sizes) > total:
            raise DatasetError(
                f"{self.name}: parts of {'/'.join(map(str, self._sizes))} pictures need "
                f"{sum(self._sizes):,}, and the split {self._source!r} has {total:,}"
            )
        part_of = [-1] * total
        left = groups
        for part, size in enumerate(self._sizes):
            # What is left is shared out among this part and those to come; percentages leave
            # nothing over, so the last part takes all.
            among = sum(len(group.members) for group in left)
            wanted = size if exact else _rounded(among * size, sum(self._sizes[part:]))
            taken, left = _draw(left, wanted, exact)
            count = sum(len(group.members) for group in taken)
            if not count or (exact and count != wanted):
                raise DatasetError(
                    f"{self.name}: the part {self._parts[part]!r} would have {count:,} pictures "
                    f"instead of {wanted:,}: the split {self._source!r} has {total:,}, of which "
                    f"{'those of a subject' if self._by_subject else 'copies'} stay together; "
                    "ask for other sizes"
                )
            for group in taken:
                for member in group.members:
                    part_of[member] = part
        return part_of

    def _groups(self) -> list[_Group]:
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
        seed = str(self._seed).encode()

        def drawn(group: list[int]) -> bytes:
            first = min(ties[member][0] for member in group)
            return hashlib.blake2b(first, key=seed, digest_size=16).digest()

        members = sorted(_tied(ties), key=drawn)
        return [_Group(group, Counter(labels[member] for member in group)) for group in members]

    def _subject(self, sample: Sample) -> bytes:
        if sample.subject is None:
            raise DatasetError(
                f"{self.name}: nobody knows who is shown on {sample.key}, so it cannot be divided "
                "by subject; the reader 'folder' takes subjects from file names (subject=…)"
            )
        return sample.subject.encode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class _Group:
    """Pictures that stay together."""

    members: list[int]
    classes: Counter[int]


def _tied(ties: Sequence[tuple[bytes, ...]]) -> list[list[int]]:
    """Indices joined wherever they share a key, directly or through others."""
    parent = list(range(len(ties)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[tuple[int, bytes], int] = {}
    for index, keys in enumerate(ties):
        for place, key in enumerate(keys):  # a subject may be named like another's pixels
            parent[root(index)] = root(first.setdefault((place, key), index))
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(ties)):
        groups[root(index)].append(index)
    return list(groups.values())


def _draw(groups: list[_Group], wanted: int, exact: bool) -> tuple[list[_Group], list[_Group]]:
    """(taken, left): ``wanted`` pictures of ``groups``, every class by its share among them.

    The groups come in a random order already. ``exact``: never more than ``wanted``, and fewer only
    where the copies allow nothing else; otherwise as near as the groups come to the shares.
    """
    missing = _quotas(_classes(groups), wanted)  # class → pictures still to take
    short = wanted
    taken: list[_Group] = []
    # First what fits. Then groups that overshoot their class by less than it lacks; last, for an
    # exact number, pictures of any class; the larger first, since single pictures fill any gap.
    for rule in (_fits, _nears, _any) if exact else (_fits, _nears):
        left = []
        if rule is not _fits:
            groups = sorted(groups, key=lambda group: -len(group.members))
        for group in groups:
            if (not exact or len(group.members) <= short) and rule(group, missing):
                taken.append(group)
                missing.subtract(group.classes)
                short -= len(group.members)
            else:
                left.append(group)
        groups = left
    return taken, groups


def _fits(group: _Group, missing: Counter[int]) -> bool:
    return all(missing[label] >= count for label, count in group.classes.items())


def _nears(group: _Group, missing: Counter[int]) -> bool:
    """Whether the classes would be nearer to their quotas with the group than without."""
    return (
        sum(
            abs(missing[label]) - abs(missing[label] - count)
            for label, count in group.classes.items()
        )
        > 0
    )


def _any(group: _Group, missing: Counter[int]) -> bool:
    return True


def _quotas(classes: Counter[int], wanted: int) -> Counter[int]:
    """``wanted`` pictures shared out in proportion, less than one off for each class.

    Rounds the running sum, so that the rounded numbers sum to ``wanted`` too.
    """
    total, so_far, given = classes.total(), 0, 0
    quotas: Counter[int] = Counter()
    for label in sorted(classes):
        so_far += classes[label]
        quotas[label] = _rounded(so_far * wanted, total) - given
        given += quotas[label]
    return quotas


def _classes(groups: Iterable[_Group]) -> Counter[int]:
    classes: Counter[int] = Counter()
    for group in groups:
        classes.update(group.classes)
    return classes


def _rounded(numerator: int, denominator: int) -> int:
    """Of a fraction of whole numbers, without a float's error; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)
