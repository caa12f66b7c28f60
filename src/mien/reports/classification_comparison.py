"""The report of a comparison of classifiers."""

from __future__ import annotations

from collections.abc import Mapping

from mien.evaluation.classification.comparison import ClassifierComparison
from mien.reports.classification_comparison_tables import comparison_tables, cost_notes
from mien.reports.comparison import comparison_page
from mien.reports.page import Caption, Origin
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
_EXPLANATION = (
    "The 95% confidence interval shows how much an accuracy depends on which pictures were "
    "measured. McNemar's test looks only at the pictures that one of two classifiers gets right "
    "and the other wrong; p is the probability of a difference at least that large if both were "
    "equally good."
)


def comparison_report(
    comparison: ClassifierComparison, origin: Origin, figures: Mapping[str, bytes]
) -> str:
    """The report of one comparison as HTML text; ``figures`` are ``comparison_figures`` as PNG."""
    return comparison_page(
        comparison,
        origin,
        CAPTIONS,
        figures,
        models="Classifiers",
        about=compared_pictures(named(comparison.rows[0].scores, origin.data)),
        sorted_by="accuracy",
        explanation=_EXPLANATION,
        tables=comparison_tables(comparison),
        notes=cost_notes(comparison),
    )
