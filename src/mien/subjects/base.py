"""A model that is measured: a classifier or a face detector, asked in one way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from mien.datasets.base import AnyDataset
from mien.errors import ConfigError
from mien.evaluation.kept_answers import Answers
from mien.evaluation.split_pictures import Progress
from mien.preprocess.framing import Framing
from mien.subjects.measured_data import MeasuredData
from mien.subjects.source import Kind, Source
from mien.train.metrics_file import METRICS, read_metrics

A = TypeVar("A", bound=Answers)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is asked; each kind uses its own fields."""

    tta: bool = False
    """Classifiers: average ten crops."""
    repeats_of: str = "train"
    """Classifiers: mark the pictures that repeat one of this split, if there is such a split."""
    corruptions: bool = False
    """Classifiers: ask about clean and corrupted pictures."""
    detector_options: tuple[str, ...] = ()
    """Detectors: each ``key=value``."""
    threads: int | None = None
    """Detectors: threads of one picture."""
    device: str | None = None
    """Where ONNX networks run; ``None``: the CPU."""
    threshold: float | None = None
    """Detectors: score from which a box counts as a face; ``None``: the detector's own."""
    limit: int | None = None
    """Detectors, and with ``corruptions``: only so many pictures of the split, drawn at random with
    the seed 0."""


def refuse_device(source: Source, settings: Settings) -> None:
    """Raise ``ConfigError`` for a device named for a training run, which PyTorch runs."""
    if settings.device is not None:
        raise ConfigError(
            f"--device is for ONNX models, and {source.text} is a training run, which PyTorch runs "
            "on its GPU if there is one: leave --device out, or give the file of 'mien export'"
        )


@dataclass(frozen=True, slots=True)
class Subject(ABC, Generic[A, S]):
    """A loaded model with answers of type ``A`` and scores of type ``S``."""

    source: Source
    settings: Settings
    kind: ClassVar[Kind]

    @classmethod
    @abstractmethod
    def open(cls, source: Source, settings: Settings) -> Self:
        """Load the model of ``source``.

        Raises ``ModelError`` for a file that is not such a model, ``ConfigError`` for options that
        cannot be used, and ``MissingExtraError`` for a training run without PyTorch.
        """

    @property
    @abstractmethod
    def card(self) -> Mapping[str, Any]:
        """Facts of training that travel with the weights; may be empty."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe in its card; may be empty."""
        recipe = self.card.get("recipe", {})
        return recipe if isinstance(recipe, Mapping) else {}

    @property
    def framing(self) -> Framing | None:
        """How a classifier wants faces to be cut; ``None`` for a detector."""
        return None

    def epochs(self) -> Sequence[Mapping[str, Any]]:
        """Metrics of a training run, one row an epoch; empty for other models."""
        folder = self.source.folder
        return () if folder is None else read_metrics(folder / METRICS)

    @abstractmethod
    def answer(self, data: MeasuredData, split: str, on_progress: Progress | None = None) -> A:
        """Ask the model about every picture of ``split``."""

    @abstractmethod
    def measure(self, answers: A) -> S:
        """Every measure of its answers."""

    @abstractmethod
    def recognises(self, divided: AnyDataset) -> bool:
        """Whether ``divided`` may hold the training data; true if the card cannot tell copies."""

    @staticmethod
    @abstractmethod
    def kept_path(run: Path, split: str, settings: Settings) -> Path | None:
        """Where a run keeps such answers; ``None`` if ``settings`` make them unusual."""
