"""``mien compare`` of face detectors: quality, over-detection, speed, and the same pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mien.cli.compare.detector_answers import Asked, gather
from mien.cli.support.console import out, table
from mien.cli.support.output_files import Targets
from mien.cli.support.short_names import short_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mien.evaluation.detection.comparison import Comparison
    from mien.reports.page import Origin


def compare_detectors(
    runs: tuple[str, ...],
    command: str,
    *,
    data: str | None,
    split: str | None,
    dataset: str | None,
    detector_options: tuple[str, ...],
    threads: int | None,
    limit: int | None,
    as_json: bool,
    figure: str | None,
    figures: str | None,
    html: str | None,
) -> None:
    """Compare ``runs``, which are two or more; ``command`` is the command line as it was given."""
    from mien.evaluation.detection.comparison import compare
    from mien.reports.page import Origin

    targets = Targets(figure, figures, html)
    targets.check()
    names = short_names(runs)
    asked = gather(names, data, split, dataset, detector_options, threads, limit)
    found = compare(asked.answers)
    try:
        origin = Origin(command, ", ".join(names.values()), data or "", asked.warnings)
        _write(targets, found, asked, origin)
    finally:  # a disk that is full by now does not take the measures with it
        if as_json:
            import json

            facts = {**found.to_dict(), "data": data, "warnings": asked.warnings}
            click.echo(json.dumps(facts))
        else:
            _print(found, asked.warnings)


def _write(targets: Targets, found: Comparison, asked: Asked, origin: Origin) -> None:
    """Write every file that was asked for. Raises ``OutputError``."""
    if targets.figure is not None:
        from mien.reports.figures.detection.comparison import speed_figure
        from mien.reports.figures.save import save_figure

        save_figure(speed_figure(found), targets.figure)
    if not targets.shows:
        return
    from mien.reports.figures.detection.comparison import comparison_figures
    from mien.reports.figures.save import png

    if asked.dataset is None:
        click.echo("mien: without --data no pictures are shown side by side", err=True)
    drawn = comparison_figures(found, asked.answers, asked.dataset)
    pictures = {name: png(figure) for name, figure in drawn}
    targets.write_pictures(pictures)
    if targets.html is not None:
        from mien.reports.detection_comparison import comparison_report
        from mien.reports.page import write_report

        write_report(targets.html, comparison_report(found, origin, pictures))


def _print(found: Comparison, warnings: Sequence[str]) -> None:
    from rich.markup import escape

    from mien.reports.detection_tables import comparison_tables
    from mien.reports.text import detection_pictures

    console = out()
    console.print(detection_pictures(found.rows[0].scores), markup=False)
    for warning in warnings:
        console.print(f"\n[bold yellow]warning[/bold yellow]: {escape(warning)}")
    for part in comparison_tables(found):
        console.print(f"\n{part.heading}", markup=False)
        rows = table(*part.columns)
        for cells in part.rows:
            rows.add_row(*map(escape, cells))
        console.print(rows)
