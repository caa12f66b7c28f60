"""``mien evaluate``: measure a classifier, or a face detector, on one split of a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mien.evaluation.kept_answers import Answers
    from mien.subjects.base import Subject
    from mien.subjects.source import Kind
    from mien.subjects.training_data import TrainingData

OWN: dict[Kind, tuple[str, ...]] = {
    "classifier": ("repeats_of", "tta", "explain", "method"),
    "detector": ("detector_options", "threads", "threshold", "limit"),
}
"""Parameters that only one kind of model has."""


@click.command()
@click.argument("model")
@click.option("--data", required=True, type=click.Path(), help="The data set: file, folder or zip.")
@click.option(
    "--split",
    help="Such as train, public or private of FER2013; a detector's data may have just one.",
)
@click.option(
    "--dataset", metavar="NAME",
    help="The data's reader; default: fer2013, for a detector coco, of a run its recipe's.",
)  # fmt: skip
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="An option of the reader, such as classes=7 of ferplus; can be repeated.",
)  # fmt: skip
@click.option(
    "--splits", metavar="HOW",
    help="official, random:90/10, subject:80/20; default: official, of a run its recipe's.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option(
    "--figure", type=click.Path(),
    help="Draw the confusion matrix, of a detector precision and recall (.png, .svg, .pdf).",
)  # fmt: skip
@click.option("--figures", type=click.Path(), metavar="DIR", help="Draw every figure, as PNG.")
@click.option("--html", type=click.Path(), metavar="FILE", help="A report in one file.")
@click.option(
    "--save", type=click.Path(), metavar="FILE.npz",
    help="Keep the answers for 'mien compare'; a run keeps its own.",
)  # fmt: skip
@click.option(
    "--repeats-of", default="train", show_default=True, metavar="SPLIT",
    help="Classifiers: measure also without the pictures that repeat one of SPLIT; none: do not "
    "look.",
)  # fmt: skip
@click.option(
    "--tta", is_flag=True, help="Classifiers: average ten crops, centre, corners, mirror images."
)
@click.option(
    "--explain", multiple=True, metavar="N|KEY",
    help="Classifiers: show what the answers to N examples, or to the picture called KEY, rest on "
    "(6 examples where not given); can be repeated.",
)  # fmt: skip
@click.option(
    "--explain-with", "method", type=click.Choice(["occlusion", "gradcam"]), default="occlusion",
    show_default=True, help="Classifiers: gradcam is for training runs alone.",
)  # fmt: skip
@click.option(
    "--detector-option", "detector_options", multiple=True, metavar="KEY=VALUE",
    help="Detectors: an option, such as min_face_size=20 of mtcnn; can be repeated.",
)  # fmt: skip
@click.option(
    "--threads", type=click.IntRange(1), metavar="N", help="Detectors: threads of one picture."
)
@click.option(
    "--threshold", type=click.FloatRange(0, 1), metavar="T",
    help="Detectors: the score from which a box counts as found; default: the detector's own.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Detectors: the first N pictures alone."
)
@click.pass_context
def command(
    context: click.Context,
    /,
    model: str,
    data: str,
    split: str | None,
    dataset: str | None,
    options: tuple[str, ...],
    splits: str | None,
    as_json: bool,
    figure: str | None,
    figures: str | None,
    html: str | None,
    save: str | None,
    repeats_of: str,
    tta: bool,
    explain: tuple[str, ...],
    method: str,
    detector_options: tuple[str, ...],
    threads: int | None,
    threshold: float | None,
    limit: int | None,
) -> None:
    """Measure a classifier or a face detector on labelled pictures.

    MODEL is a name that 'mien models' lists, an ONNX file with a model spec, or the folder or a
    checkpoint of a 'mien train' run (which needs the 'train' extra). The answers of a run on its
    own data are kept in its folder, as predictions/SPLIT.npz, of a detector detections/SPLIT.npz.
    """
    from mien.cli.evaluate import classifier, detector
    from mien.cli.support.command_line import as_typed, refuse
    from mien.cli.support.console import print_scores
    from mien.cli.support.output_files import OutputFiles
    from mien.cli.support.progress import meter
    from mien.reports.page import Origin
    from mien.subjects.base import Settings
    from mien.subjects.load import open_subject
    from mien.subjects.measured_data import open_data
    from mien.subjects.source import CALLED, identify
    from mien.subjects.training_data import TrainingData

    source = identify(model, threads)
    for kind in OWN.keys() - {source.kind}:
        refuse(
            context, OWN[kind], f"is for {CALLED[kind]}s, and {model} is a {CALLED[source.kind]}"
        )
    files = OutputFiles(figure, figures, html, save, explain, method)
    files.check()
    repeats = None if repeats_of == "none" else repeats_of
    settings = Settings(tta, repeats, detector_options, threads, threshold, limit)
    subject = open_subject(source, settings)
    measured = open_data(subject.reading, data, dataset, options, splits)
    split = measured.only_split(split)
    report = {"classifier": classifier, "detector": detector}[source.kind]
    report.check(files, subject, measured, split)
    with meter() as on_progress:
        answers = subject.answer(measured, split, on_progress)
    training = TrainingData(subject, measured)
    _keep(subject, training, answers)
    if save is not None:
        answers.save(Path(save))
    scores = subject.measure(answers)
    warnings = training.warnings(answers)
    try:
        origin = Origin(as_typed(context), model, data, warnings)
        report.write(files, subject, measured, answers, scores, origin)
    finally:  # a disk that is full by now does not take the measures with it
        if as_json:
            facts = {**scores.to_dict(), "source": model, "data": data, "warnings": warnings}
            click.echo(json.dumps(facts))
        else:
            print_scores(report.title(scores), warnings, report.tables(scores))


def _keep(subject: Subject[Any, Any], training: TrainingData, answers: Answers) -> None:
    """Save the answers of a run to its own data in its folder; a failure is only reported."""
    from mien.errors import OutputError
    from mien.evaluation.kept_answers import keep_answers

    folder = subject.source.folder
    path = folder and subject.kept_path(folder, answers.split, subject.settings)
    if path and training.is_measured:
        try:
            keep_answers(answers, path)
        except OutputError as error:
            click.echo(f"mien: the answers are not kept: {error}", err=True)
