"""Tables and files of a comparison of face detectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mien.cli.support.console import filled_table
from mien.reports.comparison_rows import about_comparison, comparison_rows

if TYPE_CHECKING:
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.detection.comparison import DetectorComparison
    from mien.reports.page import Origin
    from mien.subjects.gather import Gathered

title = about_comparison


def write(files: OutputFiles, found: DetectorComparison, asked: Gathered, origin: Origin) -> None:
    """Write every requested file. Raises ``OutputError``."""
    if files.figure is not None:
        from mien.reports.figures.detectors import speed_figure
        from mien.reports.figures.save import save_figure

        save_figure(speed_figure(found, title(found)), files.figure)
    if not files.draws_all:
        return
    from mien.reports.figures.detectors import detectors_figures
    from mien.reports.figures.save import png

    if asked.data is None:
        click.echo("mien: pictures are shown side by side only with --data", err=True)
    scenes = None if asked.data is None else asked.data.scenes
    drawn = detectors_figures(found, asked.answers, scenes, title(found))
    pictures = {name: png(figure) for name, figure in drawn}
    files.write_pictures(pictures)
    if files.html is not None:
        from mien.reports.comparison import save_report

        save_report(files.html, found, origin, pictures)


def tables(found: DetectorComparison) -> Iterator[tuple[str, Table]]:
    """Quality, boxes at the score of use, costs, and the best against each of the others."""
    for part in comparison_rows(found):
        yield part.heading, filled_table(part.columns, part.rows)
