from __future__ import annotations

import hashlib
import math
from collections import Counter

import numpy as np
import pytest

from mien.datasets.division import divide, grouped

SIZES = [11] + [3] * 20 + [2] * 60 + [1] * 409
"""Copies of each picture: one blank one, and others; 600 pictures."""
CLASS = np.random.default_rng(5).choice(3, len(SIZES), p=[0.6, 0.3, 0.1])
PICTURE = np.repeat(np.arange(len(SIZES)), SIZES)
TIES = [(str(picture).encode(),) for picture in PICTURE]
LABELS = CLASS[PICTURE].tolist()
SEEDS = 40


def parts(sizes: tuple[int, ...], seed: int) -> np.ndarray:
    """(600,) part of each picture."""
    return np.array(divide(grouped(TIES, LABELS, seed), sizes, "made", "train"))


@pytest.mark.parametrize(
    "sizes",
    [(80, 20, 250), (300, 100), (70, 20, 10), (34, 33, 33), (50, 50, 500)],
    ids=lambda sizes: "/".join(map(str, sizes)),
)
def test_every_part_has_its_share_of_copies_blanks_and_classes(sizes: tuple[int, ...]) -> None:
    drawn = np.stack([parts(sizes, seed) for seed in range(SEEDS)])  # (S, 600)
    of = 100 if sum(sizes) == 100 else len(PICTURE)
    copies = np.array(SIZES)[PICTURE]
    for part, size in enumerate(sizes):
        share = size / of
        for many in (1, 2, 3, 11):
            mine = copies == many
            groups = mine.sum() / many
            # Whole groups are drawn without replacement: their number varies less than a binomial
            # one. Four standard errors of the mean over the seeds; and where the quota of a class
            # ends, a group may be passed over.
            error = many * math.sqrt(groups * share * (1 - share) / SEEDS)
            found = (drawn[:, mine] == part).sum(axis=1).mean()
            assert abs(found - share * mine.sum()) < 4 * error + (many if many < 11 else 0)
        for label in range(3):
            mine = np.array(LABELS) == label
            found = (drawn[:, mine] == part).sum(axis=1)
            # Before this part, each part and class may be off by its rounding and a group.
            assert np.abs(found - share * mine.sum()).max() <= 2 * (part + 1)


@pytest.mark.parametrize("sizes", [(80, 20, 250), (1, 1, 1), (589, 11), (590, 10), (300, 299, 1)])
def test_numbers_are_exact_for_every_seed(sizes: tuple[int, ...]) -> None:
    for seed in range(10):
        counts = Counter(parts(sizes, seed).tolist())
        assert tuple(counts[part] for part in range(len(sizes))) == sizes


def test_an_exact_number_may_need_an_exchange() -> None:
    # Whatever is drawn for the first part, the one single picture must be in the part of odd size.
    for seed in range(20):
        ties = [(str(number // 2).encode(),) for number in range(41)]
        part_of = divide(grouped(ties, [0] * 41, seed), (20, 21), "made", "train")
        assert (part_of.count(0), part_of.count(1), part_of[40]) == (20, 21, 1)
        part_of = divide(grouped(ties, [0] * 41, seed), (7, 34), "made", "train")
        assert (part_of.count(0), part_of.count(1), part_of[40]) == (7, 34, 0)


def test_two_parts_by_percentage_are_those_of_earlier_versions() -> None:
    """Digests of what version 0.1.0 drew: published results depend on these divisions."""
    digests = {
        seed: hashlib.sha256(parts((90, 10), seed).astype(np.int8).tobytes()).hexdigest()[:16]
        for seed in (0, 1)
    }
    assert digests == {0: "e4275cb53c9edc0b", 1: "50fe7eb88631f1b9"}
