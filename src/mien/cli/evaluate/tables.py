"""An evaluation for people, in a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mien.cli.support.console import out, table

if TYPE_CHECKING:
    from rich.table import Table

    from mien.evaluation.classification.measures import Evaluation, Headline


def show(found: Evaluation, warnings: Sequence[str]) -> None:
    """Print headline, warnings and all tables to standard output."""
    from rich.markup import escape

    crops = "ten crops" if found.tta else "single crop"
    splits = "" if found.splits == "official" else f" ({found.splits})"
    console = out()
    console.print(
        f"{found.model} on {found.dataset}, split {found.split}{splits}, {crops}\n", markup=False
    )
    for warning in warnings:
        console.print(f"[bold yellow]warning[/bold yellow]: {escape(warning)}\n")
    for part in (_headlines(found), _classes(found), _confusion(found)):
        console.print(part)
        console.print()


def _headlines(found: Evaluation) -> Table:
    shown: dict[str, Headline] = {"all pictures": found}
    if found.without_duplicates is not None:
        shown[f"without duplicates of {found.duplicates_of}"] = found.without_duplicates
    rows = table("", *shown)
    for title, name, style in (
        ("pictures", "n", ",d"),
        ("accuracy", "accuracy", ".2%"),
        ("balanced accuracy", "balanced_accuracy", ".2%"),
        ("macro F1", "macro_f1", ".2%"),
        ("ECE", "ece", ".2%"),
        ("NLL", "nll", ".4f"),
        ("AURC", "aurc", ".4f"),
    ):
        rows.add_row(title, *(format(getattr(scores, name), style) for scores in shown.values()))
        if name in found.intervals:
            intervals = [scores.intervals[name] for scores in shown.values()]
            cells = (f"{100 * each.low:.1f} to {each.high:.1%}" for each in intervals)
            rows.add_row("  95% interval", *cells, style="dim")
    return rows


def _classes(found: Evaluation) -> Table:
    rows = table("class", "precision", "recall", "F1", "support")
    for label, row in found.per_class.items():
        shares = (f"{share:.1%}" for share in (row.precision, row.recall, row.f1))
        rows.add_row(label, *shares, f"{row.support:,}")
    return rows


def _confusion(found: Evaluation) -> Table:
    rows = table("true \\ predicted", *found.labels)
    for label, row in zip(found.labels, found.confusion, strict=True):
        rows.add_row(label, *(f"{count:,}" for count in row))
    return rows
