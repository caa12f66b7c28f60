"""A model, or a recipe's folder of runs, on every fold of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mien.datasets.folding import Folding
from mien.datasets.splits import all_folds
from mien.errors import ConfigError
from mien.evaluation.classification.cross_validation import (
    CrossValidation,
    FoldsComparison,
    compare_folds,
    cross_validation,
)
from mien.evaluation.kept_folds import (
    MOST_FOLDS,
    TESTED,
    FoldsNote,
    begin,
    holds_folds,
    keep_fold,
    load_folds,
)
from mien.evaluation.split_pictures import Progress
from mien.subjects.classifier import ClassifierSubject
from mien.subjects.measured_data import MeasuredData
from mien.subjects.training_data import TrainingData


def read_folds(text: str) -> tuple[int, bool]:
    """Number of folds, and whether subjects stay together, of a text such as ``subject:5``.

    Raises ``ConfigError``.
    """
    kind, _, number = text.rpartition(":")
    if kind not in ("", "subject") or not number.isascii() or not number.isdecimal():
        raise ConfigError(f"--folds takes a number, or subject:5, got {text!r}")
    count = int(number) if len(number) < 9 else MOST_FOLDS + 1
    if not 2 <= count <= MOST_FOLDS:
        raise ConfigError(f"--folds takes 2 to {MOST_FOLDS} folds, got {number}")
    return count, kind == "subject"


def source_split(splits: tuple[str, ...], asked: str | None) -> str:
    """The split to divide: the one ``asked`` for, the only one, or ``train``.

    Raises ``ConfigError`` if none of them exists.
    """
    if asked is None and len(splits) > 1 and "train" in splits:
        return "train"
    if asked is None and len(splits) != 1:
        raise ConfigError(f"--split is missing: this data has {', '.join(splits) or 'none'}")
    if asked is not None and asked not in splits:
        raise ConfigError(f"this data has no split {asked!r} (splits: {', '.join(splits)})")
    return asked or splits[0]


def measure_folds(
    subject: ClassifierSubject,
    data: MeasuredData,
    source: str,
    count: int,
    by_subject: bool,
    out: Path | None = None,
    on_progress: Progress | None = None,
) -> tuple[CrossValidation, list[str]]:
    """Measure a classifier on each fold, without training, and what flatters it.

    With ``out`` the answers are kept there, for ``mien compare``.
    """
    folding = Folding(count, by_subject=by_subject)
    spec = subject.classifier.spec
    if out is not None:
        begin(out, FoldsNote(spec.name, folding.text, source, 0, count, {}, spec.sha256))
    answers, warnings = [], []
    for number, fold in enumerate(all_folds(data.crops, folding, source), start=1):
        division = (replace(folding, number=number).text, source, 0)
        own = replace(data, divided=fold, division=division)
        made = subject.answer(own, TESTED, on_progress)
        answers.append(made)
        warnings += TrainingData(subject, own).warnings(made)
        if out is not None:
            keep_fold(out, number, made, None)
    return cross_validation(answers, [None] * count), list(dict.fromkeys(warnings))


def compare_folders(folders: dict[str, str]) -> FoldsComparison:
    """Cross-validations in folders, by their names in the comparison.

    Raises ``InputError`` for damaged files and for other folds.
    """
    return compare_folds(
        {name: cross_validation(*load_folds(folder)) for name, folder in folders.items()}
    )


def all_are_folds(paths: Sequence[str]) -> bool:
    """Whether all are folders of cross-validations. Raises ``ConfigError`` if only some are."""
    found = [holds_folds(path) for path in paths]
    if any(found) and not all(found):
        other = paths[found.index(False)]
        raise ConfigError(
            f"{other} is not the folder of a cross-validation, and {paths[found.index(True)]} is: "
            "compare either of them with its like"
        )
    return all(found)
