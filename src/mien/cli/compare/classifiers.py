"""Tables and files of a comparison of classifiers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mien.cli.support.console import filled_table
from mien.cli.support.printing import complain
from mien.reports.classification_comparison_tables import comparison_tables, cost_notes
from mien.reports.text import compared_pictures, named

if TYPE_CHECKING:
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.classification.comparison import ClassifierComparison
    from mien.reports.page import Origin
    from mien.subjects.contenders import Gathered


def write(files: OutputFiles, found: ClassifierComparison, asked: Gathered, origin: Origin) -> None:
    """Write every requested file. Raises ``OutputError``."""
    heading = compared_pictures(named(found.rows[0].scores, origin.data))
    if files.figure is not None:
        from mien.reports.figures.classification.comparison import quality_figure
        from mien.reports.figures.save import save_figure

        save_figure(quality_figure(found, heading), files.figure)
    if not files.draws_all:
        return
    from mien.reports.figures.classification.comparison import comparison_figures
    from mien.reports.figures.save import png

    if asked.data is None:
        complain("the pictures where they disagree are shown only with --data")
    crops = None if asked.data is None else asked.data.crops
    figures = comparison_figures(found, asked.answers, crops, heading)
    pictures = {name: png(figure) for name, figure in figures}
    files.write_pictures(pictures)
    if files.html is not None:
        from mien.reports.classification_comparison import comparison_report
        from mien.reports.page import write_report

        write_report(files.html, comparison_report(found, origin, pictures))


def title(found: ClassifierComparison, data: str) -> str:
    """Data set, split, pictures and crops."""
    return compared_pictures(named(found.rows[0].scores, data))


def tables(found: ClassifierComparison) -> Iterator[tuple[str, Table]]:
    """Scores, costs, and the best classifier against each of the others."""
    scores, costs, pairs = comparison_tables(found)
    yield "", filled_table(scores.columns, scores.rows)
    yield "", filled_table(costs.columns, costs.rows)
    notes = [f"{note}\n" for note in cost_notes(found)]
    yield "\n".join([*notes, pairs.heading]), filled_table(pairs.columns, pairs.rows)
