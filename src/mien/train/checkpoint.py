"""A run's folder: the recipe, metrics a line an epoch, and one checkpoint; each is always whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mien.errors import ConfigError, ModelFileError, OutputError
from mien.files import write_whole
from mien.registry import architectures
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import TRAINED_ONLY, Network
from mien.train.detection.config import DetectorConfig
from mien.train.recipe import config_of

CHECKPOINT = "last.pt"
METRICS = "metrics.jsonl"
UNREADABLE = "unreadable.jsonl"
RECIPE = "recipe.json"

_KINDS: dict[str, type | tuple[type, ...]] = {
    "config": dict, "labels": list, "epochs_done": int, "model": dict, "ema": dict,
    "ema_updates": int, "optimizer": dict,
}  # fmt: skip
_CLASSIFIER: dict[str, type | tuple[type, ...]] = {"ferplus": bool}
"""What a classifier's run has besides."""
_LATER: dict[str, type | tuple[type, ...]] = {
    "facts": dict, "best": (dict, type(None)), "watch": dict, "scaler": dict,
}  # fmt: skip
"""Keys that the first versions did not write."""


def exists(run: Path) -> bool:
    """Whether the folder holds a run."""
    return os.path.exists(run / CHECKPOINT)  # noqa: PTH110 - Path's own raises on odd names


def check(run: Path, config: ClassifierConfig | DetectorConfig, resume: bool) -> None:
    """See that a run can be kept there and none is overwritten silently, before the work.

    Raises ``ConfigError`` where the folder holds a run already or, with ``resume``, one of another
    recipe; ``OutputError`` where it cannot be made or written to.
    """
    place = next(str(p) for p in (run, *run.parents) if os.path.lexists(p))
    if not os.path.isdir(place):  # noqa: PTH112 - never raises
        raise OutputError(f"cannot make the folder {run}: {place} is a file: choose another --out")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write to {place}: choose a folder that you may write to")
    if exists(run):
        if not resume:
            raise ConfigError(
                f"{run} holds a run already: add --resume to go on, or choose another --out"
            )
        _check_same_recipe(run, config)


def prepare(
    run: Path,
    config: ClassifierConfig | DetectorConfig,
    unreadable: Sequence[tuple[str, str]] = (),
) -> None:
    """Make the run's folder; store the recipe, and which pictures were left out and why.

    Raises ``OutputError``.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {run}: {error.strerror or error}") from None
    write_whole(run / RECIPE, (json.dumps(config.to_dict(), indent=2) + "\n").encode())
    if unreadable:
        lines = [json.dumps({"key": key, "reason": reason}) + "\n" for key, reason in unreadable]
        write_whole(run / UNREADABLE, "".join(lines).encode())


def _check_same_recipe(run: Path, config: ClassifierConfig | DetectorConfig) -> None:
    # The checkpoint's own copy counts: recipe.json is there for people, who may have edited it.
    before = config_of(load(run / CHECKPOINT)["config"], where=str(run))
    if type(before) is not type(config):
        raise ConfigError(
            f"{run} holds the run of {_kind(before)}, the recipe is {_kind(config)}'s: "
            "choose another --out"
        )
    stored = before.to_dict()
    changed = [key for key, value in config.to_dict().items() if stored[key] != value]
    if changed:
        was = ", ".join(f"{key} = {stored[key]!r}" for key in changed)
        raise ConfigError(
            f"{run} was started with another recipe ({was}): "
            "resume with the same one, or choose another --out"
        )


def _kind(config: ClassifierConfig | DetectorConfig) -> str:
    return "a face detector" if isinstance(config, DetectorConfig) else "a classifier"


def is_detector(state: Mapping[str, Any]) -> bool:
    """Whether a checkpoint is that of a face detector; else it is a classifier's."""
    return bool(state["config"].get("task") == "detection")


def save(state: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint whole or not at all; raises ``OutputError``."""
    buffer = io.BytesIO()  # PyTorch would turn a full disk into a RuntimeError of many lines
    torch.save(dict(state), buffer)
    write_whole(path, buffer.getvalue())


def load(path: Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """Read a checkpoint, weights and plain values only: nothing in it is ever executed.

    Raises ``ModelFileError`` where it is missing, damaged or another program's.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelFileError(
            f"no checkpoint at {path}: give the folder of a 'mien train' run"
        ) from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception:  # noqa: BLE001 - pickle raises nearly anything on a damaged file
        # PyTorch's own words fill a page, and advise to read the file without its safeguard.
        raise ModelFileError(
            f"{path} is no checkpoint of 'mien train', or a damaged one: give the folder of a run"
        ) from None
    if not isinstance(state, dict) or not state.keys() >= _KINDS.keys():
        raise ModelFileError(f"{path} is a PyTorch file, but no checkpoint of 'mien train'")
    for key, kind in {**_KINDS, **_CLASSIFIER, **_LATER}.items():
        if key in state and not isinstance(state[key], kind):
            raise ModelFileError(
                f"{path} is no checkpoint of 'mien train': its {key} is {type(state[key]).__name__}"
            )
    if not is_detector(state) and not state.keys() >= _CLASSIFIER.keys():
        raise ModelFileError(f"{path} is a PyTorch file, but no checkpoint of 'mien train'")
    if not all(isinstance(label, str) for label in state["labels"]):
        raise ModelFileError(f"{path} is no checkpoint of 'mien train': its labels are no names")
    return state


def find(run: str | Path) -> Path:
    """The checkpoint of a run folder, or the file itself."""
    path = Path(run)
    return path / CHECKPOINT if os.path.isdir(path) else path  # noqa: PTH112 - never raises


def load_network(run: str | Path) -> tuple[Network, dict[str, Any]]:
    """The trained network of a run, and its checkpoint.

    The network has the averaged weights (of the best epoch where the recipe has ``patience``) and
    no heads that training alone uses, is on the CPU and in evaluation mode. Raises
    ``ModelFileError``, ``ConfigError``, ``UnknownNameError``.
    """
    path = find(run)
    state = load(path)
    if is_detector(state):
        raise ModelFileError(f"{path} is the run of a face detector: give that of a classifier")
    config = ClassifierConfig.from_dict(state["config"], where=str(path))
    net: Network = architectures.get(config.architecture)(config, len(state["labels"]))
    weights = {
        name: value
        for name, value in (state.get("best") or state["ema"]).items()
        if not name.startswith(TRAINED_ONLY)
    }
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not fit its own recipe: {reason}") from None
    net.eval()
    return net, state


def weights_hash(net: nn.Module) -> str:
    """SHA-256 over names, shapes and values of all weights, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        array = value.detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def keep(run: Path, rows: list[dict[str, Any]], state: Mapping[str, Any]) -> None:
    """Write the metrics and the checkpoint of all epochs so far; raises ``OutputError``."""
    # Metrics first: a kill in between leaves one row too many, which resuming cuts off.
    write_metrics(run, rows)
    save(state, run / CHECKPOINT)


def write_metrics(run: Path, rows: list[dict[str, Any]]) -> None:
    """Write the metrics of all epochs so far, one JSON object a line; raises ``OutputError``."""
    write_whole(run / METRICS, "".join(json.dumps(row) + "\n" for row in rows).encode())


def read_metrics(run: Path, epochs: int) -> list[dict[str, Any]]:
    """The first ``epochs`` rows of a run's metrics; later ones belong to an epoch cut short.

    Raises ``ModelFileError`` where the file is damaged.
    """
    path = run / METRICS
    try:
        lines = path.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines][:epochs]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path} cannot be read ({error}): mend or remove it, the weights do not need it"
        ) from None
