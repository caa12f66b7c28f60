"""``mien evaluate --folds``: a recipe is trained, or a model measured, on every fold."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.console import filled_table, print_scores
from mien.cli.support.printing import complain, say, say_json
from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.datasets.base import AnyDataset
    from mien.evaluation.classification.cross_validation import CrossValidation
    from mien.train.classification.config import ClassifierConfig

UNUSED = (
    "splits", "figure", "figures", "save", "explain", "explain_with", "repeats_of",
    "detector_options", "threads", "threshold", "limit", "corruptions",
)  # fmt: skip
"""Parameters that have no meaning with ``--folds``."""
OWN = ("out", "overrides", "weights")
"""Parameters that need ``--folds``."""
TRAINS = ("overrides", "weights")
"""Parameters that need a recipe."""


def is_recipe(text: str) -> bool:
    """Whether ``text`` names a recipe: a TOML file, or one that ships and is not a model's name."""
    from mien.registry import classifiers, detectors
    from mien.train.recipe import recipe_names

    if text in (*classifiers.names(), *detectors.names()):
        return False
    return Path(text).suffix == ".toml" or text in recipe_names()


def evaluate_folds(
    context: click.Context,
    model: str,
    data: str,
    folds: str,
    *,
    split: str | None,
    dataset: str | None,
    options: Sequence[str],
    out: str | None,
    overrides: Sequence[str],
    weights: str | None,
    device: str | None,
    tta: bool,
    as_json: bool,
    html: str | None,
) -> None:
    """Train or measure ``model`` on each fold, print the outcome, and write the report."""
    from mien.cli.support.command_line import as_typed, refuse
    from mien.reports.page import Origin, check_report_path, write_report
    from mien.reports.text import named
    from mien.subjects.folds import read_folds

    refuse(context, UNUSED, "has no meaning with --folds")
    count, by_subject = read_folds(folds)
    if html is not None:
        check_report_path(html)
    warnings: list[str] = []
    if is_recipe(model):
        if out is None:
            raise ConfigError("--out is missing: the folder for a training run of each fold")
        found = _trained(
            model, data, count, by_subject,
            split=split, dataset=dataset, options=options, out=Path(out), overrides=overrides,
            weights=weights, device=device, tta=tta,
        )  # fmt: skip
    else:
        refuse(context, TRAINS, f"is for a recipe, and {model} is a model, which is not trained")
        found, warnings = _measured(
            model, data, count, by_subject, split=split, dataset=dataset, options=options,
            out=None if out is None else Path(out), device=device, tta=tta,
        )  # fmt: skip
    try:
        if html is not None:
            from mien.reports.cross_validation import folds_report

            origin = Origin(as_typed(context), model, data, warnings)
            write_report(html, folds_report(named(found, data), origin))
    finally:  # the scores are shown even if the disk is full
        if as_json:
            from dataclasses import asdict

            say_json({**asdict(found), "source": model, "data": data, "warnings": warnings})
        else:
            _print(named(found, data), warnings)
            if out is not None:
                folder = shlex.quote(str(out))
                say(f"next: mien compare {folder} OTHER, the --out of another model's folds")


def refuse_recipe(name: str) -> None:
    """Raise ``ConfigError`` if ``name`` is a recipe's: it has no weights to measure yet."""
    from mien.train.recipe import recipe_names

    if name in recipe_names():
        raise ConfigError(
            f"{name} is a recipe: give a run of it ('mien train {name}'), or --folds 5 to train it "
            "for each fold"
        )


def _trained(
    recipe: str,
    data: str,
    count: int,
    by_subject: bool,
    *,
    split: str | None,
    dataset: str | None,
    options: Sequence[str],
    out: Path,
    overrides: Sequence[str],
    weights: str | None,
    device: str | None,
    tta: bool,
) -> CrossValidation:
    from mien.cli.support.epochs import epochs_shown
    from mien.datasets.opening import AUTO, open_dataset
    from mien.extras import require_extra
    from mien.subjects.folds import source_split
    from mien.train.classification.config import ClassifierConfig
    from mien.train.recipe import load_recipe

    keys: dict[str, Any] = {"dataset": dataset, "weights": weights}
    values = {key: value for key, value in keys.items() if value is not None}
    if options:
        values["dataset_options"] = tuple(options)
    config = load_recipe(recipe, overrides, values)
    if not isinstance(config, ClassifierConfig):
        raise ConfigError(f"{recipe} trains a face detector: --folds is for classifiers")
    config.check_teacher()
    opened = open_dataset(data, config.dataset, config.dataset_options)
    _say_what_is_read(data, opened, config.dataset == AUTO, config.dataset_options)
    source = source_split(opened.splits(), split)
    require_extra("train", "'mien evaluate --folds' of a recipe")
    from mien.train.cross_validation import train_folds
    from mien.train.session import check_dataset, pick_device

    check_dataset(config, opened)
    chosen = pick_device(device or "auto")

    @contextmanager
    def on_fold(number: int, of: int, own: ClassifierConfig) -> Iterator[Any]:
        say(f"fold {number} of {of}: training {own.name} on {chosen}", err=True)
        with epochs_shown(own) as callbacks:
            yield callbacks

    try:
        return train_folds(
            config, opened, out, count, source=source, by_subject=by_subject, tta=tta,
            device=chosen, on_fold=on_fold, on_note=complain,
        )  # fmt: skip
    except KeyboardInterrupt:
        complain("stopped; run the same command to continue")
        raise SystemExit(130) from None


def _measured(
    model: str,
    data: str,
    count: int,
    by_subject: bool,
    *,
    split: str | None,
    dataset: str | None,
    options: Sequence[str],
    out: Path | None,
    device: str | None,
    tta: bool,
) -> tuple[CrossValidation, list[str]]:
    from mien.cli.support.progress import meter
    from mien.subjects.base import Settings
    from mien.subjects.classifier import ClassifierSubject
    from mien.subjects.folds import measure_folds, source_split
    from mien.subjects.load import open_subject
    from mien.subjects.measured_data import open_data
    from mien.subjects.source import identify

    source = identify(model, device=device)
    if source.kind == "detector":
        raise ConfigError(f"{model} is a face detector: --folds is for classifiers")
    say(f"{model} is a model: it is measured on each fold, and not trained", err=True)
    subject = open_subject(source, Settings(tta=tta, repeats_of="none", device=device))
    assert isinstance(subject, ClassifierSubject)
    opened = open_data(source, subject.recipe, data, dataset, options, "official")
    _say_what_is_read(data, opened.whole, opened.guessed, options)
    divided = source_split(opened.crops.splits(), split)
    with meter() as on_progress:
        return measure_folds(subject, opened, divided, count, by_subject, out, on_progress)


def _say_what_is_read(
    path: str, dataset: AnyDataset, guessed: bool, options: Sequence[str]
) -> None:
    """The reader and the hint at whole photos; their faces, which folds need, behind a bar."""
    from mien.cli.support.photos import hint_at_photos, search_all_photos
    from mien.cli.support.reader import say_reader

    say_reader(path, dataset, guessed)
    hint_at_photos(dataset, options)
    search_all_photos(dataset)


def _print(found: CrossValidation, warnings: Sequence[str]) -> None:
    from mien.reports.cross_validation import (
        fold_columns,
        fold_rows,
        folds_note,
        folds_title,
        spread_columns,
        spread_rows,
    )

    tables = [
        ("", filled_table(spread_columns(), spread_rows(found))),
        ("", filled_table(fold_columns(found), fold_rows(found))),
    ]
    print_scores(f"{folds_title(found)}\n{folds_note(found)}", warnings, tables)
