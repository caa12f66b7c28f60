"""The report of a classifier's evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.evaluation.classification.measures import Evaluation, Headline
from mien.reports.figures.evaluation import Material
from mien.reports.figures.faces import costs, with_map
from mien.reports.page import Origin, check_target, data_uri, drawn, readable, render, write
from mien.specs.classifier import ModelSpec

READING = {
    "confusion": (
        "What is taken for what",
        "Each row is a true expression and shows, as a share and a count, what the model called "
        "its pictures; the diagonal is right, and a dark cell beside it is a habit of the model.",
    ),
    "support": (
        "How many of each, how many right",
        "A pale bar is all pictures of an expression, the dark part of it those named rightly: "
        "short bars are figures that rest on few pictures.",
    ),
    "scores": (
        "Precision, recall and F1",
        "Precision is how often the word is right when the model says it, recall how many such "
        "pictures it finds, F1 their harmonic mean; points far apart mean a word used too often "
        "or too rarely.",
    ),
    "reliability": (
        "Is it as right as it is sure?",
        "Answers are sorted by confidence into 15 bins; where bars end below the dashed line the "
        "model is surer than it is right, and the lower panel says how many answers that concerns.",
    ),
    "risk_coverage": (
        "What is gained by passing on the doubtful ones",
        "Going left, ever more of the least sure answers are left to somebody else, and the curve "
        "shows the share of errors among those that remain: lower is better.",
    ),
    "curves": (
        "How the training went",
        "Loss falls and accuracy rises epoch by epoch; a validation curve that turns while the "
        "training curve goes on has begun to learn pictures by heart. Training loss and accuracy "
        "are of augmented pictures, so the two curves need not meet.",
    ),
}
"""Heading and how to read it, of each figure in the order of the report."""

_MAPS = {
    "occlusion": "A square was covered place by place: orange is where that costs the answer "
    "probability, blue where it makes it surer (occlusion, Zeiler and Fergus 2014).",
    "gradcam": "Orange is where the network's last feature maps raise the answer (Grad-CAM, "
    "Selvaraju et al. 2017).",
}
THUMBNAIL = 192  # pixels: faces are shown at a third of a phone's width
_FACTS = ("name", "labels", "trained_on", "input_size", "channels", "temperature", "sha256")


def save_report(
    path: str | Path,
    material: Material,
    spec: ModelSpec,
    origin: Origin,
    figures: Mapping[str, bytes],
) -> None:
    """Write the report of one evaluation, whole or not at all; ``figures`` are those of
    ``mien.reports.figures.evaluation`` that ``READING`` names, as PNG. Raises what ``check_target``
    raises.
    """
    check_target(path)
    write(path, evaluation_report(material, spec, origin, figures))


def evaluation_report(
    material: Material, spec: ModelSpec, origin: Origin, figures: Mapping[str, bytes]
) -> str:
    """The HTML text; everything from outside, such as names and paths, is escaped."""
    found, drops = material.evaluation, material.method == "occlusion"
    card = {key: value for key, value in spec.card.items() if not isinstance(value, Mapping)}
    recipe = spec.card.get("recipe")
    return render(
        "classifier.html",
        found=found,
        columns=_columns(found),
        leading=_leading(found),
        figures=drawn(READING, figures),
        mistakes=[(face, _picture(face.image)) for face in material.mistakes],
        explained=[
            (
                face,
                _picture(face.image),
                _picture(with_map(face.image, material.maps[face.key], drops)),
                costs(material.maps[face.key]) if drops else "",
            )
            for face in material.explained
        ],
        maps=_MAPS[material.method],
        origin=origin,
        spec=spec,
        facts=readable({key: getattr(spec, key) for key in _FACTS}),
        limits=card.pop("limits", ""),
        intended_use=card.pop("intended_use", ""),
        description=card.pop("description", ""),
        card=readable(card),
        recipe=readable(recipe if isinstance(recipe, Mapping) else {}),
    )


def _leading(found: Evaluation) -> list[tuple[str, str, str]]:
    """The three figures that a reader looks for, with their intervals."""
    names = {
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "macro_f1": "macro F1",
    }
    return [
        (title, f"{getattr(found, name):.1%}", _range(found, name)) for name, title in names.items()
    ]


def _range(found: Headline, name: str) -> str:
    interval = found.intervals[name]
    return f"{100 * interval.low:.1f} to {interval.high:.1%}"


def _columns(found: Evaluation) -> dict[str, Headline]:
    columns: dict[str, Headline] = {"all pictures": found}
    if found.without_duplicates is not None:
        columns[f"without repeats of {found.duplicates_of}"] = found.without_duplicates
    return columns


def _picture(image: NDArray[np.uint8]) -> str:
    """A face, at most ``THUMBNAIL`` pixels a side."""
    scale = THUMBNAIL / max(image.shape[:2])
    if scale < 1:
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
    return data_uri(cv2.imencode(".png", image)[1].tobytes())
