"""Tables and files of a comparison of face detectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mien.cli.support.console import filled_table
from mien.cli.support.printing import complain
from mien.reports.detection_tables import comparison_tables
from mien.reports.text import detection_pictures, named

if TYPE_CHECKING:
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.detection.comparison import DetectorComparison
    from mien.reports.page import Origin
    from mien.subjects.contenders import Gathered


def write(files: OutputFiles, found: DetectorComparison, asked: Gathered, origin: Origin) -> None:
    """Write every requested file. Raises ``OutputError``."""
    if files.figure is not None:
        from mien.reports.figures.detection.comparison import speed_figure
        from mien.reports.figures.save import save_figure

        save_figure(speed_figure(found), files.figure)
    if not files.draws_all:
        return
    from mien.reports.figures.detection.comparison import comparison_figures
    from mien.reports.figures.save import png

    if asked.data is None:
        complain("pictures are shown side by side only with --data")
    scenes = None if asked.data is None else asked.data.scenes
    figures = comparison_figures(found, asked.answers, scenes)
    pictures = {name: png(figure) for name, figure in figures}
    files.write_pictures(pictures)
    if files.html is not None:
        from mien.reports.detection_comparison import comparison_report
        from mien.reports.page import write_report

        write_report(files.html, comparison_report(found, origin, pictures))


def title(found: DetectorComparison, data: str) -> str:
    """Data set, split, pictures and faces."""
    return detection_pictures(named(found.rows[0].scores, data))


def tables(found: DetectorComparison) -> Iterator[tuple[str, Table]]:
    """Quality, boxes at the score of use, costs, and the best against each of the others."""
    for part in comparison_tables(found):
        yield part.heading, filled_table(part.columns, part.rows)
