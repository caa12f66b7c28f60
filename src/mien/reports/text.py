"""Numbers and titles as text, the same in every table, figure and report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TypeVar

from mien.evaluation.classification.cross_validation import CrossValidation
from mien.evaluation.classification.measures import Evaluation
from mien.evaluation.classification.robustness import Robustness
from mien.evaluation.detection.measures import DetectionScores
from mien.evaluation.metrics import Interval

S = TypeVar("S", Evaluation, Robustness, DetectionScores, CrossValidation)

DATA_SETS = {
    "affectnet": "AffectNet",
    "affectnet2021": "AffectNet (2021)",
    "fddb": "FDDB",
    "fer2013": "FER2013",
    "ferplus": "FER+",
    "wider": "WIDER FACE",
}
"""Readers of one data set, and its name; other readers read anybody's."""


def data_name(reader: str, path: str = "") -> str:
    """The data set's own name: of a reader of one data set, else that of its file or folder."""
    if reader in DATA_SETS or not path:
        return DATA_SETS.get(reader, reader)
    place = PurePath(path)
    return (place.stem if place.suffix in (".zip", ".csv", ".tsv", ".json") else place.name) or path


def data_title(reader: str, source: str) -> str:
    """The data set's name, and the file or folder if that is called otherwise."""
    name = data_name(reader, source)
    return f"{name} ({source})" if reader in DATA_SETS else name


def named(scores: S, path: str) -> S:
    """``scores`` for a title: with the data set's own name instead of its reader's."""
    return replace(scores, dataset=data_name(scores.dataset, path))


def share(value: float | None) -> str:
    """A share in [0, 1] as a percentage with one decimal; empty if not measured."""
    return "" if value is None else f"{value:.1%}"


def number(value: float | None) -> str:
    """Two decimals, or one digit of a number that would read 0.00; empty if not measured."""
    if value is None:
        return ""
    return f"{value:.2f}" if value >= 0.01 or value == 0 else f"{value:.1g}"


def ends(interval: Interval | None) -> str:
    """Both ends of an interval of shares, such as ``68.4 to 71.3%``; empty if not measured."""
    return "" if interval is None else f"{100 * interval.low:.1f} to {interval.high:.1%}"


def classifier_on_pictures(evaluation: Evaluation) -> str:
    """Which classifier on which pictures, for a title."""
    crops = "ten crops" if evaluation.tta else "single crop"
    splits = "" if evaluation.splits == "official" else f" ({evaluation.splits})"
    return f"{evaluation.model} on {evaluation.dataset}, split {evaluation.split}{splits}, {crops}"


def compared_pictures(scores: Evaluation) -> str:
    """Which pictures classifiers were compared on, for a title."""
    crops = "ten crops" if scores.tta else "single crop"
    return f"{scores.dataset}, split {scores.split}, {scores.n:,} pictures, {crops}"


def detection_pictures(scores: DetectionScores) -> str:
    """Which pictures a detector was measured on, for a title."""
    counts = f"{scores.pictures:,} pictures, {scores.faces:,} faces"
    return f"{scores.dataset}, split {scores.split}, {counts}"


def detector_on_pictures(scores: DetectionScores) -> str:
    """Which detector on which pictures, for a title."""
    return f"{scores.detector} on {detection_pictures(scores)}"
