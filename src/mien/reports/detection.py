"""The report of a face detector's evaluation."""

from __future__ import annotations

from collections.abc import Mapping

from mien.evaluation.detection.measures import DetectionScores
from mien.reports.detection_tables import PART_COLUMNS, cost_rows, measure_rows, part_rows
from mien.reports.page import Caption, Origin, readable, render
from mien.reports.text import share

CAPTIONS = {
    "precision_recall": Caption(
        "Precision-recall curves",
        "Along a curve to the right, the score threshold falls: recall rises, and precision drops "
        "with each false box. A ring marks the score threshold in use; the area under a curve is "
        "its AP50.",
        layout="narrow",
    ),
    "recall_by_size": Caption(
        "Recall by face size",
        "Each point is the recall of faces of that size at the score threshold in use, the pale "
        "line through it the 95% confidence interval. The bars below show how many faces there "
        "are.",
        layout="narrow",
    ),
    "misses": Caption(
        "Found, missed and false",
        "The pictures with the largest missed faces and those with the most wrong boxes, in turn. "
        "A box on a face that is not annotated counts as false.",
        layout="photos",
    ),
    "missed_faces": Caption(
        "Missed faces",
        "Cropped and resized to one width, the largest first. Where a group has more faces than "
        "there is room for, a selection over all sizes is shown. Grey areas lie outside the "
        "picture.",
        layout="photos",
    ),
    "false_positives": Caption(
        "False positives and duplicates",
        "The wrong boxes with the highest scores, each with its score: first those on no annotated "
        "face, then second boxes on a face that was already found.",
        layout="photos",
    ),
    "curves": Caption(
        "Training curves",
        "Loss should fall and AP50 rise from epoch to epoch. Where validation AP50 falls while the "
        "training loss still falls, the detector overfits.",
    ),
}
"""The figures of the report, in order."""
# Facts of the answers that the tables show already, or that the report gives in its own words.
_SHOWN_ELSEWHERE = ("asked_from", "processor", "cores", "memory_mib", "peak_mib", "source")


def detection_report(scores: DetectionScores, origin: Origin, figures: Mapping[str, bytes]) -> str:
    """The report of one evaluation as HTML text; ``figures`` are ``detection_figures`` as PNG."""
    settings = {key: value for key, value in scores.facts.items() if key not in _SHOWN_ELSEWHERE}
    return render(
        "detection.html",
        f"{scores.detector} on {scores.dataset}, split {scores.split}",
        origin,
        CAPTIONS,
        figures,
        scores=scores,
        cards=_cards(scores),
        part_columns=("", *PART_COLUMNS),
        part_rows=[(name, *cells) for name, cells in part_rows(scores)],
        measures=dict(measure_rows(scores)),
        costs=dict(cost_rows(scores)),
        settings=readable(settings),
    )


def _cards(scores: DetectionScores) -> list[tuple[str, str, str]]:
    """The headline figures: title, value, note."""
    used = scores.operating
    return [
        ("AP50, all faces", share(scores.ap50), f"{scores.faces:,} faces"),
        *(
            (f"AP50, {size} px and more", share(part.ap50), f"{part.faces:,} faces")
            for size, part in scores.from_size.items()
        ),
        (
            "false boxes per picture",
            f"{used.false_per_picture:.2f}",
            f"{used.false:,} in total; also {used.duplicates:,} duplicates",
        ),
        ("ms per picture", f"{scores.speed.median_ms:.0f}", "median"),
    ]
