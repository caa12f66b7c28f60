"""Tables and files of a face detector's evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mien.cli.support.console import facts_table, filled_table
from mien.reports.detection_tables import PART_COLUMNS, cost_rows, measure_rows, part_rows

if TYPE_CHECKING:
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.detection.answers import Detections
    from mien.evaluation.detection.measures import DetectionScores
    from mien.reports.page import Origin
    from mien.subjects.detector import DetectorSubject
    from mien.subjects.measured_data import MeasuredData


def check(files: OutputFiles, subject: DetectorSubject, data: MeasuredData, split: str) -> None:
    """Nothing but the files can stop the report of a detector."""


def write(
    files: OutputFiles,
    subject: DetectorSubject,
    data: MeasuredData,
    answers: Detections,
    scores: DetectionScores,
    origin: Origin,
) -> None:
    """Write every requested file. Raises ``OutputError``."""
    if files.figure is not None:
        from mien.reports.figures.detection.curves import precision_recall_figure
        from mien.reports.figures.save import save_figure

        save_figure(precision_recall_figure(scores), files.figure)
    if not files.draws_all:
        return
    from mien.reports.figures.detection.evaluation import detection_figures
    from mien.reports.figures.save import png

    figures = detection_figures(scores, answers, data.scenes, subject.epochs())
    pictures = {name: png(figure) for name, figure in figures}
    files.write_pictures(pictures)
    if files.html is not None:
        from mien.reports.detection import detection_report
        from mien.reports.page import write_report

        write_report(files.html, detection_report(scores, origin, pictures))


def title(scores: DetectionScores) -> str:
    """Detector, split, pictures, faces and the score of use."""
    ignored = f" ({scores.ignored:,} more are not counted)" if scores.ignored else ""
    return (
        f"{scores.detector} on {scores.dataset}, split {scores.split}: {scores.pictures:,} "
        f"pictures, {scores.faces:,} faces{ignored}, used at a score of {scores.threshold:.3g}"
    )


def tables(scores: DetectionScores) -> Iterator[tuple[str, Table]]:
    """Faces by size and subset, COCO's measures, and costs."""
    parts = ((name, *cells) for name, cells in part_rows(scores))
    yield "", filled_table(("", *PART_COLUMNS), parts)
    yield "", facts_table(measure_rows(scores))
    yield "", facts_table(cost_rows(scores))
