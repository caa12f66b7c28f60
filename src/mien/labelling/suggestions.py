"""What a model says about a picture; shown to a rater only when asked for, because it biases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from mien.classifiers.base import Classifier, load_classifier, probabilities
from mien.labelling.pictures import Pictures
from mien.preprocess.crop import square

TOP = 3
"""Labels of a suggestion."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Labels with probabilities, the most probable first."""

    ranked: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.ranked[0][0]


class Suggestions:
    """Asks a classifier about one picture at a time; threads may share it."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._lock = Lock()

    def of(self, pictures: Pictures, name: str) -> Suggestion:
        """The suggestion for a face crop. Raises ``DatasetError`` and ``ModelError``."""
        crop = square(pictures.pixels(name))
        with self._lock:
            row = probabilities(self._classifier, [crop])[0]
        pairs = zip(self._classifier.spec.labels, map(float, row), strict=True)
        return Suggestion(tuple(sorted(pairs, key=lambda pair: -pair[1])[:TOP]))


def load_suggestions(model: str, labels: Sequence[str]) -> Suggestions | None:
    """The suggestions of ``model``; ``None`` for ``"none"``, or if it knows none of the labels.

    Raises ``UnknownNameError``, ``ModelFileError`` and ``ModelSpecError``.
    """
    if model == "none":
        return None
    classifier = load_classifier(model, hint="or give an .onnx file, or none")
    if not set(labels) & set(classifier.spec.labels):
        return None
    return Suggestions(classifier)
