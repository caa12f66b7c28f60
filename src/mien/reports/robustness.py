"""The reports on corrupted pictures: of one classifier, and of several compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mien.evaluation.classification.robustness import Robustness, RobustnessComparison
from mien.reports.detection_tables import Table
from mien.reports.page import Caption, Origin, render
from mien.reports.robustness_tables import (
    KIND_COLUMNS,
    STRENGTH_COLUMNS,
    comparison_tables,
    corrupted_pictures,
    headline_rows,
    kind_rows,
    robustness_title,
    strength_rows,
)
from mien.reports.text import named

CAPTIONS = {
    "corruptions": Caption(
        "Accuracy by strength",
        "One panel for each corruption, from strength 1 to 5. The dashed line is the accuracy on "
        "the clean pictures.",
        layout="wide",
    ),
    "examples": Caption(
        "What the corruptions look like",
        "One picture of the data, clean on the left, then with each corruption from strength 1 to "
        "5.",
    ),
}
"""The figures of both reports, in order."""


def robustness_report(scores: Robustness, origin: Origin, figures: Mapping[str, bytes]) -> str:
    """One classifier as HTML text; ``figures`` are PNG files by name."""
    headline = Table("Scores", ("", "share", "95 %"), tuple(headline_rows(scores)))
    kinds = Table("Accuracy by corruption and strength", KIND_COLUMNS, tuple(kind_rows(scores)))
    title = robustness_title(named(scores, origin.data))
    lead = "Every model sees the same corrupted pictures."
    return _page(title, lead, [headline, kinds], [scores], origin, figures)


def robustness_comparison_report(
    found: RobustnessComparison, origin: Origin, figures: Mapping[str, bytes]
) -> str:
    """Several classifiers as HTML text."""
    scores = [row.scores for row in found.rows]
    title = f"Classifiers on corrupted pictures: {', '.join(row.name for row in found.rows)}"
    lead = f"On {corrupted_pictures(named(scores[0], origin.data))}; the lowest error first."
    return _page(title, lead, comparison_tables(found), scores, origin, figures)


def _page(
    title: str,
    lead: str,
    tables: Sequence[Table],
    scores: Sequence[Robustness],
    origin: Origin,
    figures: Mapping[str, bytes],
) -> str:
    strengths = Table("What the strengths stand for", STRENGTH_COLUMNS,
                      tuple(strength_rows(scores[0])))  # fmt: skip
    return render(
        "robustness.html", title, origin, CAPTIONS, figures,
        lead=lead, tables=[*tables, strengths], notes=(), fingerprint=scores[0].fingerprint,
        compared=len(scores) > 1,
        skipped=sorted({line for each in scores for line in each.skipped}),
    )  # fmt: skip
