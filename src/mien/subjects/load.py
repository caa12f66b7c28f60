"""Load the model that a source names."""

from __future__ import annotations

from typing import Any

from mien.classifiers.base import Classifier, load_classifier
from mien.classifiers.onnx import OnnxClassifier
from mien.detectors.base import Detector
from mien.detectors.load import load_detector
from mien.detectors.onnx import OnnxDetector
from mien.errors import ConfigError
from mien.extras import require_extra
from mien.options import arguments
from mien.subjects.base import Settings, Subject
from mien.subjects.classifier import ClassifierSubject
from mien.subjects.detector import DetectorSubject
from mien.subjects.source import Kind, Source

SUBJECTS: dict[Kind, type[Subject[Any, Any]]] = {
    "classifier": ClassifierSubject,
    "detector": DetectorSubject,
}


def open_subject(source: Source, settings: Settings) -> Subject[Any, Any]:
    """The model of ``source``.

    Raises ``ConfigError`` for saved answers, which only ``mien compare`` takes, and for detector
    options that cannot be used; ``ModelError`` for a file that is not such a model, and
    ``MissingExtraError`` for a training run without PyTorch.
    """
    if source.form == "answers":
        raise ConfigError(
            f"{source.text} is a file of answers, not a model: 'mien compare' takes it"
        )
    if source.kind == "detector":
        return DetectorSubject(source, settings, _detector(source, settings))
    return ClassifierSubject(source, settings, _classifier(source))


def _classifier(source: Source) -> Classifier:
    if source.form == "run":
        require_extra("train", f"the training run {source.text}")
        from mien.train.classification.classifier import TorchClassifier

        return TorchClassifier(source.text)
    if source.session is not None:
        return OnnxClassifier.from_session(source.text, source.session)
    hint = "or give an .onnx file or a training run's folder"
    return load_classifier(source.text, hint=hint)


def _detector(source: Source, settings: Settings) -> Detector:
    options, threads = settings.detector_options, settings.threads
    where = f"detector {source.text!r}"
    if source.form == "run":
        require_extra("train", f"the training run {source.text}")
        import torch

        from mien.train.detection.detector import TorchDetector

        if threads is not None:
            torch.set_num_threads(threads)
        values = arguments(TorchDetector, options, where, without=["run"])
        return TorchDetector(source.text, **values)
    if source.session is not None:
        values = arguments(OnnxDetector, options, where, without=["model"])
        if "threads" not in values:  # else the session must be opened anew
            return OnnxDetector.from_session(source.text, source.session, **values)
    return load_detector(source.text, threads=threads, options=options)
