"""A classifier that ``mien evaluate`` is given, and what must be said of it and the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mien.cli.evaluate.data import Data, part, unreadable
from mien.cli.evaluate.kind import is_run

if TYPE_CHECKING:
    from mien.classifiers.base import Classifier
    from mien.evaluation.classification.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier, and the training run that it comes from, if any."""

    classifier: Classifier
    source: str
    """As it was given."""
    is_run: bool
    """Whether that is a run's folder, or a checkpoint."""
    reader: ClassVar[str] = "fer2013"
    wants_scenes: ClassVar[bool] = False

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

    def may_know(self, dataset: Any) -> bool:
        """Its card does not tell one copy of a data set from another."""
        return True


def load(source: str) -> Model:
    """A registered classifier, an ONNX file, or a training run."""
    from mien.classifiers.base import load_classifier
    from mien.registry import classifiers

    if not is_run(source) or source in classifiers.names():
        hint = "or give an .onnx file or a training run's folder"
        return Model(load_classifier(source, hint=hint), source, is_run=False)
    from mien.extras import require_extra

    require_extra("train", f"the training run {source}")
    from mien.train.classification.classifier import TorchClassifier

    return Model(TorchClassifier(source), source, is_run=True)


def warnings(model: Model, data: Data, predictions: Predictions) -> list[str]:
    """What flatters the figures or is missing from them, one sentence each."""
    said = unreadable(predictions.skipped, len(predictions))
    card = model.classifier.spec.card

    def seen(split: str | None) -> str:
        return part(model, data, predictions.keys, predictions.split, split)

    if learned := seen(model.recipe.get("train_split")):
        said.append(f"the model has learned from {learned}: these figures flatter it")
    elif chosen := seen(card.get("selected_on")):
        said.append(
            f"the epoch of this model was chosen on {chosen}: these figures flatter it; report "
            "another split"
        )
    calibration = re.match(r"split (.+) \(", str(card.get("calibration", "")))
    if calibration and (fitted := seen(calibration[1])):
        said.append(
            f"the temperature of this model was fitted on {fitted}: that flatters ECE and NLL, and "
            "changes no answer"
        )
    return said
