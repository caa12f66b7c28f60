"""The report of a classifier's evaluation."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.evaluation.classification.measures import Evaluation, Headline
from mien.reports.figures.classification.crops import largest_drop, with_map
from mien.reports.figures.classification.evaluation import Material
from mien.reports.page import Caption, Origin, data_uri, readable, render
from mien.reports.text import ends, share
from mien.specs.classifier import ModelSpec

CAPTIONS = {
    "confusion": Caption(
        "Confusion matrix",
        "Each row is a true expression. Its cells show how its pictures were classified, as a "
        "share of the row and as a count. The diagonal is correct; a dark cell off the diagonal is "
        "a frequent confusion.",
        layout="narrow",
    ),
    "support": Caption(
        "Pictures and correct answers per expression",
        "The pale bar is the number of pictures of an expression, the dark part those classified "
        "correctly. Short bars mean results that rest on few pictures.",
    ),
    "scores": Caption(
        "Precision, recall and F1",
        "Precision is the share of predictions of an expression that are correct, recall the share "
        "of its pictures that are found, F1 their harmonic mean. Points far apart mean that an "
        "expression is predicted too often or too rarely.",
    ),
    "affect": Caption(
        "Valence and arousal: estimated against known",
        "Each point is a picture; where many are, a cell is the darker the more it holds. Points "
        "on the dashed line are estimated exactly. A cloud flatter than the line means estimates "
        "that stay too close to the middle.",
    ),
    "reliability": Caption(
        "Calibration: reliability diagram",
        "Answers are sorted by confidence into 15 bins. Where a bar ends below the dashed line, "
        "the model is overconfident; above it, underconfident. The lower panel shows how many "
        "answers are in each bin.",
        layout="narrow",
    ),
    "risk_coverage": Caption(
        "Risk and coverage: leaving out uncertain answers",
        "From right to left, more and more of the least confident answers are left out. The curve "
        "shows the error rate of the remaining ones: lower is better.",
        layout="narrow",
    ),
    "curves": Caption(
        "Training curves",
        "Loss should fall and accuracy rise from epoch to epoch. Where the validation curve gets "
        "worse while the training curve still improves, the model overfits. Training loss and "
        "accuracy are measured on augmented pictures, so the two curves need not meet.",
    ),
}
"""The figures of the report, in order."""

_MAPS = {
    "occlusion": "A square was moved over the picture. Orange: covering this place lowers the "
    "probability of the answer; blue: it raises it (occlusion, Zeiler and Fergus 2014).",
    "gradcam": "Orange: the network's last feature maps support the answer here (Grad-CAM, "
    "Selvaraju et al. 2017).",
}
THUMBNAIL = 192  # pixels: faces are shown at a third of a phone's width
_FACTS = ("name", "labels", "trained_on", "input_size", "channels", "temperature", "sha256")


def classification_report(
    material: Material, spec: ModelSpec, origin: Origin, figures: Mapping[str, bytes]
) -> str:
    """The report of one evaluation as HTML text.

    ``figures`` are those of ``classification_figures`` that ``CAPTIONS`` lists, as PNG.
    """
    evaluation, drops = material.evaluation, material.method == "occlusion"
    card = {key: value for key, value in spec.card.items() if not isinstance(value, Mapping)}
    recipe = spec.card.get("recipe")
    return render(
        "classification.html",
        f"{evaluation.model} on {evaluation.dataset}, split {evaluation.split}",
        origin,
        CAPTIONS,
        figures,
        evaluation=evaluation,
        columns=_columns(evaluation),
        cards=[
            (title, f"{getattr(evaluation, key):.1%}", f"95% CI {ends(evaluation.intervals[key])}")
            for key, title in (
                ("accuracy", "accuracy"),
                ("balanced_accuracy", "balanced accuracy"),
                ("macro_f1", "macro F1"),
            )
        ],
        per_class=[
            (label, share(row.precision), share(row.recall), share(row.f1), f"{row.support:,}")
            for label, row in evaluation.per_class.items()
        ],
        mistakes=[(crop, _thumbnail(crop.image)) for crop in material.mistakes],
        explained=[
            (
                crop,
                _thumbnail(crop.image),
                _thumbnail(with_map(crop.image, material.maps[crop.key], drops)),
                largest_drop(material.maps[crop.key]) if drops else "",
            )
            for crop in material.explained
        ],
        maps=_MAPS[material.method],
        spec=spec,
        facts=readable({key: getattr(spec, key) for key in _FACTS}),
        limits=card.pop("limits", ""),
        intended_use=card.pop("intended_use", ""),
        description=card.pop("description", ""),
        card=readable(card),
        recipe=readable(recipe if isinstance(recipe, Mapping) else {}),
    )


def _columns(evaluation: Evaluation) -> dict[str, Headline]:
    columns: dict[str, Headline] = {"all pictures": evaluation}
    if evaluation.with_face is not None:
        columns["where a face was found"] = evaluation.with_face
    if evaluation.without_duplicates is not None:
        columns[f"without duplicates of {evaluation.duplicates_of}"] = evaluation.without_duplicates
    return columns


def _thumbnail(image: NDArray[np.uint8]) -> str:
    """A data URI with the picture, at most ``THUMBNAIL`` pixels a side."""
    scale = THUMBNAIL / max(image.shape[:2])
    if scale < 1:
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
    return data_uri(cv2.imencode(".png", image)[1].tobytes())
