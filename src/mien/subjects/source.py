"""What a text names: a registered model, an ONNX file, a training run or saved answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mien.errors import UnknownNameError
from mien.evaluation.kept_answers import holds_detections
from mien.extras import require_extra
from mien.parsing import parse_json
from mien.reading import read_file
from mien.registry import classifiers, detectors
from mien.runtime import Session, open_session
from mien.specs.identify import kind_of

Kind = Literal["classifier", "detector"]
CALLED: Mapping[Kind, str] = {"classifier": "classifier", "detector": "face detector"}
"""Each kind in messages."""
MOST_RECIPE = 1 << 20
"""Bytes of the longest recipe beside a checkpoint."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model or its answers, before it is loaded."""

    text: str
    """As the user gave it."""
    kind: Kind
    form: Literal["name", "file", "run", "answers"]
    """``run`` is the folder or a checkpoint of a training run."""
    session: Session | None = None
    """Of an ONNX file: opened to tell its kind, and used for the model then."""

    @property
    def folder(self) -> Path | None:
        """Folder of a training run; ``None`` for a checkpoint and for other forms."""
        path = Path(self.text)
        return path if self.form == "run" and path.is_dir() else None

    @property
    def stored_recipe(self) -> Mapping[str, Any]:
        """The recipe beside a run's checkpoint, read without PyTorch; empty if there is none."""
        return _stored_recipe(self.text) if self.form == "run" else {}


def identify(text: str, threads: int | None = None, device: str | None = None) -> Source:
    """The source that ``text`` names; registered names come before files.

    An ONNX file is opened with ``threads`` on ``device``. A file of another kind, such as a
    picture, counts as a classifier: loading it says what is wrong. Raises ``UnknownNameError`` for
    what is neither a name nor a file, ``ModelFileError`` or ``ModelSpecError`` for a damaged
    checkpoint or ONNX file, ``ConfigError`` for a device that cannot be used, and
    ``MissingExtraError`` for a checkpoint without its recipe if PyTorch is missing.
    """
    if text in classifiers.names():
        return Source(text, "classifier", "name")
    if text in detectors.names():
        return Source(text, "detector", "name")
    suffix = Path(text).suffix.lower()
    if os.path.isdir(text) or suffix == ".pt":  # noqa: PTH112 - never raises
        return Source(text, "detector" if _holds_detector(text) else "classifier", "run")
    is_file = os.path.isfile(text)  # noqa: PTH113 - never raises
    if suffix == ".npz":
        return Source(text, "detector" if holds_detections(text) else "classifier", "answers")
    if suffix == ".onnx" and is_file:
        session = open_session(text, threads=threads, device=device)
        # A YuNet file is a detector too; loading it says how it is given.
        known = kind_of(session, text) in ("detector", "yunet")
        return Source(text, "detector" if known else "classifier", "file", session)
    if suffix != ".onnx" and not os.path.exists(text):  # noqa: PTH110 - never raises
        names = [*classifiers.names(), *detectors.names()]
        hint = "or give an .onnx file or a training run's folder"
        raise UnknownNameError("model", text, names, hint)
    return Source(text, "classifier", "file")


def _stored_recipe(run: str) -> dict[str, Any]:
    folder = Path(run) if os.path.isdir(run) else Path(run).parent  # noqa: PTH112 - never raises
    with suppress(OSError, ValueError):
        recipe = parse_json(read_file(folder / "recipe.json", MOST_RECIPE))
        return recipe if isinstance(recipe, dict) else {}
    return {}


def _holds_detector(run: str) -> bool:
    """Whether a run is a detector's: by its recipe, or without one by its checkpoint."""
    if recipe := _stored_recipe(run):
        return recipe.get("task") == "detection"
    weights = Path(run, "last.pt") if os.path.isdir(run) else Path(run)  # noqa: PTH112
    if not os.path.isfile(weights):  # noqa: PTH113 - never raises
        return False
    require_extra("train", f"the training run {run}")
    from mien.train import checkpoint

    return checkpoint.is_detector(checkpoint.load(weights))
