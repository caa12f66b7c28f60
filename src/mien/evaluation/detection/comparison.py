"""Several detectors on the same pictures: who is better, by how much, and is it more than luck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.comparison import Comparison, check_same
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.faults import IOU, faults
from mien.evaluation.detection.measures import DetectionScores, measure
from mien.evaluation.detection.precision import in_order, judge, pool
from mien.evaluation.detection.resample import interval, resampled_ap
from mien.evaluation.metrics import Interval


@dataclass(frozen=True, slots=True)
class DetectorRow:
    """One detector of a comparison."""

    name: str
    scores: DetectionScores


@dataclass(frozen=True, slots=True)
class DetectorPair:
    """The best detector against another one, on the same pictures.

    Faces are counted at the score at which each detector is used, at an IoU of 0.5.
    """

    best: str
    other: str
    difference: float | None
    """AP50 of the best less that of the other; ``None`` where no face is marked."""
    interval: Interval | None
    """Of the difference: 95 %, both resampled over the same pictures. With 0 in it, the order of
    the two may be luck."""
    best_alone: int
    """Faces that only the best finds."""
    other_alone: int
    """Faces that only the other finds."""
    both: int
    neither: int


DetectorComparison = Comparison[DetectorRow, DetectorPair]


def compare(answers: Mapping[str, Detections], cap: int | None = None) -> DetectorComparison:
    """Measure every detector's answers and set the one of highest AP50 against the others.

    ``answers`` are by the name that a detector is to have in the comparison; ``cap`` is as in
    ``measure``. Raises ``InputError`` where the answers are to different pictures.
    """
    check_comparable(answers)
    rows = [DetectorRow(name, measure(found, cap)) for name, found in answers.items()]
    rows.sort(key=lambda row: -(row.scores.ap50 or 0.0))
    found = {name: _found(each) for name, each in answers.items()}
    drawn = {
        name: resampled_ap(pool([judge(a, np.array([IOU])) for a in in_order(each.answers)], cap))
        for name, each in answers.items()
    }
    best, *others = rows
    pairs = []
    for other in others:
        ours, theirs = found[best.name], found[other.name]
        high, low = best.scores.ap50, other.scores.ap50
        pairs.append(
            DetectorPair(
                best=best.name,
                other=other.name,
                difference=None if high is None or low is None else high - low,
                interval=interval(drawn[best.name] - drawn[other.name]),
                best_alone=int((ours & ~theirs).sum()),
                other_alone=int((~ours & theirs).sum()),
                both=int((ours & theirs).sum()),
                neither=best.scores.faces - int((ours | theirs).sum()),
            )
        )
    return Comparison(tuple(rows), tuple(pairs))


def check_comparable(answers: Mapping[str, Detections]) -> None:
    """Raise ``InputError``, which names the difference, unless all answered the same pictures."""
    check_same(answers, _facts, "detectors")


def _facts(first: Detections, other: Detections) -> Iterable[tuple[str, object, object]]:
    yield "split", first.split, other.split
    yield "pictures", len(first), len(other)
    yield "marked boxes, by fingerprint,", first.fingerprint, other.fingerprint


def _found(detections: Detections) -> NDArray[np.bool_]:
    """Over all marked faces, pictures in the order of their keys: whether a box took it."""
    every = [np.zeros(0, bool)]
    for answer in in_order(detections.answers):
        hit = np.zeros(len(answer.truth), bool)
        hit[faults(answer, detections.threshold).found] = True
        every.append(hit)
    return np.concatenate(every)
