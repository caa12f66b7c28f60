"""Precision and recall over all scores, and the areas under them: AP and AR as COCO defines them.

A picture's boxes are judged once (``judge``, ``judge_wider``); the verdicts of all pictures are
pooled in the order of their scores (``pool``), and every measure is a sum over the pool.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.detection.answers import Answer
from mien.evaluation.detection.matching import Boxes, Flags, areas, match, match_wider

Floats = NDArray[np.float64]
Sides = tuple[float, float]

IOUS = np.linspace(0.5, 0.95, 10)
"""IoU thresholds averaged by AP50:95."""
RECALLS = np.linspace(0.0, 1.0, 101)
"""Recalls at which COCO reads the precision."""
ALL: Sides = (0.0, 1e5)
"""Least and largest size of a face: the square root of the box's area in pixels, inclusive."""
SMALL: Sides = (0.0, 32.0)
MEDIUM: Sides = (32.0, 96.0)
LARGE: Sides = (96.0, 1e5)
_LEAST = float(np.spacing(1))  # COCO adds it to a divisor


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """One picture's M boxes, best first, at T thresholds; a box may be neither right nor wrong."""

    scores: NDArray[np.float32]
    """(M,)."""
    right: Flags
    """(T, M)."""
    wrong: Flags
    """(T, M)."""
    faces: int
    """Number of faces that count."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """D boxes of P pictures, best first; equal scores in the order of the pictures."""

    scores: NDArray[np.float32]
    """(D,)."""
    right: Flags
    """(T, D)."""
    wrong: Flags
    """(T, D)."""
    picture: NDArray[np.int64]
    """(D,) index of each box's picture."""
    faces: NDArray[np.int64]
    """(P,) number of faces that count."""


def judge(answer: Answer, ious: Floats = IOUS, sides: Sides = ALL) -> Verdict:
    """Whether each box is right, by COCO's rule, at the IoU thresholds ``ious`` (T,).

    Only faces whose size lies within ``sides`` count; others are ignored, as are boxes of another
    size that match no face.
    """
    ignored = answer.ignored | outside(answer.truth, sides)
    matches = match(answer.boxes, answer.truth, ignored, answer.ignored, ious)
    wrong = (matches.face < 0) & ~outside(answer.boxes, sides)
    return Verdict(answer.scores, matches.right, wrong, int((~ignored).sum()))


def judge_wider(answer: Answer, subset: str, iou: float = 0.5) -> Verdict:
    """Whether each box is right, by WIDER FACE's rule, T = 1; only faces of ``subset`` count."""
    counted = answer.subsets.get(subset, np.zeros(len(answer.truth), bool)) & ~answer.ignored
    matches = match_wider(answer.boxes, answer.truth, ~counted, iou)
    return Verdict(answer.scores, matches.right, matches.face < 0, int(counted.sum()))


def outside(boxes: Boxes, sides: Sides) -> Flags:
    """(n,) whether the size of each box lies outside of ``sides``."""
    area = areas(boxes)
    return np.asarray((area < sides[0] ** 2) | (area > sides[1] ** 2))


def pool(verdicts: Iterable[Verdict], cap: int | None = None) -> Pool:
    """The boxes of all pictures together; of each picture at most its best ``cap`` ones."""
    judged = list(verdicts)
    scores = np.concatenate([np.zeros(0, np.float32), *(v.scores[:cap] for v in judged)])
    order = np.argsort(-scores, kind="stable")
    counts = [len(v.scores[:cap]) for v in judged]
    rows = len(judged[0].right) if judged else 1
    none = np.zeros((rows, 0), bool)
    return Pool(
        scores=scores[order],
        right=np.concatenate([none, *(v.right[:, :cap] for v in judged)], axis=1)[:, order],
        wrong=np.concatenate([none, *(v.wrong[:, :cap] for v in judged)], axis=1)[:, order],
        picture=np.repeat(np.arange(len(judged)), counts)[order],
        faces=np.array([v.faces for v in judged], np.int64),
    )


def average_precision(pooled: Pool) -> Floats | None:
    """(T,) AP: the mean of the interpolated precision at 101 recalls (COCO), in [0, 1].

    ``None`` if no face counts; 0 if no box is right.
    """
    total = pooled.faces.sum()
    if not total:
        return None
    values = []
    for right, wrong in zip(pooled.right, pooled.wrong, strict=True):
        tp, fp = np.cumsum(right), np.cumsum(wrong)
        values.append(interpolated(tp, fp, int(total)))
    return np.array(values)


def interpolated(tp: NDArray[np.int64], fp: NDArray[np.int64], total: int) -> float:
    """AP from the cumulative counts (D,) of right and wrong boxes, and the number of faces."""
    precision = _envelope(tp / (tp + fp + _LEAST))
    at = np.searchsorted(tp / total, RECALLS)
    return float(np.append(precision, np.zeros(1))[np.minimum(at, len(precision))].mean())


def area(pooled: Pool) -> Floats | None:
    """(T,) area under the interpolated curve at all recalls, as WIDER FACE computes AP.

    ``None`` if no face counts.
    """
    total = pooled.faces.sum()
    if not total:
        return None
    tp, fp = np.cumsum(pooled.right, axis=1), np.cumsum(pooled.wrong, axis=1)
    recall = np.concatenate([np.zeros((len(tp), 1)), tp / total], axis=1)
    precision = _envelope(tp / (tp + fp + _LEAST))
    return np.asarray((np.diff(recall, axis=1) * precision).sum(axis=1))


def recall(pooled: Pool) -> Floats | None:
    """(T,) share of the faces detected at any score, in [0, 1]; ``None`` without faces."""
    total = pooled.faces.sum()
    return np.asarray(pooled.right.sum(axis=1) / total) if total else None


def _envelope(precision: Floats) -> Floats:
    """The highest precision at each place or later."""
    return np.asarray(np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1])


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a precision-recall curve, from the highest score down."""

    recall: tuple[float, ...]
    precision: tuple[float, ...]
    score: tuple[float, ...]


def curve(pooled: Pool, points: int = 500) -> Curve:
    """The curve at the first threshold of ``pooled``, in at most ``points`` points.

    It has points at right boxes, where recall rises, and one at the last box. It is empty if no
    face counts or there are no boxes.
    """
    tp, fp = np.cumsum(pooled.right[0]), np.cumsum(pooled.wrong[0])
    total = pooled.faces.sum()
    if not total or not len(tp):
        return Curve((), (), ())
    steps = np.flatnonzero(pooled.right[0])
    if len(steps) > points - 1:
        steps = steps[np.linspace(0, len(steps) - 1, points - 1).round().astype(int)]
    steps = np.union1d(steps, [len(tp) - 1])
    return Curve(
        _floats(tp[steps] / total),
        _floats(tp[steps] / np.maximum(tp + fp, 1)[steps]),
        _floats(pooled.scores[steps]),
    )


def _floats(values: Floats | NDArray[np.float32]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def in_order(answers: Sequence[Answer]) -> list[Answer]:
    """Sorted by key, so that results do not depend on the order in which pictures were read."""
    return sorted(answers, key=lambda answer: answer.key)
