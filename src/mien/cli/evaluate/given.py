"""What ``mien evaluate`` is given: the model and the data, and what must be said of the two."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.classifiers.base import Classifier
    from mien.datasets.base import Dataset
    from mien.predictions import Predictions

SAME_PICTURES = {"fer2013", "ferplus"}
"""Readers that give the same pictures by the same names, under labels of their own."""


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier, and the training run that it comes from, if any."""

    classifier: Classifier
    source: str
    """As it was given."""
    is_run: bool
    """Whether that is a run's folder, or a checkpoint."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """What the model's card says of its training; may be empty."""
        recipe = self.classifier.spec.card.get("recipe", {})
        return recipe if isinstance(recipe, Mapping) else {}

    @property
    def folder(self) -> Path | None:
        """The run's folder, where that was given."""
        path = Path(self.source)
        return path if self.is_run and path.is_dir() else None


@dataclass(frozen=True, slots=True)
class Data:
    """A data set, divided as asked."""

    dataset: Dataset
    splits: str
    trained_on: bool
    """Whether it is divided as the model's own training data was, by the same reader."""
    own: Dataset | None
    """The same pictures as the model's recipe reads them, undivided; ``None``: others."""


def load(source: str) -> Model:
    """A registered classifier, an ONNX file, or a training run."""
    from mien.classifiers.base import load_classifier
    from mien.registry import classifiers

    is_run = os.path.isdir(source) or source.lower().endswith(".pt")  # noqa: PTH112 - never raises
    if not is_run or source in classifiers.names():
        hint = "or give an .onnx file or a training run's folder"
        return Model(load_classifier(source, hint=hint), source, is_run=False)
    from mien.train import require_extra

    require_extra(f"the training run {source}")
    from mien.train.classifier import TorchClassifier

    return Model(TorchClassifier(source), source, is_run=True)


def open_data(
    model: Model, path: str, dataset: str | None, options: Sequence[str], splits: str | None
) -> Data:
    """The data set at ``path``; what is not given is the run's own, or FER2013's official form."""
    from mien.datasets.base import open_dataset
    from mien.datasets.splits import resplit

    learned = str(model.recipe.get("dataset", "fer2013"))
    name = dataset or (learned if model.is_run else "fer2013")
    own = model.recipe if name == learned else {}
    if model.is_run:
        options = options or own.get("dataset_options", ())
        splits = splits or own.get("splits")
    how = splits or "official"
    found = open_dataset(path, name, options)
    divided = resplit(found, how, own.get("splits_from", "train"), own.get("splits_seed", 0))
    read = found if own else None
    if model.recipe and {name, learned} == SAME_PICTURES:
        read = open_dataset(path, learned, model.recipe.get("dataset_options", ()))
    return Data(divided, how, bool(own) and how == own.get("splits", "official"), read)


def warnings(model: Model, data: Data, predictions: Predictions) -> list[str]:
    """What flatters the figures or is missing from them, one sentence each."""
    said, n, skipped = [], len(predictions), predictions.skipped
    if skipped:
        said.append(
            f"{len(skipped):,} of {len(skipped) + n:,} pictures could not be read and are in no "
            f"figure, such as {skipped[0]}"
        )
    card = model.classifier.spec.card
    if learned := _part(model, data, predictions, model.recipe.get("train_split")):
        said.append(f"the model has learned from {learned}: these figures flatter it")
    elif chosen := _part(model, data, predictions, card.get("selected_on")):
        said.append(
            f"the epoch of this model was chosen on {chosen}: these figures flatter it; report "
            "another split"
        )
    calibration = re.match(r"split (.+) \(", str(card.get("calibration", "")))
    if calibration and (fitted := _part(model, data, predictions, calibration[1])):
        said.append(
            f"the temperature of this model was fitted on {fitted}: that flatters ECE and NLL, and "
            "changes no answer"
        )
    return said


def _part(model: Model, data: Data, predictions: Predictions, split: str | None) -> str:
    """Which of the measured pictures are in ``split`` of the model's own training data, in words;
    empty where none is, or where that cannot be told.
    """
    from mien.datasets.division import PARTS
    from mien.datasets.splits import resplit
    from mien.errors import DatasetError

    if data.own is None or split is None:
        return ""
    how, source = model.recipe.get("splits", "official"), model.recipe.get("splits_from", "train")
    measured = set(predictions.keys)
    try:
        divided = data.dataset
        if not data.trained_on:
            divided = resplit(data.own, how, source, model.recipe.get("splits_seed", 0))
        # A part is found by decoding its source: not for pictures that the source does not hold.
        looked = data.own.samples(source) if how != "official" and split in PARTS else None
        if looked is not None and not any(sample.key in measured for sample in looked):
            return ""
        held = split in divided.splits()
        count = sum(sample.key in measured for sample in divided.samples(split)) if held else 0
    except DatasetError:  # this copy lacks what that division, or those labels, need
        return ""
    if count == len(predictions):
        return f"split {predictions.split!r}"
    return f"{count:,} of these {len(predictions):,} pictures" if count else ""
