"""What a detector misses, makes up and finds twice in one picture; which pictures show it best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.detection.matching import areas, match, overlap
from mien.evaluation.detection.precision import ALL, Sides, outside

IOU = 0.5
"""From which on a box is on a face."""
DUPLICATE_IOU = 0.3
"""From which on a wrong box belongs to a face that another box has found already."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Faults:
    """Indices into one ``Answer``; a box is in one of three lists, or is neither right nor wrong.

    Boxes below the threshold are as if they were not there.
    """

    found: Indices
    """Faces that a box took."""
    missed: Indices
    """Faces that none took."""
    right: Indices
    """Boxes that took a face, in the order of ``found``."""
    false: Indices
    """Boxes that are on no face."""
    duplicates: Indices
    """Wrong boxes that overlap a face which another box has found, with an IoU of at least
    ``DUPLICATE_IOU``."""


def faults(answer: Answer, threshold: float, sides: Sides = ALL) -> Faults:
    """What is right and wrong in the boxes of a score of ``threshold`` or more, at an IoU of 0.5.

    Matched by COCO's rule; faces whose size is not within ``sides`` are ignored (``judge``).
    """
    used = int((answer.scores >= np.float32(threshold)).sum())  # best first: a leading part
    boxes, truth = answer.boxes[:used], answer.truth
    ignored = answer.ignored | outside(truth, sides)
    took = match(boxes, truth, ignored, answer.ignored, np.array([IOU]))
    face = took.face[0]
    right = np.flatnonzero(took.right[0])
    wrong = np.flatnonzero((face < 0) & ~outside(boxes, sides))
    taken = np.zeros(len(truth), bool)
    taken[face[face >= 0]] = True
    taken &= ~answer.ignored
    again = (overlap(boxes[wrong], truth[taken]) >= DUPLICATE_IOU).any(axis=1)
    counted = np.flatnonzero(~ignored)
    return Faults(
        found=face[right],
        missed=np.setdiff1d(counted, face[right]),
        right=right,
        false=wrong[~again],
        duplicates=wrong[again],
    )


def most_missed(detections: Detections, count: int, sides: Sides = ALL) -> list[int]:
    """Indices of at most ``count`` answers in which faces are missed, the largest face first."""
    sizes = []
    for answer in detections.answers:
        missed = faults(answer, detections.threshold, sides).missed
        sizes.append(areas(answer.truth[missed]).max(initial=0.0))
    return _highest(sizes, count)


def most_overdetected(detections: Detections, count: int, sides: Sides = ALL) -> list[int]:
    """Indices of at most ``count`` answers with wrong boxes, most boxes first.

    Duplicates count twice: they are what a reader of the picture stumbles over.
    """
    weights = []
    for answer in detections.answers:
        fault = faults(answer, detections.threshold, sides)
        weights.append(float(len(fault.false) + 2 * len(fault.duplicates)))
    return _highest(weights, count)


def _highest(values: list[float], count: int) -> list[int]:
    order = np.argsort(-np.array(values), kind="stable")[:count]
    return [int(index) for index in order if values[index] > 0]
