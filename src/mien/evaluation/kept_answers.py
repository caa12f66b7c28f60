"""Where a training run keeps the answers of its model, for ``mien compare``."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import cast

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.fingerprint import split_fingerprint
from mien.datasets.scene import box_fingerprint, marks_fingerprint
from mien.errors import DatasetError
from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.detection.answers import Detections
from mien.files import output_error
from mien.reading import open_file

PREDICTIONS, DETECTIONS = "predictions", "detections"
"""Folders inside a run's folder."""


Answers = Predictions | CorruptedAnswers | Detections
"""A model's answers to one split."""


def predictions_path(run: Path, split: str, tta: bool = False) -> Path:
    """File of a classifier's answers in a run's folder."""
    return run / PREDICTIONS / f"{split}{'-tencrops' if tta else ''}.npz"


def corrupted_path(run: Path, split: str) -> Path:
    """File of a classifier's answers to clean and corrupted pictures in a run's folder."""
    return run / PREDICTIONS / f"{split}-corrupted.npz"


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


def are_answers_to(answers: Answers, dataset: Dataset | SceneDataset, split: str) -> bool:
    """Whether ``answers`` are to the pictures of ``split``, by fingerprint.

    Face crops are decoded for it, which takes much less time than to ask a model again.
    """
    try:
        if not isinstance(answers, Detections):
            return split_fingerprint(dataset, split) == answers.fingerprint
        scenes = list(cast(SceneDataset, dataset).scenes(split))
    except DatasetError:  # there is no such split
        return False
    read = {answer.key for answer in answers.answers}
    return len(scenes) == len(read) + len(answers.skipped) and (
        box_fingerprint(scene for scene in scenes if scene.key in read)
        == marks_fingerprint((each.key, each.truth, each.ignored) for each in answers.answers)
    )


def load_answers(path: str | Path) -> Answers:
    """The answers in a file that ``mien evaluate`` saved. Raises ``InputError``."""
    if holds_detections(path):
        return Detections.load(path)
    if _holds(path, {"clean.npy", "corrupted.npy"}):
        return CorruptedAnswers.load(path)
    return Predictions.load(path)


def holds_detections(path: str | Path) -> bool:
    """Whether a file holds a detector's answers."""
    return _holds(path, {"words.npy", "truth.npy"})


def _holds(path: str | Path, names: set[str]) -> bool:
    """Whether a file holds arrays with those names.

    A missing or damaged file does not: loading it as ``Predictions`` says what is wrong.
    """
    try:
        with open_file(path) as content, zipfile.ZipFile(content) as file:
            return names <= set(file.namelist())
    except Exception:  # noqa: BLE001 - a damaged zip makes Python raise anything
        return False
