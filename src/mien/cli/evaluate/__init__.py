"""``mien evaluate``: measure a classifier on one split of a data set."""

from __future__ import annotations

import click
from click.core import ParameterSource


@click.command()
@click.argument("model")
@click.option("--data", required=True, type=click.Path(), help="The data set: file, folder or zip.")
@click.option("--split", required=True, help="Such as train, public or private of FER2013.")
@click.option(
    "--dataset", metavar="NAME", help="The data's reader; default: fer2013, of a run its recipe's."
)
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="An option of the reader, such as classes=7 of ferplus; can be repeated.",
)  # fmt: skip
@click.option(
    "--splits", metavar="HOW",
    help="official, random:90/10, subject:80/20; default: official, of a run its recipe's.",
)  # fmt: skip
@click.option(
    "--repeats-of", default="train", show_default=True, metavar="SPLIT",
    help="Measure also without the pictures that repeat one of SPLIT; none: do not look.",
)  # fmt: skip
@click.option("--tta", is_flag=True, help="Average ten crops: centre, corners, mirror images.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--figure", type=click.Path(), help="Draw the confusion matrix (.png, .svg, .pdf).")
@click.option("--figures", type=click.Path(), metavar="DIR", help="Draw every figure, as PNG.")
@click.option("--html", type=click.Path(), metavar="FILE", help="A report in one file.")
@click.option(
    "--explain", multiple=True, metavar="N|KEY",
    help="Show what the answers to N examples, or to the picture called KEY, rest on (6 examples "
    "where not given); can be repeated.",
)  # fmt: skip
@click.option(
    "--explain-with", "method", type=click.Choice(["occlusion", "gradcam"]), default="occlusion",
    show_default=True, help="gradcam: for training runs alone.",
)  # fmt: skip
@click.option(
    "--save", type=click.Path(), metavar="FILE.npz",
    help="Keep the answers for 'mien compare'; a run keeps its own.",
)  # fmt: skip
@click.pass_context
def command(
    context: click.Context,
    model: str,
    data: str,
    split: str,
    dataset: str | None,
    options: tuple[str, ...],
    splits: str | None,
    repeats_of: str,
    tta: bool,
    as_json: bool,
    figure: str | None,
    figures: str | None,
    html: str | None,
    explain: tuple[str, ...],
    method: str,
    save: str | None,
) -> None:
    """Measure MODEL on one split of a data set.

    MODEL is a name that 'mien models' lists, an ONNX file with a model spec, or the folder or a
    checkpoint of a 'mien train' run (which needs the 'train' extra). The answers of a run on its
    own data are kept in its folder, as predictions/SPLIT.npz.
    """
    from pathlib import Path

    from mien.cli.evaluate.given import load, open_data, warnings
    from mien.cli.evaluate.outputs import Outputs, keep
    from mien.cli.evaluate.tables import show
    from mien.cli.progress import meter
    from mien.evaluate import measure, predict

    outputs = Outputs(figure, figures, html, save, explain, method)
    outputs.check_targets()
    opened = load(model)
    source = open_data(opened, data, dataset, options, splits)
    outputs.check_explanation(opened, source, split)
    with meter() as on_progress:
        predictions = predict(
            opened.classifier, source.dataset, split, tta=tta, splits=source.splits,
            repeats_of=None if repeats_of == "none" else repeats_of, on_progress=on_progress,
        )  # fmt: skip
    if opened.folder is not None and source.trained_on:
        keep(predictions, opened.folder)
    if save is not None:
        predictions.save(Path(save))
    found = measure(predictions)
    minded = warnings(opened, source, predictions)
    try:
        outputs.write(opened, source, predictions, found, minded, data, _typed(context))
    finally:  # a disk that is full by now does not take the measures with it
        if as_json:
            import json

            facts = {**found.to_dict(), "source": model, "data": data, "warnings": minded}
            click.echo(json.dumps(facts))
        else:
            show(found, minded)


def _typed(context: click.Context) -> str:
    """The command as it was given, for whoever wants to repeat it."""
    import shlex

    words = context.command_path.split()
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        for each in value if isinstance(value, tuple) else (value,):
            words += [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
            words += [] if each is True else [str(each)]
    return shlex.join(words)
