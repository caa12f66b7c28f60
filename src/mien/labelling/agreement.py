"""How far raters agree beyond chance: Cohen's and Fleiss' kappa.

A table of ratings is an (N, R) int array: N pictures, R raters, each value the index of a label, or
``MISSING`` where the rater gave none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MISSING = -1
Ratings = NDArray[np.int64]


def agreement_of(a: Ratings, b: Ratings) -> float | None:
    """Share of the pictures that both raters labelled, (N,) each, to which both gave one label.

    ``None`` if there is no such picture.
    """
    both = (a != MISSING) & (b != MISSING)
    return float((a[both] == b[both]).mean()) if both.any() else None


def confusion(a: Ratings, b: Ratings, labels: int) -> NDArray[np.int64]:
    """(K, K) counts: rows what the first rater said, columns the second, where both said one."""
    both = (a != MISSING) & (b != MISSING)
    table = np.zeros((labels, labels), np.int64)
    np.add.at(table, (a[both], b[both]), 1)
    return table


def cohen_kappa(table: NDArray[np.int64]) -> float | None:
    """Cohen's kappa of two raters from their ``confusion``: (p_o - p_e) / (1 - p_e).

    J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological
    Measurement 20 (1960) 37-46. ``None`` without pictures, and where both gave one and the same
    label to every picture, so that agreement is certain.
    """
    total = int(table.sum())
    if not total:
        return None
    by_chance = int(table.sum(axis=1) @ table.sum(axis=0))
    if by_chance == total**2:
        return None
    observed, expected = np.trace(table) / total, by_chance / total**2
    return float((observed - expected) / (1 - expected))


def counts_of(ratings: Ratings, labels: int) -> NDArray[np.int64]:
    """(N, K): how many raters gave each label to each picture."""
    return np.stack([(ratings == label).sum(axis=1) for label in range(labels)], axis=1)


def fleiss_kappa(counts: NDArray[np.int64]) -> float | None:
    """Fleiss' kappa of any number of raters from the (N, K) ``counts_of`` their labels.

    With n_i ratings of picture i, of which n_ij say label j: the agreement is the mean over the
    pictures with two ratings or more of sum_j n_ij (n_ij - 1) / (n_i (n_i - 1)); chance is
    sum_j p_j^2, where p_j is the mean of n_ij / n_i over the pictures with any rating. Where every
    picture has equally many ratings, that is J. L. Fleiss, Measuring nominal scale agreement among
    many raters, Psychological Bulletin 76 (1971) 378-382; else its generalisation to missing
    ratings by K. L. Gwet, Handbook of Inter-Rater Reliability, 4th edition (2014), section 2.4.

    ``None`` if no picture has two ratings, or if all ratings are one label.
    """
    each = counts.sum(axis=1)
    rated, several = each > 0, each > 1
    if not several.any():
        return None
    share = (counts[rated] / each[rated, None]).mean(axis=0)
    if np.count_nonzero(share) < 2:
        return None
    pairs = (counts[several] * (counts[several] - 1)).sum(axis=1)
    observed = float((pairs / (each[several] * (each[several] - 1))).mean())
    expected = float((share**2).sum())
    return (observed - expected) / (1 - expected)
