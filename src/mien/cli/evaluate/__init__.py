"""``mien evaluate``: measure a classifier, or a face detector, on one split of a data set."""

from __future__ import annotations

from typing import Any

import click

OF_CLASSIFIERS = ("repeats_of", "tta", "explain", "method")
OF_DETECTORS = ("detector_options", "threads", "threshold", "limit")
"""Parameters that the other kind does not have."""


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
    figure: str | None,
    figures: str | None,
    html: str | None,
    save: str | None,
    **given: Any,
) -> None:
    """Measure a classifier or a face detector on labelled pictures.

    MODEL is a name that 'mien models' lists, an ONNX file with a model spec, or the folder or a
    checkpoint of a 'mien train' run (which needs the 'train' extra). The answers of a run on its
    own data are kept in its folder, as predictions/SPLIT.npz, of a detector detections/SPLIT.npz.
    """
    from mien.cli.evaluate.kind import check_known, is_detector
    from mien.cli.support.command_line import refuse, typed
    from mien.cli.support.output_files import Targets
    from mien.errors import ConfigError

    targets = Targets(figure, figures, html, save)
    if model.lower().endswith(".npz"):
        raise ConfigError(f"{model} is a file of answers, not a model: 'mien compare' takes it")
    check_known(model)
    if is_detector(model):
        from mien.cli.evaluate.detector import evaluate as evaluate_detector

        refuse(context, OF_CLASSIFIERS, f"is for classifiers, and {model} is a face detector")
        own = {name: value for name, value in given.items() if name not in OF_CLASSIFIERS}
        evaluate_detector(model, data, split, targets, typed(context), **own)
        return
    from mien.cli.evaluate.classifier import evaluate

    refuse(context, OF_DETECTORS, f"is for face detectors, and {model} is a classifier")
    if split is None:
        from mien.cli.evaluate.given import load

        load(model)  # a file that is none is told first
        wanted = next(option for option in context.command.params if option.name == "split")
        raise click.MissingParameter(ctx=context, param=wanted)
    own = {name: value for name, value in given.items() if name not in OF_DETECTORS}
    evaluate(model, data, split, targets, typed(context), **own)
