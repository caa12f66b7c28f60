"""How pictures that must stay together are shared out among parts, and nothing else of it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mien.errors import DatasetError

PARTS = ("train", "valid", "test")
"""What the parts of a divided split are called, in the order of their sizes' text."""


def divide(
    groups: list[Group], sizes: Sequence[int], name: str, source: str, together: str = "copies"
) -> list[int]:
    """Index of the part of every picture, -1 for those in none.

    ``groups``: all pictures, as ``grouped`` gives them. ``sizes``: per cent where they sum to
    exactly 100, else numbers of pictures. Raises ``DatasetError`` where a part would be empty or
    its number of pictures cannot be met; it says so of the split ``source`` of ``name``, and what
    stays ``together``.
    """
    total = sum(len(group.members) for group in groups)
    exact = sum(sizes) != 100
    if exact and sum(sizes) > total:
        raise DatasetError(
            f"{name}: parts of {'/'.join(map(str, sizes))} pictures need {sum(sizes):,}, and the "
            f"split {source!r} has {total:,}"
        )
    part_of = [-1] * total
    left = groups
    for part, size in enumerate(sizes):
        # What is left is shared out among this part and those to come; percentages leave
        # nothing over, so the last part takes all.
        among = sum(len(group.members) for group in left)
        wanted = size if exact else _rounded(among * size, sum(sizes[part:]))
        taken, left = _draw(left, wanted, exact)
        count = sum(len(group.members) for group in taken)
        if not count or (exact and count != wanted):
            raise DatasetError(
                f"{name}: the part {PARTS[part]!r} would have {count:,} pictures instead of "
                f"{wanted:,}: the split {source!r} has {total:,}, of which {together} stay "
                "together; ask for other sizes"
            )
        for group in taken:
            for member in group.members:
                part_of[member] = part
    return part_of


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that stay together."""

    members: list[int]
    classes: Counter[int]


def grouped(ties: Sequence[tuple[bytes, ...]], classes: Sequence[int], seed: int) -> list[Group]:
    """Pictures that share one of their ``ties`` together, in an order drawn from the seed.

    It follows from the seed and the first tie of each alone, not from the order of the pictures.
    """
    key = str(seed).encode()

    def drawn(group: list[int]) -> bytes:
        first = min(ties[member][0] for member in group)
        return hashlib.blake2b(first, key=key, digest_size=16).digest()

    members = sorted(_tied(ties), key=drawn)
    return [Group(group, Counter(classes[member] for member in group)) for group in members]


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


def _draw(groups: list[Group], wanted: int, exact: bool) -> tuple[list[Group], list[Group]]:
    """(taken, left): ``wanted`` pictures of ``groups``, every class by its share among them.

    The groups come in a random order already. ``exact``: never more than ``wanted``, and fewer only
    where the copies allow nothing else; otherwise as near as the groups come to the shares.
    """
    missing = _quotas(_classes(groups), wanted)  # class → pictures still to take
    short = wanted
    taken: list[Group] = []
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


def _fits(group: Group, missing: Counter[int]) -> bool:
    return all(missing[label] >= count for label, count in group.classes.items())


def _nears(group: Group, missing: Counter[int]) -> bool:
    """Whether the classes would be nearer to their quotas with the group than without."""
    return (
        sum(
            abs(missing[label]) - abs(missing[label] - count)
            for label, count in group.classes.items()
        )
        > 0
    )


def _any(group: Group, missing: Counter[int]) -> bool:
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


def _classes(groups: Iterable[Group]) -> Counter[int]:
    classes: Counter[int] = Counter()
    for group in groups:
        classes.update(group.classes)
    return classes


def _rounded(numerator: int, denominator: int) -> int:
    """Of a fraction of whole numbers, without a float's error; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)
