"""The page of a comparison of models, of either kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mien.evaluation.comparison import Comparison
from mien.reports.detection_tables import Table
from mien.reports.page import Caption, Origin, render


def comparison_page(
    comparison: Comparison[Any, Any],
    origin: Origin,
    captions: Mapping[str, Caption],
    figures: Mapping[str, bytes],
    *,
    models: str,
    about: str,
    sorted_by: str,
    explanation: str,
    tables: Sequence[Table],
    notes: Sequence[str] = (),
) -> str:
    """HTML text. ``models`` says what is compared, ``about`` on which pictures.

    ``explanation`` says how to read the tables; ``notes`` follow them.
    """
    scores = [row.scores for row in comparison.rows]
    return render(
        "comparison.html",
        f"{models} compared: {', '.join(row.name for row in comparison.rows)}",
        origin,
        captions,
        figures,
        about=about,
        sorted_by=sorted_by,
        explanation=explanation,
        fingerprint=scores[0].fingerprint,
        tables=tables,
        notes=notes,
        skipped=sorted({line for each in scores for line in each.skipped}),
    )
