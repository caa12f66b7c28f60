"""A detector's evaluation for people, in a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Sequence

from mien.cli.support.console import out, table
from mien.evaluation.detection.measures import DetectionScores
from mien.reports.detection_tables import PART_COLUMNS, cost_rows, measure_rows, part_rows


def show(found: DetectionScores, warnings: Sequence[str]) -> None:
    """Print headline, warnings and all tables to standard output."""
    from rich.markup import escape
    from rich.table import Table

    console = out()
    ignored = f" ({found.ignored:,} more are not counted)" if found.ignored else ""
    console.print(
        f"{found.detector} on {found.dataset}, split {found.split}: {found.pictures:,} pictures, "
        f"{found.faces:,} faces{ignored}, used at a score of {found.threshold:.3g}\n",
        markup=False,
    )
    for warning in warnings:
        console.print(f"[bold yellow]warning[/bold yellow]: {escape(warning)}\n")
    rows = table("", *PART_COLUMNS)
    for name, cells in part_rows(found):
        rows.add_row(escape(name), *cells)
    console.print(rows)
    for facts in (measure_rows(found), cost_rows(found)):
        console.print()
        lines = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        for title, text in facts:
            lines.add_row(title, escape(text))
        console.print(lines)
