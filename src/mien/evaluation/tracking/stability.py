"""Labels of one person over time: how often they change, and how late."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def flicker(labels: Sequence[str], times: Sequence[float]) -> float:
    """Changes of the label a second, over the whole time; 0 for fewer than two frames."""
    if len(labels) < 2:
        return 0.0
    changes = sum(one != other for one, other in pairwise(labels))
    return changes / (times[-1] - times[0])


def delays(truth: Sequence[str], labels: Sequence[str], times: Sequence[float]) -> list[float]:
    """Seconds from each change of the ``truth`` until the label is the new one.

    A change that is never seen counts with all the time until the next change, or the last frame.
    """
    starts = [i for i in range(1, len(truth)) if truth[i] != truth[i - 1]]
    found = []
    for start, end in pairwise([*starts, len(truth)]):
        right = [i for i in range(start, end) if labels[i] == truth[start]]
        until = right[0] if right else min(end, len(truth) - 1)
        found.append(times[until] - times[start])
    return found


def agreement(truth: Sequence[str], labels: Sequence[str]) -> float:
    """Share of frames with the true label, in [0, 1]."""
    return float(np.mean([one == other for one, other in zip(truth, labels, strict=True)]))
