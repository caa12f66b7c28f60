"""What ``mien evaluate`` is given: the model and the data, and what must be said of the two."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.classifiers.base import Classifier
    from mien.datasets.base import Dataset
    from mien.evaluate import Evaluation


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
    return Data(divided, how, bool(own) and how == own.get("splits", "official"))


def warnings(model: Model, data: Data, found: Evaluation) -> list[str]:
    """What flatters the figures or is missing from them, one sentence each."""
    said = []
    if found.skipped:
        said.append(
            f"{len(found.skipped):,} of {len(found.skipped) + found.n:,} pictures could not be "
            f"read and are in no figure, such as {found.skipped[0]}"
        )
    if data.trained_on and found.split == model.recipe.get("train_split"):
        said.append(f"the model has learned from split {found.split!r}: these figures flatter it")
    elif data.trained_on and found.split == model.classifier.spec.card.get("selected_on"):
        said.append(
            f"the epoch of this model was chosen on split {found.split!r}: these figures flatter "
            "it; report another split"
        )
    return said
