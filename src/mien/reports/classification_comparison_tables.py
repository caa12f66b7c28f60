"""A comparison of classifiers as tables of text, the same on the command line and in reports."""

from __future__ import annotations

from mien.evaluation.classification.comparison import ClassifierComparison, ClassifierRow
from mien.reports.detection_tables import Table


def comparison_tables(comparison: ClassifierComparison) -> list[Table]:
    """Scores, costs, and the best classifier against each of the others."""
    rows, pairs = comparison.rows, comparison.pairs
    best = pairs[0].best
    several = f", Holm-corrected for {len(pairs)} pairs" if len(pairs) > 1 else ""
    return [
        Table(
            "Scores",
            ("classifier", "accuracy", "95 %", "without duplicates", "balanced", "macro F1", "NLL",
             "ECE"),
            tuple(_scores(row) for row in rows),
        ),
        Table(
            "Costs",
            ("classifier", "parameters", "MACs", "ms a face", "MB", "measured on"),
            tuple(_costs(row) for row in rows),
        ),
        Table(
            f"{best}, the most accurate on these pictures, against each of the others: McNemar's "
            f"test, two-sided{several}",
            ("against", f"only {best} correct", "only it correct", "p", "p, Holm"),
            tuple(
                (pair.other, f"{pair.best_alone:,}", f"{pair.other_alone:,}", _p(pair.p),
                 _p(pair.p_holm))
                for pair in pairs
            ),
        ),
    ]  # fmt: skip


def cost_notes(comparison: ClassifierComparison) -> list[str]:
    """Why costs are missing, one sentence for each classifier concerned."""
    return [f"{row.name}: {row.cost.note}" for row in comparison.rows if row.cost.note]


def _scores(row: ClassifierRow) -> tuple[str, ...]:
    scores, interval = row.scores, row.scores.intervals["accuracy"]
    without = scores.without_duplicates
    return (
        row.name,
        f"{scores.accuracy:.2%}",
        f"{100 * interval.low:.1f} to {100 * interval.high:.1f}",
        f"{without.accuracy:.2%}" if without else "",
        f"{scores.balanced_accuracy:.2%}",
        f"{scores.macro_f1:.2%}",
        f"{scores.nll:.4f}",
        f"{scores.ece:.2%}",
    )


def _costs(row: ClassifierRow) -> tuple[str, ...]:
    cost = row.cost
    return (
        row.name,
        "" if cost.parameters is None else f"{cost.parameters:,}",
        "" if cost.macs is None else f"{cost.macs / 1e6:,.1f} M",
        "" if cost.ms_per_face is None else f"{cost.ms_per_face:.2f}",
        "" if cost.megabytes is None else f"{cost.megabytes:.1f}",
        cost.hardware,
    )


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
