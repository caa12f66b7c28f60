"""Load the model that a source names."""

from __future__ import annotations

from typing import Any

from mien.errors import ConfigError
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

    Raises what ``Subject.open`` raises, and ``ConfigError`` for saved answers, which only
    ``mien compare`` takes.
    """
    if source.form == "answers":
        raise ConfigError(
            f"{source.text} is a file of answers, not a model: 'mien compare' takes it"
        )
    return SUBJECTS[source.kind].open(source, settings)
