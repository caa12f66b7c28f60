"""An evaluation for people, in a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from mien.evaluate import Evaluation, Headline


def show(found: Evaluation, warnings: Sequence[str]) -> None:
    """Print headline, warnings and all tables to standard output."""
    from rich.markup import escape

    from mien.cli.console import out

    crops = "ten crops" if found.tta else "single crop"
    splits = "" if found.splits == "official" else f" ({found.splits})"
    console = out()
    console.print(
        f"{found.model} on {found.dataset}, split {found.split}{splits}, {crops}\n", markup=False
    )
    for warning in warnings:
        console.print(f"[bold yellow]warning[/bold yellow]: {escape(warning)}\n")
    for table in (_headlines(found), _classes(found), _confusion(found)):
        console.print(table)
        console.print()


def _table(first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first)
    for title in others:
        table.add_column(title, justify="right")
    return table


def _headlines(found: Evaluation) -> Table:
    shown: dict[str, Headline] = {"all pictures": found}
    if found.without_duplicates is not None:
        shown[f"without duplicates of {found.duplicates_of}"] = found.without_duplicates
    table = _table("", *shown)
    for title, name, style in (
        ("pictures", "n", ",d"),
        ("accuracy", "accuracy", ".2%"),
        ("balanced accuracy", "balanced_accuracy", ".2%"),
        ("macro F1", "macro_f1", ".2%"),
        ("ECE", "ece", ".2%"),
        ("NLL", "nll", ".4f"),
        ("AURC", "aurc", ".4f"),
    ):
        table.add_row(title, *(format(getattr(scores, name), style) for scores in shown.values()))
        if name in found.intervals:
            intervals = [scores.intervals[name] for scores in shown.values()]
            cells = (f"{100 * each.low:.1f} to {each.high:.1%}" for each in intervals)
            table.add_row("  95% interval", *cells, style="dim")
    return table


def _classes(found: Evaluation) -> Table:
    table = _table("class", "precision", "recall", "F1", "support")
    for label, row in found.per_class.items():
        shares = (f"{share:.1%}" for share in (row.precision, row.recall, row.f1))
        table.add_row(label, *shares, f"{row.support:,}")
    return table


def _confusion(found: Evaluation) -> Table:
    table = _table("true \\ predicted", *found.labels)
    for label, row in zip(found.labels, found.confusion, strict=True):
        table.add_row(label, *(f"{count:,}" for count in row))
    return table
