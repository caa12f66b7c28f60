"""All figures of a classifier's evaluation, by the name of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.classification.measures import Evaluation
from mien.evaluation.classification.predictions import Predictions
from mien.reports.figures.classification.affect import affect_figure
from mien.reports.figures.classification.confidence import reliability_figure, risk_coverage_figure
from mien.reports.figures.classification.confusion import confusion_figure
from mien.reports.figures.classification.crops import (
    ClassifiedCrop,
    explanation_figure,
    mistakes_figure,
)
from mien.reports.figures.classification.per_class import scores_figure, support_figure
from mien.reports.figures.training import training_figure
from mien.reports.text import classifier_on_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = {"occlusion": "occlusion", "gradcam": "Grad-CAM"}
"""Explanation methods and their display names."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything that the figures and the report of an evaluation show."""

    predictions: Predictions
    evaluation: Evaluation
    mistakes: Sequence[ClassifiedCrop] = ()
    """The most confident first."""
    explained: Sequence[ClassifiedCrop] = ()
    maps: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """Key of each of ``explained`` → (H, W) explanation map."""
    method: str = "occlusion"
    """The one of ``METHODS`` that made ``maps``."""
    epochs: Sequence[Mapping[str, Any]] = ()
    """Rows of the run's metrics; empty if the model is not a run."""


def classification_figures(material: Material) -> Iterator[tuple[str, Figure]]:
    """``curves``, ``confusion``, ``confusion_counts``, ``confusion_shares``, ``support``,
    ``scores``, ``affect``, ``reliability``, ``risk_coverage``, ``mistakes`` and ``explain``, in
    this order.

    Without epochs there is no ``curves``, without known and estimated valence or arousal no
    ``affect``, without explained crops no ``explain``.
    """
    evaluation, answers = material.evaluation, material.predictions
    if material.epochs:
        yield "curves", training_figure(material.epochs, f"Training of {evaluation.model}")
    yield "confusion", confusion_figure(evaluation)
    yield "confusion_counts", confusion_figure(evaluation, "counts")
    yield "confusion_shares", confusion_figure(evaluation, "shares")
    yield "support", support_figure(evaluation)
    yield "scores", scores_figure(evaluation)
    if evaluation.affect:
        yield "affect", affect_figure(answers, evaluation)
    yield "reliability", reliability_figure(answers, evaluation)
    yield "risk_coverage", risk_coverage_figure(answers, evaluation)
    title = f"The most confident mistakes: {classifier_on_pictures(evaluation)}"
    yield "mistakes", mistakes_figure(material.mistakes, title)
    if material.explained:
        title = f"What the answer rests on ({METHODS[material.method]}): {evaluation.model}"
        yield (
            "explain",
            explanation_figure(
                material.explained, material.maps, title, drops=material.method == "occlusion"
            ),
        )
