"""Whether what is to be measured is a face detector or a classifier: told in this one place."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def is_run(source: str) -> bool:
    """Whether ``source`` is a training run's folder, or a checkpoint, by its looks."""
    return os.path.isdir(source) or source.lower().endswith(".pt")  # noqa: PTH112 - never raises


def check_known(source: str) -> None:
    """Raise ``UnknownNameError`` for what is neither a registered name, a run nor a file."""
    from mien.errors import UnknownNameError
    from mien.registry import classifiers, detectors

    known = [*classifiers.names(), *detectors.names()]
    is_file = Path(source).suffix.lower() in (".onnx", ".npz") or os.path.exists(source)  # noqa: PTH110 - never raises
    if source not in known and not is_run(source) and not is_file:
        hint = "or give an .onnx file or a training run's folder"
        raise UnknownNameError("model", source, known, hint)


def is_detector(source: str) -> bool:
    """Whether ``source`` is a detector's name, an ONNX file that holds a detector, a detector's
    training run, or what it answered (.npz).

    Whatever cannot be told, such as a picture, is taken for a classifier's, whose loading
    says what is wrong. Raises ``ModelFileError`` for a damaged checkpoint or ONNX file, and
    ``MissingExtraError`` for a checkpoint without its recipe where the ``train`` extra is missing.
    """
    from mien.registry import classifiers, detectors

    if source in classifiers.names():
        return False
    if source in detectors.names():
        return True
    if is_run(source):
        return _run_is_detector(source)
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix not in (".onnx", ".npz") or not os.path.isfile(path):  # noqa: PTH113 - never raises
        return False
    return _onnx_is_detector(path) if suffix == ".onnx" else _answers_are_detections(path)


def recipe_of(run: str) -> dict[str, Any] | None:
    """The recipe that lies beside a run's checkpoint, which needs no PyTorch; ``None``: none."""
    folder = Path(run) if os.path.isdir(run) else Path(run).parent  # noqa: PTH112 - never raises
    with suppress(OSError, ValueError):
        recipe = json.loads((folder / "recipe.json").read_text("utf-8"))
        return recipe if isinstance(recipe, dict) else None
    return None


def _run_is_detector(source: str) -> bool:
    recipe = recipe_of(source)
    if recipe is not None:
        return recipe.get("task") == "detection"
    weights = Path(source) / "last.pt" if os.path.isdir(source) else Path(source)  # noqa: PTH112
    if not os.path.isfile(weights):  # noqa: PTH113 - never raises
        return False
    from mien.extras import require_extra

    require_extra("train", f"the training run {source}")
    from mien.train import checkpoint

    return checkpoint.is_detector(checkpoint.load(weights))


def _onnx_is_detector(path: Path) -> bool:
    from mien.runtime import open_session
    from mien.specs.identify import kind_of

    return kind_of(open_session(path)) in ("detector", "yunet")  # the loader tells what YuNet needs


def _answers_are_detections(path: Path) -> bool:
    """Told by the arrays' names: a file that is damaged is left to its reader's own words."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as file:
            return {"words.npy", "truth.npy"} <= set(file.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
