"""Tables and the figure of a comparison of classifiers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mien.cli.support.console import filled_table

if TYPE_CHECKING:
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.classification.comparison import ClassifierComparison, ClassifierRow
    from mien.reports.page import Origin
    from mien.subjects.contenders import Gathered


def write(files: OutputFiles, found: ClassifierComparison, asked: Gathered, origin: Origin) -> None:
    """Draw the figure, if requested. Raises ``OutputError``."""
    if files.figure is None:
        return
    from mien.reports.figures.save import save_figure
    from mien.reports.figures.tradeoff import ComparedModel, tradeoff_figure

    models = [
        ComparedModel(
            row.name, row.scores.accuracy, interval.low, interval.high, row.cost.ms_per_face
        )
        for row in found.rows
        for interval in [row.scores.intervals["accuracy"]]
    ]
    save_figure(tradeoff_figure(models, title(found)), files.figure)


def title(found: ClassifierComparison) -> str:
    """Split, pictures and crops."""
    first = found.rows[0].scores
    crops = "ten crops" if first.tta else "single crop"
    return f"{first.dataset}, split {first.split}, {first.n:,} pictures, {crops}"


def tables(found: ClassifierComparison) -> Iterator[tuple[str, Table]]:
    """Scores, costs, and the best classifier against each of the others."""
    yield "", filled_table(
        ("classifier", "accuracy", "95 %", "without duplicates", "balanced", "macro F1", "NLL",
         "ECE"),
        map(_scores, found.rows),
    )  # fmt: skip
    yield (
        "",
        filled_table(
            ("classifier", "parameters", "MACs", "ms a face", "MB", "measured on"),
            map(_costs, found.rows),
        ),
    )
    notes = [f"{row.name}: {row.cost.note}\n" for row in found.rows if row.cost.note]
    best, several = found.pairs[0].best, ""
    if len(found.pairs) > 1:
        several = f", Holm-corrected for {len(found.pairs)} pairs"
    yield "\n".join([
        *notes,
        f"{best}, the most accurate on these pictures, against each of the others: McNemar's test, "
        f"two-sided{several}",
    ]), filled_table(
        ("against", f"only {best} correct", "only it correct", "p", "p, Holm"),
        ((pair.other, f"{pair.best_alone:,}", f"{pair.other_alone:,}", _p(pair.p), _p(pair.p_holm))
         for pair in found.pairs),
    )  # fmt: skip


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
