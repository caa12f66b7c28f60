"""``mien evaluate``: measure a classifier or a face detector on one split of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.device import DEVICE
from mien.cli.support.numbers import COUNT, THREADS, Finite
from mien.cli.support.printing import complain, say_json

if TYPE_CHECKING:
    from mien.evaluation.kept_answers import Answers
    from mien.subjects.base import Subject
    from mien.subjects.source import Kind
    from mien.subjects.training_data import TrainingData

OWN: dict[Kind, tuple[str, ...]] = {
    "classifier": ("repeats_of", "tta", "explain", "explain_with", "corruptions"),
    "detector": ("detector_options", "threads", "threshold", "limit"),
}
"""Parameters of only one kind of model."""


@click.command()
@click.argument("model")
@click.option(
    "--data", required=True, type=click.Path(), help="The data set: a file, folder or zip."
)
@click.option(
    "--split",
    help="Such as train, public or private of FER2013; not needed if the data has one split.",
)
@click.option(
    "--dataset", metavar="NAME",
    help="Reader of the data; default: guessed and said; for runs the recipe's.",
)  # fmt: skip
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="An option of the reader, such as classes=7 of ferplus; can be repeated.",
)  # fmt: skip
@click.option(
    "--splits", metavar="HOW",
    help="official, random:90/10, subject:80/20; default: official, for runs the recipe's.",
)  # fmt: skip
@click.option(
    "--folds", metavar="N|subject:N",
    help="Classifiers: N folds, each tested once. MODEL may then be a recipe, which is trained on "
    "the other folds; subject:N keeps the pictures of a person in one fold.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(), metavar="DIR",
    help="With --folds: a folder for the answers, and of a recipe for its runs; the same command "
    "continues there.",
)  # fmt: skip
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="With --folds: set any key of the recipe; can be repeated.",
)  # fmt: skip
@click.option("--weights", metavar="WHERE", help="With --folds: the recipe's initial weights.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--figure", type=click.Path(),
    help="Draw the confusion matrix, or precision and recall of a detector (.png, .svg, .pdf).",
)  # fmt: skip
@click.option("--figures", type=click.Path(), metavar="DIR", help="Write every figure as PNG.")
@click.option("--html", type=click.Path(), metavar="FILE", help="Write a report as one HTML file.")
@click.option(
    "--save", type=click.Path(), metavar="FILE.npz",
    help="Save the answers for 'mien compare'; a run's are saved in its folder anyway.",
)  # fmt: skip
@click.option(
    "--repeats-of", default="train", show_default=True, metavar="SPLIT",
    help="Classifiers: measure also without the pictures that repeat one of SPLIT; none: do not "
    "look for repeats.",
)  # fmt: skip
@click.option(
    "--tta", is_flag=True, help="Classifiers: average ten crops: centre, corners, mirror images."
)
@click.option(
    "--corruptions", is_flag=True,
    help="Classifiers: measure on corrupted pictures: 8 kinds, such as blur and noise, of 5 "
    "strengths each. Takes 40 times as long.",
)  # fmt: skip
@click.option(
    "--explain", multiple=True, metavar="N|KEY",
    help="Classifiers: explain the answers to N examples, or to the picture KEY, in figures and "
    "report (default: 6 examples); can be repeated.",
)  # fmt: skip
@click.option(
    "--explain-with", type=click.Choice(["occlusion", "gradcam"]), default="occlusion",
    show_default=True, help="Classifiers: how to explain; gradcam needs a training run.",
)  # fmt: skip
@click.option(
    "--detector-option", "detector_options", multiple=True, metavar="KEY=VALUE",
    help="Detectors: an option, such as min_face_size=20 of yunet; can be repeated.",
)  # fmt: skip
@click.option("--threads", type=THREADS, metavar="N", help="Detectors: threads for one picture.")
@click.option(
    "--threshold", type=Finite(0, 1), metavar="T",
    help="Detectors: score from which a box counts as a face; default: the detector's own.",
)  # fmt: skip
@click.option(
    "--limit", type=COUNT, metavar="N",
    help="Detectors, and with --corruptions: only N pictures, drawn at random (seed 0: always the "
    "same ones).",
)  # fmt: skip
@DEVICE
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
    folds: str | None,
    out: str | None,
    overrides: tuple[str, ...],
    weights: str | None,
    as_json: bool,
    figure: str | None,
    figures: str | None,
    html: str | None,
    save: str | None,
    explain: tuple[str, ...],
    explain_with: str,
    **settings: Any,
) -> None:
    """Measure a classifier or a face detector on labelled pictures.

    MODEL is a name that 'mien models' lists, an ONNX file with a model spec, or the folder or a
    checkpoint of a 'mien train' run (which needs the 'train' extra). The answers of a run to its
    own data are saved in its folder, as predictions/SPLIT.npz, for detectors detections/SPLIT.npz.
    With --folds MODEL may also be a recipe that 'mien train --list' lists, or a .toml file.
    """
    from mien.cli.evaluate import classifier, corruptions, detector
    from mien.cli.evaluate import folds as cross_validation
    from mien.cli.support.command_line import as_typed, refuse
    from mien.cli.support.console import print_scores
    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.output_files import OutputFiles
    from mien.cli.support.photos import hint_at_photos, search_photos
    from mien.cli.support.progress import meter
    from mien.cli.support.reader import say_reader
    from mien.errors import UnknownNameError
    from mien.reports.page import Origin
    from mien.reports.text import named
    from mien.subjects.base import Settings
    from mien.subjects.load import open_subject
    from mien.subjects.measured_data import open_data
    from mien.subjects.source import CALLED, identify
    from mien.subjects.training_data import TrainingData

    check_outputs(context, ["figure", "figures", "html", "save", "out"])
    if folds is not None:
        cross_validation.evaluate_folds(
            context, model, data, folds, split=split, dataset=dataset, options=options, out=out,
            overrides=overrides, weights=weights, device=settings["device"], tta=settings["tta"],
            as_json=as_json, html=html,
        )  # fmt: skip
        return
    refuse(context, cross_validation.OWN, "needs --folds")
    try:
        source = identify(model, settings["threads"], settings["device"])
    except UnknownNameError:
        cross_validation.refuse_recipe(model)
        raise
    robust = settings["corruptions"]
    for kind in OWN.keys() - {source.kind}:
        others = [name for name in OWN[kind] if not (robust and name == "limit")]
        refuse(context, others, f"is for {CALLED[kind]}s, and {model} is a {CALLED[source.kind]}")
    if robust:
        refuse(context, corruptions.UNUSED, "has no meaning with --corruptions")
    files = OutputFiles(figure, figures, html, save, explain, explain_with)
    files.check()
    subject = open_subject(source, Settings(**settings))
    measured = open_data(source, subject.recipe, data, dataset, options, splits)
    say_reader(data, measured.whole, measured.guessed)
    hint_at_photos(measured.whole, (*options, *subject.recipe.get("dataset_options", ())))
    search_photos(measured.whole, measured.division[0])
    split = measured.only_split(split)
    by_kind = {"classifier": corruptions if robust else classifier, "detector": detector}
    report = by_kind[source.kind]
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
    finally:  # the scores are shown even if the disk is full
        if as_json:
            facts = {**scores.to_dict(), "source": model, "data": data, "warnings": warnings}
            say_json(facts)
        else:
            print_scores(report.title(named(scores, data)), warnings, report.tables(scores))


def _keep(subject: Subject[Any, Any], training: TrainingData, answers: Answers) -> None:
    """Save the answers of a run to its own data in its folder; report a failure and go on.

    Not while the run trains on: they would be answers of weights that are soon replaced.
    """
    from mien.errors import ConfigError, OutputError
    from mien.evaluation.kept_answers import keep_answers
    from mien.files import lock_folder

    folder = subject.source.folder
    path = folder and subject.kept_path(folder, answers.split, subject.settings)
    if folder and path and training.is_measured:
        try:
            with lock_folder(folder, "saving answers in"):
                keep_answers(answers, path)
        except (ConfigError, OutputError) as error:
            complain(f"the answers are not kept: {error}")
