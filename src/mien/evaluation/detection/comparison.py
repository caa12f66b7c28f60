"""Several detectors on the same pictures: which is better, by how much, and significantly so?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.comparison import Comparison, check_same, count_only
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

    Faces are counted at each detector's own score threshold and an IoU of 0.5.
    """

    best: str
    other: str
    difference: float | None
    """AP50 of the best minus that of the other; ``None`` without marked faces."""
    interval: Interval | None
    """95 % interval of the difference, from the same resampled pictures for both. If it contains
    0, the order of the two may be chance."""
    best_alone: int
    """Faces that only the best detects."""
    other_alone: int
    """Faces that only the other detects."""
    both: int
    neither: int


DetectorComparison = Comparison[DetectorRow, DetectorPair]


def compare(answers: Mapping[str, Detections], cap: int | None = None) -> DetectorComparison:
    """Measure every detector's answers and compare the one of highest AP50 with the others.

    ``answers`` are by the detector's name in the comparison; ``cap`` is as in ``measure``. Raises
    ``InputError`` if the answers are to different pictures.
    """
    check_comparable(answers)
    rows = [DetectorRow(name, measure(each, cap)) for name, each in answers.items()]
    rows.sort(key=lambda row: -(row.scores.ap50 or 0.0))
    detected = {name: _detected(each) for name, each in answers.items()}
    resampled = {
        name: resampled_ap(pool([judge(a, np.array([IOU])) for a in in_order(each.answers)], cap))
        for name, each in answers.items()
    }
    best, *others = rows
    pairs = []
    for other in others:
        ours, theirs = detected[best.name], detected[other.name]
        high, low = best.scores.ap50, other.scores.ap50
        pairs.append(
            DetectorPair(
                best=best.name,
                other=other.name,
                difference=None if high is None or low is None else high - low,
                interval=interval(resampled[best.name] - resampled[other.name]),
                best_alone=count_only(ours, theirs),
                other_alone=count_only(theirs, ours),
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


def _detected(detections: Detections) -> NDArray[np.bool_]:
    """(N,) whether each marked face is detected; pictures in the order of their keys."""
    parts = [np.zeros(0, bool)]
    for answer in in_order(detections.answers):
        hit = np.zeros(len(answer.truth), bool)
        hit[faults(answer, detections.threshold).found] = True
        parts.append(hit)
    return np.concatenate(parts)
