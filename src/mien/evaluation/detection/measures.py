"""How good a detector is on one split, from its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.detection.faults import IOU, faults
from mien.evaluation.detection.precision import (
    ALL,
    IOUS,
    LARGE,
    MEDIUM,
    SMALL,
    Curve,
    Sides,
    area,
    average_precision,
    curve,
    in_order,
    judge,
    judge_wider,
    pool,
    recall,
)  # fmt: skip
from mien.evaluation.detection.resample import interval, resampled_ap
from mien.evaluation.metrics import Interval

MIN_SIZES = (32, 40)
"""Least face sizes in pixels that are measured separately: the end of COCO's *small*, and the size
from which expressions are read."""


@dataclass(frozen=True, slots=True)
class Operating:
    """Counts and rates at the detector's score threshold and an IoU of 0.5.

    Precision, recall and F1 are in [0, 1]. A rate without a denominator is ``None``: precision
    without boxes, recall without faces.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    found: int
    """Faces matched by a box."""
    missed: int
    """Faces without a box."""
    false: int
    """Boxes on no face."""
    duplicates: int
    """Further boxes on a face that another box matches; they are wrong too (``Faults``)."""
    false_per_picture: float
    duplicates_per_face: float | None
    """Duplicates per detected face."""


@dataclass(frozen=True, slots=True)
class Part:
    """Scores if only some of the faces count; AP50 is ``None`` without such faces."""

    faces: int
    ap50: float | None
    curve: Curve
    operating: Operating | None = None
    """Only in ``DetectionScores.from_size``."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Wall time of detection, pictures decoded beforehand."""

    median_ms: float
    mean_ms: float
    p95_ms: float
    """95th percentile."""
    megapixels_per_second: float


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """Scores of a detector on one split; AP and AR are in [0, 1], ``None`` without faces."""

    detector: str
    dataset: str
    split: str
    fingerprint: str
    """Of the pictures and marked faces: figures are comparable only if it is the same."""
    pictures: int
    faces: int
    """Number of faces that count."""
    ignored: int
    """Number of marked faces that do not count."""
    skipped: tuple[str, ...]
    ap: float | None
    """AP50:95, the mean over IoU 0.50, 0.55 … 0.95."""
    ap50: float | None
    ap75: float | None
    ap_small: float | None
    """AP50:95 of faces up to 32 px (square root of the box's area); medium: 32 to 96 px."""
    ap_medium: float | None
    ap_large: float | None
    ar1: float | None
    """Share of faces detected with one box a picture, mean over the same IoUs; then 10, 100."""
    ar10: float | None
    ar100: float | None
    interval: Interval | None
    """95 % interval of ``ap50``, bootstrapped over pictures."""
    curve: Curve
    """At IoU 0.5."""
    from_size: dict[str, Part]
    """Least size in pixels, as text → scores if only faces of that size or more count."""
    subsets: dict[str, Part]
    """``easy``, ``medium``, ``hard`` → scores by WIDER FACE's rules; empty for other data sets."""
    threshold: float
    operating: Operating
    speed: Speed
    facts: dict[str, Any]
    """Those of ``Detections``: settings, hardware, memory."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; floats are not rounded, and none is NaN."""
        return asdict(self)


def measure(detections: Detections, cap: int | None = None) -> DetectionScores:
    """Every measure of a detector's answers.

    ``cap`` is the maximal number of boxes of a picture, best first; COCO's is 100, but pictures of
    WIDER FACE have more than a thousand faces. The order of the pictures does not matter.
    """
    answers = in_order(detections.answers)
    verdicts = [judge(answer) for answer in answers]
    whole = pool(verdicts, cap)
    aps = average_precision(whole)
    names = sorted({name for answer in answers for name in answer.subsets}, key=_rank)
    return DetectionScores(
        detector=detections.detector,
        dataset=detections.dataset,
        split=detections.split,
        fingerprint=detections.fingerprint,
        pictures=len(answers),
        faces=int(whole.faces.sum()),
        ignored=int(sum(answer.ignored.sum() for answer in answers)),
        skipped=detections.skipped,
        ap=_mean(aps),
        ap50=None if aps is None else float(aps[0]),
        ap75=None if aps is None else float(aps[5]),
        **{
            name: _mean(average_precision(pool([judge(a, IOUS, sides) for a in answers], cap)))
            for name, sides in (("ap_small", SMALL), ("ap_medium", MEDIUM), ("ap_large", LARGE))
        },
        **{f"ar{most}": _mean(recall(pool(verdicts, most))) for most in (1, 10, 100)},
        interval=interval(resampled_ap(whole)),
        curve=curve(whole),
        from_size={str(size): _from_size(answers, size, detections, cap) for size in MIN_SIZES},
        subsets={name: _subset(answers, name, cap) for name in names},
        threshold=detections.threshold,
        operating=_operating(answers, detections.threshold, ALL),
        speed=_speed(answers),
        facts=dict(detections.facts),
    )


def _mean(values: NDArray[np.float64] | None) -> float | None:
    return None if values is None else float(values.mean())


def _rank(name: str) -> tuple[int, str]:
    known = ("easy", "medium", "hard")
    return (known.index(name) if name in known else len(known), name)


def _from_size(
    answers: Sequence[Answer], size: int, detections: Detections, cap: int | None
) -> Part:
    sides = (float(size), ALL[1])
    pooled = pool([judge(answer, np.array([IOU]), sides) for answer in answers], cap)
    return Part(
        faces=int(pooled.faces.sum()),
        ap50=_mean(average_precision(pooled)),
        curve=curve(pooled),
        operating=_operating(answers, detections.threshold, sides),
    )


def _subset(answers: Sequence[Answer], name: str, cap: int | None) -> Part:
    pooled = pool([judge_wider(answer, name, IOU) for answer in answers], cap)
    return Part(int(pooled.faces.sum()), _mean(area(pooled)), curve(pooled))


def _operating(answers: Sequence[Answer], threshold: float, sides: Sides) -> Operating:
    judged = [faults(answer, threshold, sides) for answer in answers]
    found = sum(len(each.found) for each in judged)
    missed = sum(len(each.missed) for each in judged)
    false = sum(len(each.false) for each in judged)
    duplicates = sum(len(each.duplicates) for each in judged)
    boxes, faces = found + false + duplicates, found + missed
    return Operating(
        precision=found / boxes if boxes else None,
        recall=found / faces if faces else None,
        f1=2 * found / (boxes + faces) if boxes + faces else None,
        found=found,
        missed=missed,
        false=false,
        duplicates=duplicates,
        false_per_picture=false / max(len(answers), 1),
        duplicates_per_face=duplicates / found if found else None,
    )


def _speed(answers: Sequence[Answer]) -> Speed:
    ms = np.array([answer.ms for answer in answers] or [0.0])
    pixels = sum(answer.width * answer.height for answer in answers)
    return Speed(
        median_ms=float(np.median(ms)),
        mean_ms=float(ms.mean()),
        p95_ms=float(np.quantile(ms, 0.95)),
        megapixels_per_second=pixels / 1e3 / float(ms.sum()) if ms.sum() else 0.0,
    )
