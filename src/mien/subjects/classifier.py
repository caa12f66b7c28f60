"""A classifier that is measured, on pictures as they are or corrupted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from mien.classifiers.base import Classifier, load_classifier
from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.base import AnyDataset
from mien.evaluation.classification.ask_corrupted import ask_corrupted
from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.classification.measures import Evaluation, measure
from mien.evaluation.classification.predict import predict
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.classification.robustness import Robustness, measure_robustness
from mien.evaluation.kept_answers import Answers, corrupted_path, predictions_path
from mien.evaluation.split_pictures import Progress
from mien.extras import require_extra
from mien.preprocess.framing import Framing
from mien.subjects.base import Settings, Subject, refuse_device
from mien.subjects.measured_data import MeasuredData
from mien.subjects.source import Kind, Source

A = TypeVar("A", bound=Answers)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class AnyClassifierSubject(Subject[A, S]):
    """A loaded classifier, whatever it is asked."""

    classifier: Classifier
    kind: ClassVar[Kind] = "classifier"

    @classmethod
    def open(cls, source: Source, settings: Settings) -> Self:
        """A registered classifier, an ONNX file or a training run."""
        if source.form == "run":
            require_extra("train", f"the training run {source.text}")
            refuse_device(source, settings)
            from mien.train.classification.classifier import TorchClassifier

            return cls(source, settings, TorchClassifier(source.text))
        if source.session is not None:
            return cls(source, settings, OnnxClassifier.from_session(source.text, source.session))
        hint = "or give an .onnx file or a training run's folder"
        return cls(
            source, settings, load_classifier(source.text, hint=hint, device=settings.device)
        )

    @property
    def card(self) -> Mapping[str, Any]:
        """The card of its spec."""
        return self.classifier.spec.card

    @property
    def framing(self) -> Framing:
        """That of its spec."""
        spec = self.classifier.spec
        return Framing(margin=spec.margin, offset=spec.offset, align=spec.align)

    def recognises(self, divided: AnyDataset) -> bool:
        """True: a classifier's card cannot tell one copy of a data set from another."""
        return True


@dataclass(frozen=True, slots=True)
class ClassifierSubject(AnyClassifierSubject[Predictions, Evaluation]):
    """A loaded classifier that is asked about pictures as they are."""

    def answer(
        self, data: MeasuredData, split: str, on_progress: Progress | None = None
    ) -> Predictions:
        """Classify every picture of ``split``."""
        return predict(
            self.classifier,
            data.crops,
            split,
            tta=self.settings.tta,
            repeats_of=self.settings.repeats_of,
            splits=data.division[0],
            on_progress=on_progress,
        )

    def measure(self, answers: Predictions) -> Evaluation:
        """Accuracy, calibration and the like."""
        return measure(answers)

    @staticmethod
    def kept_path(run: Path, split: str, settings: Settings) -> Path | None:
        """``predictions/SPLIT.npz`` in the run's folder."""
        return predictions_path(run, split, settings.tta)


@dataclass(frozen=True, slots=True)
class CorruptedSubject(AnyClassifierSubject[CorruptedAnswers, Robustness]):
    """A loaded classifier that is asked about clean and corrupted pictures."""

    def answer(
        self, data: MeasuredData, split: str, on_progress: Progress | None = None
    ) -> CorruptedAnswers:
        """Classify every picture of ``split``, or ``limit`` of them, in 41 versions each."""
        return ask_corrupted(
            self.classifier,
            data.crops,
            split,
            limit=self.settings.limit,
            splits=data.division[0],
            on_progress=on_progress,
        )

    def measure(self, answers: CorruptedAnswers) -> Robustness:
        """Accuracy by kind and strength, and the corruption error."""
        return measure_robustness(answers)

    @staticmethod
    def kept_path(run: Path, split: str, settings: Settings) -> Path | None:
        """``predictions/SPLIT-corrupted.npz`` in the run's folder; ``None`` with a limit."""
        return None if settings.limit else corrupted_path(run, split)
