"""The report of a face detector's evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mien.evaluation.detection.measures import DetectionScores
from mien.reports.page import Origin, check_target, drawn, readable, render, write
from mien.reports.rows import PARTS, cost_rows, measure_rows, part_rows, share

READING = {
    "precision_recall": (
        "What more finds cost in false ones",
        "Going right along a line, boxes of ever lower scores are taken for faces: more faces are "
        "found, and more boxes are none. A ring marks the score at which the detector is used; the "
        "area under a line is its AP50.",
    ),
    "recall_by_size": (
        "How small a face may be",
        "Each point is the share of faces of that size that are found as the detector is used, "
        "the bar through it its 95 % interval; the bars below say how many faces there are.",
    ),
    "misses": (
        "What was found, missed and made up",
        "The pictures with the largest missed faces and with the most wrong boxes in turn. What "
        "nobody has marked counts as no face, even where one is to be seen.",
    ),
    "missed_faces": (
        "The missed faces",
        "Cut out and resized to one width, the largest first; of many small ones some at equal "
        "steps of size. What is grey lies outside of the picture.",
    ),
    "false_positives": (
        "What was taken for a face",
        "The best scored wrong boxes, each with its score: those on no marked face, then those on "
        "a face that another box has found already.",
    ),
    "curves": (
        "How the training went",
        "Loss falls and AP50 rises epoch by epoch; an AP50 on the validation split that turns "
        "while the loss goes on falling says that pictures are learned by heart.",
    ),
}
"""Heading and how to read it, of each figure in the order of the report."""
PHOTOS = ("misses", "missed_faces", "false_positives")
_TOLD = ("asked_from", "processor", "cores", "memory_mib", "peak_mib", "source")


def save_report(
    path: str | Path, found: DetectionScores, origin: Origin, figures: Mapping[str, bytes]
) -> None:
    """Write the report of one evaluation, whole or not at all; ``figures`` are those of
    ``mien.reports.figures.detector`` as PNG. Raises what ``check_target`` raises.
    """
    check_target(path)
    write(path, detector_report(found, origin, figures))


def detector_report(found: DetectionScores, origin: Origin, figures: Mapping[str, bytes]) -> str:
    """The HTML text; everything from outside, such as names and paths, is escaped."""
    settings = {key: value for key, value in found.facts.items() if key not in _TOLD}
    return render(
        "detector.html",
        found=found,
        origin=origin,
        leading=_leading(found),
        parts=PARTS,
        rows=part_rows(found),
        measures=dict(measure_rows(found)),
        costs=dict(cost_rows(found)),
        settings=readable(settings),
        figures=drawn(READING, figures, PHOTOS),
        photos=PHOTOS,
    )


def _leading(found: DetectionScores) -> list[tuple[str, str, str]]:
    """The figures that a reader looks for: title, value, a word on it."""
    used = found.operating
    shown = [("AP50, all faces", share(found.ap50), f"{found.faces:,} faces")]
    shown += [
        (f"AP50, {size} px and more", share(part.ap50), f"{part.faces:,} faces")
        for size, part in found.from_size.items()
    ]
    shown.append(
        (
            "false boxes a picture",
            f"{used.false_per_picture:.2f}",
            f"{used.false:,} in all, and {used.duplicates:,} on a face found already",
        )
    )
    shown.append(("ms a picture", f"{found.speed.median_ms:.0f}", "median"))
    return shown
