"""The report of a comparison of face detectors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mien.evaluation.detection.comparison import DetectorComparison
from mien.reports.comparison_rows import about_comparison, comparison_rows
from mien.reports.page import Origin, check_target, drawn, render, write

READING = {
    "precision_recall": (
        "What more finds cost in false ones",
        "Going right along a line, boxes of ever lower scores are taken for faces. A ring marks "
        "the score at which a detector is used; the area under a line is its AP50.",
    ),
    "speed": (
        "Quality against time",
        "Left, AP50 with its 95 % interval; right, AP50 against the time for a picture, with a "
        "line through those that nobody else beats in both.",
    ),
    "side_by_side": (
        "The same pictures",
        "Each row is a picture, each column what one detector made of it as it is used. The "
        "pictures are those with the worst faults of each detector in turn.",
    ),
}
"""Heading and how to read it, of each figure in the order of the report."""
PHOTOS = ("side_by_side",)


def save_report(
    path: str | Path, found: DetectorComparison, origin: Origin, figures: Mapping[str, bytes]
) -> None:
    """Write the report of one comparison, whole or not at all; ``figures`` are those of
    ``mien.reports.figures.detectors`` as PNG. Raises what ``check_target`` raises.
    """
    check_target(path)
    write(path, comparison_report(found, origin, figures))


def comparison_report(
    found: DetectorComparison, origin: Origin, figures: Mapping[str, bytes]
) -> str:
    """The HTML text; everything from outside, such as names and paths, is escaped."""
    return render(
        "comparison.html",
        about=about_comparison(found),
        fingerprint=found.rows[0].scores.fingerprint,
        names=[row.name for row in found.rows],
        tables=comparison_rows(found),
        skipped=sorted({line for row in found.rows for line in row.scores.skipped}),
        origin=origin,
        figures=drawn(READING, figures, PHOTOS),
        photos=PHOTOS,
    )
