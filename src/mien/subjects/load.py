"""Load the model that a source names."""

from __future__ import annotations

from typing import Any

from mien.errors import ConfigError
from mien.subjects.base import Settings, Subject
from mien.subjects.classifier import ClassifierSubject, CorruptedSubject
from mien.subjects.detector import DetectorSubject
from mien.subjects.source import Kind, Source


def subject_type(kind: Kind, settings: Settings) -> type[Subject[Any, Any]]:
    """The class of a model of that kind that is asked as ``settings`` say.

    Raises ``ConfigError`` for corruptions and a detector.
    """
    if kind == "detector":
        if settings.corruptions:
            raise ConfigError("--corruptions is for classifiers of expressions: leave it out")
        return DetectorSubject
    return CorruptedSubject if settings.corruptions else ClassifierSubject


def open_subject(source: Source, settings: Settings) -> Subject[Any, Any]:
    """The model of ``source``.

    Raises what ``Subject.open`` raises, and ``ConfigError`` for saved answers, which only
    ``mien compare`` takes.
    """
    if source.form == "answers":
        raise ConfigError(
            f"{source.text} is a file of answers, not a model: 'mien compare' takes it"
        )
    return subject_type(source.kind, settings).open(source, settings)
