"""Where a training run keeps the answers of its model, for ``mien compare``."""

from __future__ import annotations

import zipfile
from pathlib import Path

from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.detection.answers import Detections
from mien.files import output_error
from mien.reading import open_file

PREDICTIONS, DETECTIONS = "predictions", "detections"
"""Folders inside a run's folder."""


Answers = Predictions | Detections
"""A model's answers to one split."""


def predictions_path(run: Path, split: str, tta: bool = False) -> Path:
    """File of a classifier's answers in a run's folder."""
    return run / PREDICTIONS / f"{split}{'-tencrops' if tta else ''}.npz"


def detections_path(run: Path, split: str) -> Path:
    """File of a detector's answers in a run's folder."""
    return run / DETECTIONS / f"{split}.npz"


def keep_answers(answers: Answers, path: Path) -> None:
    """Save ``answers`` in a run's folder, making the one of ``path``. Raises ``OutputError``."""
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise output_error(repr(str(path.parent)), error) from error
    answers.save(path)


def load_answers(path: str | Path) -> Answers:
    """The answers in a file that ``mien evaluate`` saved. Raises ``InputError``."""
    return Detections.load(path) if holds_detections(path) else Predictions.load(path)


def holds_detections(path: str | Path) -> bool:
    """Whether a file holds a detector's answers, by the names of its arrays.

    A missing or damaged file does not: loading it as ``Predictions`` says what is wrong.
    """
    try:
        with open_file(path) as content, zipfile.ZipFile(content) as file:
            return {"words.npy", "truth.npy"} <= set(file.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
