"""``mien evaluate`` of a face detector: its answers, measures, warnings and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.support.output_files import Targets, keep

if TYPE_CHECKING:
    from mien.cli.evaluate.detector_given import Given
    from mien.datasets.scene import SceneDataset
    from mien.evaluation.detection.answers import Detections
    from mien.evaluation.detection.measures import DetectionScores
    from mien.reports.page import Origin


def evaluate(
    model: str,
    data: str,
    split: str | None,
    targets: Targets,
    command: str,
    *,
    dataset: str | None,
    options: tuple[str, ...],
    splits: str | None,
    detector_options: tuple[str, ...],
    threads: int | None,
    threshold: float | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Do it all; ``command`` is the command line as it was given."""
    from mien.cli.evaluate.data import open_data
    from mien.cli.evaluate.detector_given import ask, load, only_split, warnings
    from mien.cli.evaluate.detector_tables import show
    from mien.evaluation.detection.answers import answers_path
    from mien.evaluation.detection.measures import measure
    from mien.reports.page import Origin

    targets.check()
    given = load(model, detector_options, threads, threshold)
    source = open_data(given, data, dataset, options, splits)
    which = only_split(source, split)
    answers = ask(given, source, which, limit)
    if given.folder is not None and source.trained_on and given.usual and limit is None:
        keep(answers, answers_path(given.folder, which))
    if targets.save is not None:
        answers.save(Path(targets.save))
    found = measure(answers)
    minded = warnings(given, source, answers)
    try:
        origin = Origin(command, model, data, minded)
        _write(targets, found, answers, source.dataset, given, origin)
    finally:  # a disk that is full by now does not take the measures with it
        if as_json:
            import json

            facts = {**found.to_dict(), "source": model, "data": data, "warnings": minded}
            click.echo(json.dumps(facts))
        else:
            show(found, minded)


def _write(
    targets: Targets,
    found: DetectionScores,
    answers: Detections,
    dataset: SceneDataset,
    given: Given,
    origin: Origin,
) -> None:
    """Write every file that was asked for. Raises ``OutputError``."""
    if targets.figure is not None:
        from mien.reports.figures.detection.curves import precision_recall_figure
        from mien.reports.figures.save import save_figure

        save_figure(precision_recall_figure(found), targets.figure)
    if not targets.shows:
        return
    from mien.reports.figures.curves import read_metrics
    from mien.reports.figures.detection.evaluation import detection_figures
    from mien.reports.figures.save import png

    metrics = given.folder and given.folder / "metrics.jsonl"
    epochs = read_metrics(metrics) if metrics and metrics.is_file() else ()
    drawn = detection_figures(found, answers, dataset, epochs)
    pictures = {name: png(figure) for name, figure in drawn}
    targets.write_pictures(pictures)
    if targets.html is not None:
        from mien.reports.detection import detection_report
        from mien.reports.page import write_report

        write_report(targets.html, detection_report(found, origin, pictures))
