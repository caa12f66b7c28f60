"""Missed faces, false boxes and duplicates of one picture, and the pictures with most of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.detection.matching import areas, match, overlap
from mien.evaluation.detection.precision import ALL, Sides, outside

IOU = 0.5
"""Least overlap of a box with the face that it detects."""
DUPLICATE_IOU = 0.3
"""Least overlap of a wrong box with an already detected face to count as its duplicate."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Faults:
    """Indices into one ``Answer``: a box is in one of three lists, or is neither right nor wrong.

    Boxes with scores below the threshold are ignored.
    """

    found: Indices
    """Faces matched by a box."""
    missed: Indices
    """Faces without a box."""
    right: Indices
    """Boxes that match a face, in the order of ``found``."""
    false: Indices
    """Boxes on no face."""
    duplicates: Indices
    """Wrong boxes that overlap a face matched by another box, by ``DUPLICATE_IOU`` or more."""


def faults(answer: Answer, threshold: float, sides: Sides = ALL) -> Faults:
    """Right and wrong boxes among those with a score of ``threshold`` or more, at an IoU of 0.5.

    Boxes are matched by COCO's rule; faces whose size is not within ``sides`` are ignored, as in
    ``judge``.
    """
    used = int((answer.scores >= np.float32(threshold)).sum())  # boxes are sorted by score
    boxes, truth = answer.boxes[:used], answer.truth
    ignored = answer.ignored | outside(truth, sides)
    matches = match(boxes, truth, ignored, answer.ignored, np.array([IOU]))
    face = matches.face[0]
    right = np.flatnonzero(matches.right[0])
    wrong = np.flatnonzero((face < 0) & ~outside(boxes, sides))
    taken = np.zeros(len(truth), bool)
    taken[face[face >= 0]] = True
    taken &= ~answer.ignored
    duplicate = (overlap(boxes[wrong], truth[taken]) >= DUPLICATE_IOU).any(axis=1)
    counted = np.flatnonzero(~ignored)
    return Faults(
        found=face[right],
        missed=np.setdiff1d(counted, face[right]),
        right=right,
        false=wrong[~duplicate],
        duplicates=wrong[duplicate],
    )


def most_missed(detections: Detections, count: int, sides: Sides = ALL) -> list[int]:
    """Indices of at most ``count`` answers with missed faces, the largest missed face first."""
    sizes = []
    for answer in detections.answers:
        missed = faults(answer, detections.threshold, sides).missed
        sizes.append(areas(answer.truth[missed]).max(initial=0.0))
    return _highest(sizes, count)


def most_overdetected(detections: Detections, count: int, sides: Sides = ALL) -> list[int]:
    """Indices of at most ``count`` answers with wrong boxes, most boxes first.

    Duplicates count twice, since they are the most visible fault.
    """
    weights = []
    for answer in detections.answers:
        fault = faults(answer, detections.threshold, sides)
        weights.append(float(len(fault.false) + 2 * len(fault.duplicates)))
    return _highest(weights, count)


def _highest(values: list[float], count: int) -> list[int]:
    order = np.argsort(-np.array(values), kind="stable")[:count]
    return [int(index) for index in order if values[index] > 0]
