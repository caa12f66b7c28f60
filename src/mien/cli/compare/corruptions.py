"""Tables and files of ``mien compare --corruptions``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mien.cli.support.console import filled_table
from mien.reports.robustness_tables import comparison_tables, corrupted_pictures
from mien.reports.text import named

if TYPE_CHECKING:
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.classification.robustness import RobustnessComparison
    from mien.reports.page import Origin
    from mien.subjects.contenders import Gathered


def write(files: OutputFiles, found: RobustnessComparison, asked: Gathered, origin: Origin) -> None:
    """Write every requested file. Raises ``OutputError``."""
    if files.figure is None and not files.draws_all:
        return
    from mien.reports.figures.classification.robustness import corruptions_figure, examples_figure
    from mien.reports.figures.save import png, save_figure

    models = {row.name: row.scores for row in found.rows}
    heading = title(found, origin.data)
    if files.figure is not None:
        save_figure(corruptions_figure(models, heading), files.figure)
    if not files.draws_all:
        return
    pictures = {"corruptions": png(corruptions_figure(models, heading))}
    if asked.data is not None:
        examples = examples_figure(asked.data.crops, found.rows[0].scores.split)
        pictures |= {"examples": png(examples)} if examples else {}
    files.write_pictures(pictures)
    if files.html is not None:
        from mien.reports.page import write_report
        from mien.reports.robustness import robustness_comparison_report

        write_report(files.html, robustness_comparison_report(found, origin, pictures))


def title(found: RobustnessComparison, data: str) -> str:
    """Data set, split, pictures and versions."""
    return corrupted_pictures(named(found.rows[0].scores, data))


def tables(found: RobustnessComparison) -> Iterator[tuple[str, Table]]:
    """Headline figures, accuracy of each kind, and the best against each of the others."""
    scores, *others = comparison_tables(found)
    yield "", filled_table(scores.columns, scores.rows)
    for part in others:
        yield part.heading, filled_table(part.columns, part.rows)
