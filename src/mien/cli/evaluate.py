"""``mien evaluate``: measure a classifier on one split of a data set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from mien.classifiers.base import Classifier
    from mien.evaluate import Evaluation, Headline


@click.command()
@click.argument("model")
@click.option("--data", required=True, type=click.Path(), help="The data set: file, folder or zip.")
@click.option("--split", required=True, help="Such as train, public or private of FER2013.")
@click.option("--dataset", default="fer2013", show_default=True, help="Name of the data's reader.")
@click.option("--tta", is_flag=True, help="Average ten crops: centre, corners, mirror images.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--figure", type=click.Path(), help="Draw the confusion matrix (.png, .svg, .pdf).")
def command(
    model: str, data: str, split: str, dataset: str, tta: bool, as_json: bool, figure: str | None
) -> None:
    """Measure MODEL on one split of a data set.

    MODEL is a name that 'mien models' lists, an ONNX file with a model spec, or the folder or a
    checkpoint of a 'mien train' run (which needs the 'train' extra).
    """
    from mien.cli.progress import meter
    from mien.datasets.base import open_dataset
    from mien.evaluate import evaluate

    if figure is not None:  # before the work, not after it
        from mien.figures.save import check_target

        check_target(figure)
    classifier = _load(model)
    source = open_dataset(data, dataset)
    with meter() as on_progress:
        found = evaluate(classifier, source, split, tta=tta, on_progress=on_progress)
    if figure is not None:
        from mien.figures.confusion import save_confusion

        save_confusion(found, figure)
    if as_json:
        import json

        click.echo(json.dumps({**found.to_dict(), "source": model, "data": data}))
    else:
        _print(found)


def _load(model: str) -> Classifier:
    from mien.classifiers.base import load_classifier
    from mien.registry import classifiers

    is_run = os.path.isdir(model) or model.lower().endswith(".pt")  # noqa: PTH112 - never raises
    if not is_run or model in classifiers.names():
        return load_classifier(model, hint="or give an .onnx file or a training run's folder")
    from mien.train import require_extra

    require_extra(f"the training run {model}")
    from mien.train.classifier import TorchClassifier

    return TorchClassifier(model)


def _print(found: Evaluation) -> None:
    from mien.cli.console import out

    crops = "ten crops" if found.tta else "single crop"
    console = out()
    console.print(f"{found.model} on {found.dataset}, split {found.split}, {crops}\n", markup=False)
    for table in (_headlines(found), _classes(found), _confusion(found)):
        console.print(table)
        console.print()


def _table(first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first)
    for title in others:
        table.add_column(title, justify="right")
    return table


def _headlines(found: Evaluation) -> Table:
    shown: dict[str, Headline] = {"all pictures": found}
    if found.without_duplicates is not None:
        shown[f"without duplicates of {found.duplicates_of}"] = found.without_duplicates
    table = _table("", *shown)
    for title, name, style in (
        ("pictures", "n", ",d"),
        ("accuracy", "accuracy", ".2%"),
        ("balanced accuracy", "balanced_accuracy", ".2%"),
        ("macro F1", "macro_f1", ".2%"),
        ("ECE", "ece", ".2%"),
        ("NLL", "nll", ".4f"),
    ):
        table.add_row(title, *(format(getattr(scores, name), style) for scores in shown.values()))
    return table


def _classes(found: Evaluation) -> Table:
    table = _table("class", "precision", "recall", "F1", "support")
    for label, row in found.per_class.items():
        shares = (f"{share:.1%}" for share in (row.precision, row.recall, row.f1))
        table.add_row(label, *shares, f"{row.support:,}")
    return table


def _confusion(found: Evaluation) -> Table:
    table = _table("true \\ predicted", *found.labels)
    for label, row in zip(found.labels, found.confusion, strict=True):
        table.add_row(label, *(f"{count:,}" for count in row))
    return table
