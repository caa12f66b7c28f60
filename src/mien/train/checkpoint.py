"""A run's folder: the recipe, metrics a line an epoch, and one checkpoint that is always whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mien.errors import ConfigError, ModelFileError, OutputError
from mien.registry import architectures
from mien.train.config import TrainConfig

CHECKPOINT = "last.pt"
METRICS = "metrics.jsonl"
RECIPE = "recipe.json"


def save(state: dict[str, Any], path: Path) -> None:
    """Write ``state`` to ``path`` so that a kill or a full disk leaves the old file or the new one."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # PyTorch turns a full disk into a RuntimeError
        partial.unlink(missing_ok=True)
        raise OutputError(f"cannot write the checkpoint {path}: {error}; the last one is kept") from None


def load(path: Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """Read a checkpoint, weights and plain values only: nothing in it is ever executed."""
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise ModelFileError(f"no checkpoint at {path}: give the folder of a 'mien train' run") from None
    except Exception as error:  # noqa: BLE001 - pickle raises nearly anything on a damaged file
        reason = str(error).splitlines()[0]
        raise ModelFileError(f"{path} is no checkpoint of Mien, or a damaged one: {reason}") from None
    if not isinstance(state, dict) or not {"model", "ema", "config", "labels"} <= set(state):
        raise ModelFileError(f"{path} is a PyTorch file, but no checkpoint of 'mien train'")
    return state


def find(run: str | Path) -> Path:
    """The checkpoint of a run folder, or the file itself."""
    path = Path(run)
    return path / CHECKPOINT if path.is_dir() else path


def load_network(run: str | Path) -> tuple[nn.Module, dict[str, Any]]:
    """The trained network of a run (averaged weights, evaluation mode) and its checkpoint."""
    path = find(run)
    state = load(path)
    config = TrainConfig.from_dict(state["config"], where=str(path))
    net: nn.Module = architectures.get(config.architecture)(config, len(state["labels"]))
    weights = {k: v for k, v in state["ema"].items() if not k.startswith("auxiliary.")}
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelFileError(f"{path} does not fit its own recipe: {error}") from None
    return net.eval(), state


def write_metrics(run: Path, rows: list[dict[str, Any]]) -> None:
    """Write the metrics of all epochs so far, one JSON object a line, atomically."""
    path = run / METRICS
    partial = path.with_suffix(".partial")
    try:
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None


def read_metrics(run: Path, epochs: int) -> list[dict[str, Any]]:
    """The first ``epochs`` rows of a run's metrics; later ones belong to an epoch cut short."""
    path = run / METRICS
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return rows[:epochs]


def prepare(run: Path, config: TrainConfig, resume: bool) -> None:
    """Make the run's folder and store the recipe; a run is never overwritten silently."""
    recipe = run / RECIPE
    if (run / CHECKPOINT).exists() and not resume:
        raise ConfigError(f"{run} holds a run already: add --resume to go on, or choose another --out")
    if resume and recipe.is_file() and json.loads(recipe.read_text("utf-8")) != config.to_dict():
        stored = json.loads(recipe.read_text("utf-8"))
        changed = [k for k, v in config.to_dict().items() if stored.get(k) != v]
        raise ConfigError(
            f"{run} was started with another recipe ({', '.join(changed)} differ): "
            "resume with the same one, or choose another --out"
        )
    try:
        run.mkdir(parents=True, exist_ok=True)
        recipe.write_text(json.dumps(config.to_dict(), indent=2) + "\n", "utf-8")
    except OSError as error:
        raise OutputError(f"cannot write to {run}: {error.strerror}") from None
