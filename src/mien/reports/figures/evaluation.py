"""Every figure of one evaluation, by the name that its file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.classification.measures import Evaluation
from mien.evaluation.classification.predictions import Predictions
from mien.reports.figures.classes import scores_figure, support_figure
from mien.reports.figures.confidence import reliability_figure, risk_coverage_figure
from mien.reports.figures.confusion import confusion_figure
from mien.reports.figures.curves import curves_figure
from mien.reports.figures.faces import Face, explanation_figure, mistakes_figure
from mien.reports.figures.style import subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = {"occlusion": "occlusion", "gradcam": "Grad-CAM"}
"""Ways to explain an answer, and what they are called."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """All that the figures of an evaluation are drawn from."""

    predictions: Predictions
    evaluation: Evaluation
    mistakes: Sequence[Face] = ()
    """The most confident first."""
    explained: Sequence[Face] = ()
    maps: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """(H, W) by the keys of ``explained``."""
    method: str = "occlusion"
    """One of ``METHODS``, which made ``maps``."""
    epochs: Sequence[Mapping[str, Any]] = ()
    """Rows of the run's metrics; empty for a model that is no run."""


def evaluation_figures(material: Material) -> dict[str, Figure]:
    """``curves``, ``confusion``, ``confusion_counts``, ``confusion_shares``, ``support``,
    ``scores``, ``reliability``, ``risk_coverage``, ``mistakes`` and ``explain``, in this order.

    Without epochs there are no curves, and without explained faces no explanation.
    """
    found, answers = material.evaluation, material.predictions
    figures = {}
    if material.epochs:
        figures["curves"] = curves_figure(material.epochs, f"Training of {found.model}")
    figures["confusion"] = confusion_figure(found)
    figures["confusion_counts"] = confusion_figure(found, "counts")
    figures["confusion_shares"] = confusion_figure(found, "shares")
    figures["support"] = support_figure(found)
    figures["scores"] = scores_figure(found)
    figures["reliability"] = reliability_figure(answers, found)
    figures["risk_coverage"] = risk_coverage_figure(answers, found)
    title = f"The most confident mistakes: {subject(found)}"
    figures["mistakes"] = mistakes_figure(material.mistakes, title)
    if material.explained:
        title = f"What the answer rests on ({METHODS[material.method]}): {found.model}"
        figures["explain"] = explanation_figure(
            material.explained, material.maps, title, drops=material.method == "occlusion"
        )
    return figures
