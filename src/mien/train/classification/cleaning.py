"""Training labels cleaned by the FER+ votes for the same pictures.

Ten people labelled every picture of FER2013 again (Barsoum et al. 2016, "Training deep networks for
facial expression recognition with crowd-sourced label distribution", arXiv:1608.01041); their most
frequent answer is FER2013's own label for less than two thirds of them. As in that paper, single
votes are slips and do not count, and pictures that most see no expression in are left out. Only
pictures to learn from are cleaned, never those of validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mien.datasets.crops.ferplus import NOT_A_FACE, UNKNOWN, majority, without_slips
from mien.datasets.samples import Sample
from mien.labels import FERPLUS


def with_expression(samples: Iterable[Sample], dropped: list[str]) -> Iterator[Sample]:
    """``samples`` without those in which most voters see no face, or an unknown expression.

    The keys of these are added to ``dropped``. Samples without votes stay.
    """
    for sample in samples:
        if sample.votes is not None:
            answer = majority(without_slips(sample.votes)).label
            if answer in (UNKNOWN, NOT_A_FACE):
                dropped.append(sample.key)
                continue
        yield sample


def softened(
    labels: NDArray[np.int64], votes: NDArray[np.float32], names: Sequence[str], share: float
) -> NDArray[np.float32]:
    """(N, K) soft labels: 1 - ``share`` of the (N,) labels, ``share`` of the votes.

    ``votes`` (N, 10) count as a distribution over the K ``names`` of the labels, in which FER+'s
    other answers (unknown, not a face, and contempt where the labels lack it) are left out. A
    picture without a vote for any of them keeps its label.
    """
    counted = np.where(votes > 1, votes, 0)  # single votes are slips
    columns = [counted[:, FERPLUS.index(name)] if name in FERPLUS else 0 * labels for name in names]
    voted = np.stack(columns, axis=1).astype(np.float64)  # (N, K)
    hard = np.eye(len(names))[labels]
    total = voted.sum(axis=1, keepdims=True)
    people = np.where(total > 0, voted / np.maximum(total, 1), hard)
    return np.asarray((1 - share) * hard + share * people, np.float32)
