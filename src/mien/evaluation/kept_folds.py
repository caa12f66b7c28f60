"""The folder of a cross-validation: ``folds.json``, and ``fold-1`` and so on with the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, InputError
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.kept_answers import keep_answers, predictions_path
from mien.files import make_folder, write_whole
from mien.parsing import is_whole, parse_json
from mien.reading import read_file

NOTE, DONE = "folds.json", "fold.json"
TESTED = "test"
"""Name of the part of every fold that is measured."""
MOST_FOLDS = 100
_MOST = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class FoldsNote:
    """What a folder's folds are of."""

    model: str
    """Name of the recipe or the model."""
    splits: str
    """Of the first fold, such as ``fold:1/5``."""
    source: str
    """The split that is divided."""
    seed: int
    count: int
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What is trained on each fold; empty for a model that is only measured."""
    model_hash: str = ""
    """Of such a model."""


def holds_folds(path: str | Path) -> bool:
    """Whether ``path`` is the folder of a cross-validation."""
    try:
        return (Path(path) / NOTE).is_file()
    except (OSError, ValueError):
        return False


def fold_folder(out: Path, number: int) -> Path:
    """The folder of a fold, from 1; of a recipe it is a training run."""
    return out / f"fold-{number}"


def begin(out: Path, note: FoldsNote) -> None:
    """Write ``note`` into the new folder ``out``, or check that the old one has the same.

    Raises ``ConfigError`` for a folder of another cross-validation, and ``OutputError``.
    """
    make_folder(out)
    made = json.loads(json.dumps(asdict(note)))
    if holds_folds(out):
        before = parse_json(read_file(out / NOTE, _MOST))
        if before != made:
            raise ConfigError(
                f"{out} holds another cross-validation, of another recipe, model or division: "
                "continue it with the same command, or choose another --out"
            )
    write_whole(out / NOTE, (json.dumps(made, indent=2) + "\n").encode())


def keep_fold(out: Path, number: int, answers: Predictions, trained: int | None) -> None:
    """Save what one fold has come to; ``fold.json`` marks it as done. Raises ``OutputError``."""
    folder = fold_folder(out, number)
    make_folder(folder)
    keep_answers(answers, predictions_path(folder, TESTED))
    write_whole(folder / DONE, json.dumps({"trained": trained}).encode())


def kept_fold(out: Path, number: int) -> tuple[Predictions, int | None] | None:
    """Answers and pictures trained on, of a fold that is done; ``None`` if it is not.

    Raises ``InputError`` for damaged files.
    """
    path = fold_folder(out, number) / DONE
    if not path.is_file():
        return None
    try:
        done = parse_json(read_file(path, _MOST))
        trained = done["trained"] if isinstance(done, dict) else -1
        if trained is not None and not is_whole(trained, 1):
            raise ValueError("trained is not a number of pictures")
    except (OSError, ValueError, LookupError) as error:
        raise InputError(f"{path} is damaged ({error}): delete it to measure it again") from None
    return Predictions.load(predictions_path(path.parent, TESTED)), trained


def load_folds(out: str | Path) -> tuple[list[Predictions], list[int | None]]:
    """Answers and pictures trained on, of every fold in the folder ``out``.

    Raises ``InputError`` for damaged files, and if a fold is not done yet.
    """
    try:
        note = parse_json(read_file(Path(out) / NOTE, _MOST))
        count = note["count"] if isinstance(note, dict) else 0
        if not is_whole(count, 2, MOST_FOLDS):
            raise ValueError("count is not a number of folds")
    except (OSError, ValueError, LookupError) as error:
        raise InputError(f"{Path(out) / NOTE} is damaged ({error})") from None
    answers, trained = [], []
    for number in range(1, count + 1):
        kept = kept_fold(Path(out), number)
        if kept is None:
            raise InputError(
                f"{out}: fold {number} of {count} is not done: finish it with 'mien evaluate'"
            )
        answers.append(kept[0])
        trained.append(kept[1])
    return answers, trained
