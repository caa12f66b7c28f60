"""Tables and files of ``mien evaluate --corruptions``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mien.cli.support.console import filled_table
from mien.reports.robustness_tables import (
    KIND_COLUMNS,
    headline_rows,
    kind_rows,
    robustness_title,
)

if TYPE_CHECKING:
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
    from mien.evaluation.classification.robustness import Robustness
    from mien.reports.page import Origin
    from mien.subjects.classifier import CorruptedSubject
    from mien.subjects.measured_data import MeasuredData

UNUSED = ("tta", "repeats_of", "explain", "explain_with")
"""Parameters that have no meaning with ``--corruptions``."""


def check(files: OutputFiles, subject: CorruptedSubject, data: MeasuredData, split: str) -> None:
    """Nothing but the files can stop this report."""


def write(
    files: OutputFiles,
    subject: CorruptedSubject,
    data: MeasuredData,
    answers: CorruptedAnswers,
    scores: Robustness,
    origin: Origin,
) -> None:
    """Write every requested file. Raises ``OutputError``."""
    if files.figure is None and not files.draws_all:
        return
    from mien.reports.figures.classification.robustness import corruptions_figure, examples_figure
    from mien.reports.figures.save import png, save_figure
    from mien.reports.text import named

    titled = named(scores, origin.data)
    if files.figure is not None:
        save_figure(corruptions_figure({scores.model: titled}, robustness_title(titled)),
                    files.figure)  # fmt: skip
    if not files.draws_all:
        return
    drawn = {
        "corruptions": corruptions_figure({scores.model: titled}, robustness_title(titled)),
        "examples": examples_figure(data.crops, answers.split),
    }
    pictures = {name: png(figure) for name, figure in drawn.items() if figure is not None}
    files.write_pictures(pictures)
    if files.html is not None:
        from mien.reports.page import write_report
        from mien.reports.robustness import robustness_report

        write_report(files.html, robustness_report(scores, origin, pictures))


def title(scores: Robustness) -> str:
    """Classifier, split, pictures and versions."""
    return robustness_title(scores)


def tables(scores: Robustness) -> Iterator[tuple[str, Table]]:
    """Headline figures, and accuracy by kind and strength."""
    yield "", filled_table(("", "share", "95 %"), headline_rows(scores))
    yield "accuracy by strength", filled_table(KIND_COLUMNS, kind_rows(scores))
