"""The report of a comparison of face detectors."""

from __future__ import annotations

from collections.abc import Mapping

from mien.evaluation.detection.comparison import DetectorComparison
from mien.reports.comparison import comparison_page
from mien.reports.detection_tables import comparison_tables
from mien.reports.page import Caption, Origin
from mien.reports.text import detection_pictures, named

CAPTIONS = {
    "precision_recall": Caption(
        "Precision-recall curves",
        "Along a curve to the right, the score threshold falls. A ring marks the score threshold "
        "that a detector uses; the area under a curve is its AP50.",
        layout="narrow",
    ),
    "speed": Caption(
        "Quality and speed",
        "Left, AP50 with its 95% confidence interval; right, AP50 against the time per picture. "
        "The line joins the detectors that no other one beats in both.",
    ),
    "side_by_side": Caption(
        "The same pictures",
        "One row per picture, one column per detector, each at its own score threshold. The "
        "pictures are the worst ones of each detector in turn.",
        layout="photos",
    ),
}
"""The figures of the report, in order."""
_EXPLANATION = (
    "A box matches a face if their IoU is at least 0.5. A confidence interval shows how much a "
    "result depends on which pictures were measured; if the interval of a difference contains 0, "
    "the order of the two may be chance."
)


def comparison_report(
    comparison: DetectorComparison, origin: Origin, figures: Mapping[str, bytes]
) -> str:
    """The report of one comparison as HTML text; ``figures`` are ``comparison_figures`` as PNG."""
    return comparison_page(
        comparison,
        origin,
        CAPTIONS,
        figures,
        models="Face detectors",
        about=detection_pictures(named(comparison.rows[0].scores, origin.data)),
        sorted_by="AP50",
        explanation=_EXPLANATION,
        tables=comparison_tables(comparison),
    )
