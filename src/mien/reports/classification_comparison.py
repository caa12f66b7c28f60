"""The report of a comparison of classifiers."""

from __future__ import annotations

from collections.abc import Mapping

from mien.evaluation.classification.comparison import ClassifierComparison
from mien.reports.classification_comparison_tables import comparison_tables, cost_notes
from mien.reports.page import Caption, Origin, render
from mien.reports.text import compared_pictures, named

CAPTIONS = {
    "quality": Caption(
        "Quality and speed",
        "Left, accuracy with its 95% confidence interval; right, accuracy against the time per "
        "face, if it was measured. The line joins the classifiers that no other one beats in both.",
    ),
    "recall": Caption(
        "Recall of each class",
        "One marker per classifier. A long pale line is a class on which the choice of the "
        "classifier matters most.",
    ),
    "confusion": Caption(
        "Confusion matrices",
        "Each row is a true class, each cell the share of its pictures, in percent, that got the "
        "answer named below. The diagonal is the recall.",
        layout="wide",
    ),
    "reliability": Caption(
        "Calibration",
        "Answers are sorted by confidence into 15 bins. Where a bar ends below the dashed line, a "
        "classifier is overconfident; above it, underconfident.",
        layout="wide",
    ),
    "disagreements": Caption(
        "Where they disagree most",
        "Pictures that at least one classifier gets right, and to which two of them give different "
        "answers with the highest confidence. Some labels are wrong, too.",
        layout="photos",
    ),
}
"""The figures of the report, in order."""


def comparison_report(
    comparison: ClassifierComparison, origin: Origin, figures: Mapping[str, bytes]
) -> str:
    """The report of one comparison as HTML text; ``figures`` are ``comparison_figures`` as PNG."""
    scores = [row.scores for row in comparison.rows]
    return render(
        "classification_comparison.html",
        f"Classifiers compared: {', '.join(row.name for row in comparison.rows)}",
        origin,
        CAPTIONS,
        figures,
        about=compared_pictures(named(scores[0], origin.data)),
        fingerprint=scores[0].fingerprint,
        tables=comparison_tables(comparison),
        notes=cost_notes(comparison),
        skipped=sorted({line for each in scores for line in each.skipped}),
    )
