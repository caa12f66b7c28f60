"""How good a detector is on one split: everything that is measured, in one place."""

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

FROM = (32, 40)
"""Least sizes of faces in pixels that are measured on their own: COCO's end of *small*, and what
the product is for."""


@dataclass(frozen=True, slots=True)
class Operating:
    """At the score at which the detector is used, IoU 0.5. Counts, and rates in [0, 1].

    ``None`` where a rate has no base: precision without boxes, recall without faces.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    found: int
    """Faces that a box took."""
    missed: int
    """Faces that none took."""
    false: int
    """Boxes on no face."""
    duplicates: int
    """Boxes on a face that another box has found; wrong like the false ones (``Faults``)."""
    false_per_picture: float
    duplicates_per_face: float | None
    """Further boxes of a face that was found."""


@dataclass(frozen=True, slots=True)
class Part:
    """AP50 where some faces alone count, and how many those are; ``None`` where there are none."""

    faces: int
    ap50: float | None
    curve: Curve
    operating: Operating | None = None
    """Of the sizes in ``DetectionScores.from_size`` alone."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Wall time of detecting, pictures decoded beforehand."""

    median_ms: float
    mean_ms: float
    p95_ms: float
    """19 of 20 pictures take less."""
    megapixels_per_second: float


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """A detector measured on one split; all AP and AR are in [0, 1], ``None`` without faces."""

    detector: str
    dataset: str
    split: str
    fingerprint: str
    """Of the pictures and what is marked: figures compare only where it is the same."""
    pictures: int
    faces: int
    """Those that count."""
    ignored: int
    """Marked faces that do not."""
    skipped: tuple[str, ...]
    ap: float | None
    """Mean over IoU 0.50, 0.55 … 0.95: AP50:95."""
    ap50: float | None
    ap75: float | None
    ap_small: float | None
    """AP50:95 of faces up to 32 px (the root of the box's area); medium ones reach to 96 px."""
    ap_medium: float | None
    ap_large: float | None
    ar1: float | None
    """Share of the faces found with one box a picture, mean over the same IoUs; then 10, 100."""
    ar10: float | None
    ar100: float | None
    interval: Interval | None
    """Of ``ap50``: 95 %, bootstrapped over pictures."""
    curve: Curve
    """At IoU 0.5."""
    from_size: dict[str, Part]
    """Least size in pixels, as text → where only faces of that size or more count."""
    subsets: dict[str, Part]
    """``easy``, ``medium``, ``hard`` → by WIDER FACE's rule and area; empty elsewhere."""
    threshold: float
    operating: Operating
    speed: Speed
    facts: dict[str, Any]
    """As in ``Detections``: settings, hardware, memory."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; floats as they are, no NaN."""
        return asdict(self)


def measure(detections: Detections, cap: int | None = None) -> DetectionScores:
    """Every measure of a detector's answers.

    ``cap`` limits the boxes of a picture, best first; COCO's is 100, but pictures of WIDER FACE
    have more than a thousand faces. The order of the pictures changes nothing.
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
        from_size={str(size): _from_size(answers, size, detections, cap) for size in FROM},
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
    found = pool([judge(answer, np.array([IOU]), sides) for answer in answers], cap)
    return Part(
        faces=int(found.faces.sum()),
        ap50=_mean(average_precision(found)),
        curve=curve(found),
        operating=_operating(answers, detections.threshold, sides),
    )


def _subset(answers: Sequence[Answer], name: str, cap: int | None) -> Part:
    found = pool([judge_wider(answer, name, IOU) for answer in answers], cap)
    return Part(int(found.faces.sum()), _mean(area(found)), curve(found))


def _operating(answers: Sequence[Answer], threshold: float, sides: Sides) -> Operating:
    every = [faults(answer, threshold, sides) for answer in answers]
    found, missed, false, again = (
        sum(len(getattr(fault, kind)) for fault in every)
        for kind in ("found", "missed", "false", "duplicates")
    )
    boxes, faces = found + false + again, found + missed
    return Operating(
        precision=found / boxes if boxes else None,
        recall=found / faces if faces else None,
        f1=2 * found / (boxes + faces) if boxes + faces else None,
        found=found,
        missed=missed,
        false=false,
        duplicates=again,
        false_per_picture=false / max(len(answers), 1),
        duplicates_per_face=again / found if found else None,
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
