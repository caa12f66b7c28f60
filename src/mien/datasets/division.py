"""How groups of pictures are distributed among parts."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mien.errors import DatasetError

PARTS = ("train", "valid", "test")
"""Names of the parts of a divided split, in the order of their sizes."""


def divide(
    groups: list[Group], sizes: Sequence[int], name: str, source: str, together: str = "copies"
) -> list[int]:
    """Index of the part of every picture, -1 for pictures in no part.

    ``groups``: all pictures, from ``grouped``. ``sizes``: per cent if they sum to exactly 100, else
    numbers of pictures. Raises ``DatasetError`` where a part would be empty or of another size; the
    message names the split ``source`` of the data set ``name`` and what stays ``together``.
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
        # A percentage is of what is left for this part and the following ones, so the last part
        # takes all of it.
        remaining = sum(len(group.members) for group in left)
        wanted = size if exact else _rounded(remaining * size, sum(sizes[part:]))
        taken, left = _draw(left, wanted, exact)
        count = sum(len(group.members) for group in taken)
        if not count or (exact and count != wanted):
            instead = f" instead of {wanted:,}" if count != wanted else ""
            raise DatasetError(
                f"{name}: the part {PARTS[part]!r} would have {count:,} pictures{instead}: "
                f"the split {source!r} has {total:,}, of which {together} stay "
                "together; choose other sizes"
            )
        for group in taken:
            for member in group.members:
                part_of[member] = part
    return part_of


def deal(
    groups: list[Group], count: int, name: str, source: str, together: str = "copies"
) -> list[int]:
    """Index of the fold of every picture: ``count`` parts of equal shares, no picture in two.

    The arguments are those of ``divide``. Raises ``DatasetError`` where a fold would be empty.
    """
    fold_of = [-1] * sum(len(group.members) for group in groups)
    left = groups
    for fold in range(count):
        remaining = sum(len(group.members) for group in left)
        taken, left = _draw(left, _rounded(remaining, count - fold), False)
        if not taken:
            raise DatasetError(
                f"{name}: fold {fold + 1} of {count} would be empty: the split {source!r} has "
                f"{len(fold_of):,} pictures, of which {together} stay together; choose fewer folds"
            )
        for group in taken:
            for member in group.members:
                fold_of[member] = fold
    return fold_of


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that stay together."""

    members: list[int]
    classes: Counter[int]


def grouped(ties: Sequence[tuple[bytes, ...]], classes: Sequence[int], seed: int) -> list[Group]:
    """Groups of pictures that share one of their ``ties``, in an order drawn from the seed.

    The order depends on the seed and each picture's first tie only, not on the pictures' order.
    """
    key = str(seed).encode()

    def drawn(group: list[int]) -> bytes:
        first = min(ties[member][0] for member in group)
        return hashlib.blake2b(first, key=key, digest_size=16).digest()

    members = sorted(_tied(ties), key=drawn)
    return [Group(group, Counter(classes[member] for member in group)) for group in members]


def _tied(ties: Sequence[tuple[bytes, ...]]) -> list[list[int]]:
    """Indices that share a key, directly or through others."""
    parent = list(range(len(ties)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[tuple[int, bytes], int] = {}
    for index, keys in enumerate(ties):
        for place, key in enumerate(keys):  # a subject and pixels may have the same bytes
            parent[root(index)] = root(first.setdefault((place, key), index))
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(ties)):
        groups[root(index)].append(index)
    return list(groups.values())


def _draw(groups: list[Group], wanted: int, exact: bool) -> tuple[list[Group], list[Group]]:
    """(taken, left): ``wanted`` pictures of ``groups``, each class by its share among them.

    The groups are in random order, and those left stay in it: the next part is drawn from them.
    ``exact``: never more than ``wanted``, and fewer only if copies allow nothing else; otherwise as
    close to the shares as whole groups come.
    """
    missing = quotas(_classes(groups), wanted)  # class → pictures still to take
    short = wanted
    left = list(range(len(groups)))
    # First groups that fit. Then groups that overshoot their class by less than it lacks. Last, for
    # an exact number, groups of any class. The last two fill what the first leaves short by a few
    # pictures: larger groups first, as single pictures fill any gap.
    for rule in (_fits, _improves, _any) if exact else (_fits, _improves):
        if rule is not _fits:
            left.sort(key=lambda index: -len(groups[index].members))
        passed_over = []
        for index in left:
            group = groups[index]
            if (not exact or len(group.members) <= short) and rule(group, missing):
                missing.subtract(group.classes)
                short -= len(group.members)
            else:
                passed_over.append(index)
        left = passed_over
    if exact and short:
        left = _exchange([len(group.members) for group in groups], left, short)
    kept = set(left)
    taken = [group for index, group in enumerate(groups) if index not in kept]
    return taken, [groups[index] for index in sorted(left)]


def _exchange(sizes: list[int], left: list[int], short: int) -> list[int]:
    """``left`` after one of its groups was exchanged for taken ones that are ``short`` smaller.

    ``sizes`` of all groups. The smallest group that will do, for those drawn last; where there is
    none, ``left`` as it is.
    """
    larger = {sizes[i]: i for i in sorted(left, key=lambda i: (-sizes[i], -i)) if sizes[i] > short}
    if not larger:
        return left
    wanted = sum(1 << size - short for size in larger)  # bit n: n pictures may be given back
    mask = (1 << wanted.bit_length()) - 1
    reached = 1  # bit n: some of the taken groups have n pictures together
    last: dict[int, int] = {}  # n → the last of these groups
    kept = set(left)
    for index in reversed(range(len(sizes))):
        if reached & wanted:
            break
        if index in kept:
            continue
        new = (reached << sizes[index]) & mask & ~reached
        reached |= new
        while new:
            last[new.bit_length() - 1] = index
            new &= (1 << new.bit_length() - 1) - 1
    found = reached & wanted
    if not found:
        return left
    back = (found & -found).bit_length() - 1
    kept.remove(larger[back + short])
    while back:
        kept.add(last[back])
        back -= sizes[last[back]]
    return list(kept)


def _fits(group: Group, missing: Counter[int]) -> bool:
    return all(missing[label] >= count for label, count in group.classes.items())


def _improves(group: Group, missing: Counter[int]) -> bool:
    """Whether the classes are closer to their quotas with the group than without."""
    return (
        sum(
            abs(missing[label]) - abs(missing[label] - count)
            for label, count in group.classes.items()
        )
        > 0
    )


def _any(group: Group, missing: Counter[int]) -> bool:
    return True


def quotas(classes: Counter[int], wanted: int) -> Counter[int]:
    """``wanted`` pictures in proportion to the classes, each less than one off.

    Rounds the running sum, so that the rounded numbers sum to ``wanted``.
    """
    total, so_far, assigned = classes.total(), 0, 0
    quotas: Counter[int] = Counter()
    for label in sorted(classes):
        so_far += classes[label]
        quotas[label] = _rounded(so_far * wanted, total) - assigned
        assigned += quotas[label]
    return quotas


def _classes(groups: Iterable[Group]) -> Counter[int]:
    classes: Counter[int] = Counter()
    for group in groups:
        classes.update(group.classes)
    return classes


def _rounded(numerator: int, denominator: int) -> int:
    """A fraction of whole numbers, rounded exactly; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)
