"""Match detected boxes to marked faces, by the rules of COCO and of WIDER FACE.

Boxes are float pixels, (n, 4) as x1, y1, x2, y2; detected ones come best first. An *ignored* face
counts neither as detected nor as missed, and a box matched to it is neither right nor wrong.

- ``match`` is COCO's rule as in pycocotools: boxes, best first, each take the free face of highest
  overlap at or above the threshold; an ignored face only if no counted one is left. Overlap is
  intersection over union (IoU), and a face can be taken once, ignored or not. For a crowd (COCO's
  ``iscrowd``; here, every face that the data set marks as ignored) the overlap is the share of the
  box that lies within it, and any number of boxes may take it.
- ``match_wider`` is WIDER FACE's rule: a box belongs to the face it overlaps most, free or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The faces taken by M boxes of one picture at T thresholds."""

    face: NDArray[np.int64]
    """(T, M) index of the marked face that each box takes; -1 for none."""
    ignored: Flags
    """(T, M) whether the box takes an ignored face, so that it is neither right nor wrong."""

    @property
    def right(self) -> Flags:
        """(T, M) whether the box takes a counted face."""
        return (self.face >= 0) & ~self.ignored


def match(
    boxes: Boxes,
    truth: Boxes,
    ignored: Flags,
    crowd: Flags,
    thresholds: NDArray[np.float64],
) -> Match:
    """Match (M, 4) ``boxes``, best first, to (N, 4) ``truth`` at each of T ``thresholds``.

    ``ignored`` and ``crowd`` are (N,); every crowd must be ignored too. The result for the first k
    boxes does not depend on later ones. Of faces with equal overlap the last is taken.
    """
    limits = np.minimum(thresholds, 1 - 1e-10)[:, None]  # (T, 1); equal boxes match at 1
    face = np.full((len(limits), len(boxes)), -1, np.int64)
    overlaps = overlap(boxes, truth, crowd)  # (M, N)
    # Candidate pairs, best first within each box.
    box, near = np.nonzero(overlaps >= limits.min(initial=1.0))
    value = overlaps[box, near]
    order = np.lexsort((-near, -value, ignored[near], box))
    box, near, value = box[order], near[order], value[order]
    fits = value >= limits  # (T, pairs)
    once = ~crowd
    free = np.ones((len(limits), len(truth)), bool)
    rows = np.arange(len(limits))
    starts = np.flatnonzero(np.diff(box, prepend=-1))
    for start, end in pairwise([*starts.tolist(), len(box)]):
        faces = near[start:end]
        open_ = fits[:, start:end] & free[:, faces]  # (T, candidates)
        first = open_.argmax(axis=1)
        taken = np.where(open_[rows, first], faces[first], -1)
        face[:, box[start]] = taken
        hit = taken >= 0
        closed = taken[hit]
        free[rows[hit], closed] &= ~once[closed]
    return Match(face, (face >= 0) & np.append(ignored, False)[face])


def match_wider(boxes: Boxes, truth: Boxes, ignored: Flags, threshold: float = 0.5) -> Match:
    """Match (M, 4) ``boxes``, best first, as WIDER FACE's evaluation does, T = 1.

    A box belongs to the face of highest IoU, the first of equal ones, if that is at least
    ``threshold``. Every box of an ignored face is ignored; the first box of a counted face is
    right, any other one is wrong.
    """
    face = np.full((1, len(boxes)), -1, np.int64)
    if len(boxes) and len(truth):
        overlaps = overlap(boxes, truth)
        best = overlaps.argmax(axis=1)
        near = np.flatnonzero(overlaps[np.arange(len(boxes)), best] >= threshold)
        firsts = near[np.unique(best[near], return_index=True)[1]]
        kept = np.union1d(firsts, near[ignored[best[near]]])
        face[0, kept] = best[kept]
    return Match(face, (face >= 0) & np.append(ignored, False)[face])


def overlap(boxes: Boxes, truth: Boxes, crowd: Flags | None = None) -> NDArray[np.float64]:
    """(M, N) IoU in [0, 1]; for a crowd, the share of the box that lies within it."""
    x1, y1, x2, y2 = boxes.astype(np.float64).T[:, :, None]  # (M, 1) each
    left, top, right, bottom = truth.astype(np.float64).T  # (N,) each
    width = np.minimum(x2, right) - np.maximum(x1, left)
    height = np.minimum(y2, bottom) - np.maximum(y1, top)
    shared = np.maximum(width, 0) * np.maximum(height, 0)  # (M, N)
    whole = areas(boxes)[:, None] + areas(truth) - shared
    if crowd is not None:
        whole = np.where(crowd, areas(boxes)[:, None], whole)
    return np.asarray(shared / np.where(whole > 0, whole, 1.0))


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """(n,) areas in square pixels."""
    exact = boxes.astype(np.float64)
    return np.asarray((exact[:, 2] - exact[:, 0]) * (exact[:, 3] - exact[:, 1]))
