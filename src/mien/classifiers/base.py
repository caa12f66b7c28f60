"""The protocol of expression classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mien.devices import device_option, warn_of_unused
from mien.errors import ModelError
from mien.registry import classifiers
from mien.runtime import is_onnx_file
from mien.specs.classifier import ModelSpec


class Classifier(Protocol):
    """Names the expressions of face crops; ``spec`` has the order of labels and the framing."""

    spec: ModelSpec

    def logits(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) raw outputs for square (H, W) or (H, W, 3) RGB crops of any size."""
        ...

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, K) calibrated probabilities for the same crops; rows sum to 1."""
        ...


@runtime_checkable
class AffectClassifier(Classifier, Protocol):
    """A classifier that can also estimate valence and arousal; ``spec.affect`` says if it does."""

    def classify_affect(
        self, crops: Sequence[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The (N, K) probabilities of ``classify``, and (N, 2) valence and arousal in [-1, 1]."""
        ...


def probabilities(
    classifier: Classifier, crops: Sequence[NDArray[np.uint8]]
) -> NDArray[np.float32]:
    """What ``classifier`` answers to ``crops``: (N, K) finite numbers.

    Raises ``ModelError`` for any other answer, as of a plug-in or of a run with damaged weights.
    """
    return _checked(classifier, classifier.classify(crops), len(crops))


def answers(
    classifier: Classifier, crops: Sequence[NDArray[np.uint8]]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """(N, K) probabilities, and (N, 2) valence and arousal; ``None`` if the model has none.

    Raises ``ModelError`` for any other answer, and for a model whose spec promises valence and
    arousal without the method that gives them.
    """
    spec = classifier.spec
    if not spec.affect:
        return probabilities(classifier, crops), None
    if not isinstance(classifier, AffectClassifier):
        raise ModelError(
            f"the spec of model {spec.name!r} promises valence and arousal, and it has no method "
            "classify_affect: see mien.classifiers.base.AffectClassifier"
        )
    probs, affect = classifier.classify_affect(crops)
    affect = np.asarray(affect)
    if affect.shape != (len(crops), 2) or not (np.abs(affect) <= 1).all():  # NaN fails too
        raise ModelError(
            f"model {spec.name!r} returned valence and arousal of shape {affect.shape} for "
            f"{len(crops)} faces, expected {(len(crops), 2)} numbers from -1 to 1: train or export "
            "it again"
        )
    return _checked(classifier, probs, len(crops)), affect


def _checked(classifier: Classifier, probs: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    answer = np.asarray(probs)
    expected = (count, len(classifier.spec.labels))
    if answer.shape != expected or not np.isfinite(answer).all():
        raise ModelError(
            f"model {classifier.spec.name!r} returned values of shape {answer.shape} for "
            f"{count} faces, expected {expected} finite numbers: train or export it again"
        )
    return answer


def load_classifier(
    name_or_path: str | Path,
    threads: int | None = None,
    hint: str = "or give an .onnx file",
    device: str | None = None,
) -> Classifier:
    """A registered classifier by name, or any ONNX file with a ``ModelSpec`` by path.

    ``hint`` ends the message about an unknown name. ``device`` is as in
    ``mien.runtime.open_session``. Raises ``UnknownNameError``, ``ModelFileError``,
    ``ModelSpecError``, and ``ConfigError`` for a device that cannot be used.
    """
    text = str(name_or_path)
    # Names first: a file called "default" must not take the place of the model.
    if text not in classifiers.names() and is_onnx_file(text):
        from mien.classifiers.onnx import OnnxClassifier

        return OnnxClassifier(text, threads=threads, device=device)
    factory = classifiers.get(text, hint)
    warn_of_unused(factory, device, f"classifier {text!r}")
    classifier: Classifier = factory(threads=threads, **device_option(factory, device))
    return classifier
