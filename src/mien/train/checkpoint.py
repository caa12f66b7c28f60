"""A run's folder: recipe, metrics and checkpoint, each written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor, nn

from mien.errors import ConfigError, MienError, ModelFileError, OutputError
from mien.files import lock_folder, make_folder, write_whole
from mien.reading import open_file
from mien.train.config import BaseConfig
from mien.train.distributed import World
from mien.train.metrics_file import METRICS, Row, write_metrics
from mien.train.recipe import config_of

CHECKPOINT = "last.pt"
UNREADABLE = "unreadable.jsonl"
RECIPE = "recipe.json"

MADE = {"averaged", "compressed_from"}
"""Facts of a run whose weights were computed from those of others, not trained."""

MOST = 10**9
"""Epochs and steps of any run are fewer."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "config": dict, "labels": list, "epochs_done": int, "model": dict, "ema": dict,
    "ema_updates": int, "optimizer": dict,
}  # fmt: skip
_CLASSIFIER: dict[str, type | tuple[type, ...]] = {"ferplus": bool}
"""Keys that only a classifier's checkpoint needs."""
_OPTIONAL: dict[str, type | tuple[type, ...]] = {
    "facts": dict, "best": (dict, type(None)), "watch": dict, "scaler": dict,
    "ema_ramp": bool,
}  # fmt: skip
"""Keys that checkpoints of the first versions lack."""


def exists(run: Path) -> bool:
    """Whether the folder contains a run."""
    return os.path.exists(run / CHECKPOINT)  # noqa: PTH110 - Path's own raises on odd names


def check(run: Path, config: BaseConfig, resume: bool, resumable: bool = True) -> None:
    """Check, before training, that the folder can be used and no run is overwritten.

    ``resumable``: the user may ask for ``resume`` instead. Raises ``ConfigError`` if the folder
    contains a run already, or with ``resume`` a run of another recipe; ``OutputError`` if it cannot
    be created or written to.
    """
    place = next(str(p) for p in (run, *run.parents) if os.path.lexists(p))
    if not os.path.isdir(place):  # noqa: PTH112 - never raises
        raise OutputError(f"cannot make the folder {run}: {place} is a file: choose another --out")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write to {place}: choose a folder that you may write to")
    if exists(run):
        if not resume:
            instead = "add --resume to continue, or " if resumable else ""
            raise ConfigError(f"{run} contains a run already: {instead}choose another --out")
        _check_same_recipe(run, config)


@contextmanager
def locked(run: Path, config: BaseConfig, resume: bool, world: World) -> Iterator[None]:
    """Keep other processes from training into the folder, which is made if it is missing.

    The first of several processes that train together holds the lock. Raises what ``check`` and
    ``mien.files.lock_folder`` raise.
    """
    if not world.is_main:
        yield
        return
    new = not os.path.exists(run)  # noqa: PTH110 - never raises
    make_folder(run)
    try:
        with lock_folder(run, "training into"):
            check(run, config, resume)  # again: another process may have ended just now
            yield
    finally:
        if new:
            with suppress(OSError):  # it holds a run
                run.rmdir()


def prepare(run: Path, config: BaseConfig, unreadable: Sequence[tuple[str, str]] = ()) -> None:
    """Create the folder and write the recipe and the list of skipped pictures into it.

    Raises ``OutputError``.
    """
    make_folder(run)
    write_whole(run / RECIPE, (json.dumps(config.to_dict(), indent=2) + "\n").encode())
    if unreadable:
        lines = [json.dumps({"key": key, "reason": reason}) + "\n" for key, reason in unreadable]
        write_whole(run / UNREADABLE, "".join(lines).encode())


def _check_same_recipe(run: Path, config: BaseConfig) -> None:
    # The recipe in the checkpoint counts: recipe.json is for reading and may have been edited.
    before = config_of(load(run / CHECKPOINT)["config"], where=str(run))
    if type(before) is not type(config):
        raise ConfigError(
            f"{run} contains the run of a {before.noun}, and the recipe trains a {config.noun}: "
            "choose another --out"
        )
    stored = before.to_dict()
    kept = ("description", "cuda_graphs")  # which change no result
    own = {**config.to_dict(), **{key: stored[key] for key in kept}}
    changed = [key for key, value in own.items() if stored[key] != value]
    if changed:
        was = ", ".join(f"{key} = {stored[key]!r}" for key in changed)
        raise ConfigError(
            f"{run} was started with another recipe ({was}): "
            "resume with the same one, or choose another --out"
        )


def is_detector(state: Mapping[str, Any]) -> bool:
    """Whether a checkpoint is a face detector's, not a classifier's."""
    return bool(state["config"].get("task") == "detection")


def save(state: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint whole or not at all; raises ``OutputError``."""
    buffer = io.BytesIO()  # torch.save turns a full disk into a RuntimeError of many lines
    torch.save(dict(state), buffer)
    write_whole(path, buffer.getvalue())


def write_made(
    run: Path,
    config: BaseConfig,
    state: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    facts: Mapping[str, Any],
) -> None:
    """Write a run whose ``weights`` were computed from the trained run of ``state``, not trained.

    Raises ``OutputError``.
    """
    made = {
        **state, "config": config.to_dict(), "facts": dict(facts), "model": dict(weights),
        "ema": dict(weights), "best": None, "optimizer": {}, "scaler": {},
    }  # fmt: skip
    make_folder(run)
    save(made, run / CHECKPOINT)
    prepare(run, config)


def load(path: Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values are accepted, so no code is executed.

    Raises ``ModelFileError`` if it is missing, damaged or from another program.
    """
    try:
        with open_file(path) as file:
            _check_size(file)
            state = torch.load(file, map_location=device, weights_only=True)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelFileError(
            f"no checkpoint at {path}: give the folder of a 'mien train' run"
        ) from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - pickle raises nearly anything on a damaged file
        # PyTorch's message is a page long, and advises to load the file without this protection.
        raise ModelFileError(
            f"{path} is not a checkpoint of 'mien train', or damaged: give the folder of a run"
        ) from None
    if not isinstance(state, dict) or not state.keys() >= _TYPES.keys():
        raise ModelFileError(f"{path} is a PyTorch file, but not a checkpoint of 'mien train'")
    if wrong := _wrong(state):
        raise ModelFileError(f"{path} is not a checkpoint of 'mien train': {wrong}")
    if not is_detector(state) and not state.keys() >= _CLASSIFIER.keys():
        raise ModelFileError(f"{path} is a PyTorch file, but not a checkpoint of 'mien train'")
    return state


def _check_size(file: IO[bytes]) -> None:
    """Raise ``ValueError`` for a file that is not a zip of stored parts, as PyTorch writes it.

    Compressed parts could be a thousand times the size of the file.
    """
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as parts:
        if sum(part.file_size for part in parts.infolist()) > size:
            raise ValueError("its parts are larger than the file")
    file.seek(0)


def _wrong(state: Mapping[str, Any]) -> str:
    """What is wrong with the values of a checkpoint, in words; empty if nothing is."""
    for key, kind in {**_TYPES, **_CLASSIFIER, **_OPTIONAL}.items():
        if key in state and not isinstance(state[key], kind):
            return f"its {key} is {type(state[key]).__name__}"
    for key in ("epochs_done", "ema_updates"):
        if isinstance(state[key], bool) or not 0 <= state[key] <= MOST:
            return f"its {key} is not from 0 to {MOST}"
    if not all(isinstance(label, str) for label in state["labels"]):
        return "its labels are not text"
    for key in ("config", "facts", "watch"):
        if not _is_plain(state.get(key, {})):
            return f"its {key} holds other values than text, numbers and lists of them"
    if not all(isinstance(number, int | float) for number in state.get("watch", {}).values()):
        return "its watch holds other values than numbers"
    for key in ("model", "ema", "best"):
        weights = state.get(key) or {}
        if not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in weights.items()):
            return f"its {key} holds other values than weights"
        if any(v.layout != torch.strided or v.numel() > _stored(v) for v in weights.values()):
            return f"its {key} holds weights of more values than are stored"
    return ""


def _stored(weight: Tensor) -> int:
    """Values in the storage of a tensor; one that repeats them claims to have more."""
    return weight.untyped_storage().nbytes() // weight.element_size()


def _is_plain(value: Any, depth: int = 8) -> bool:
    """Whether ``value`` is what JSON can hold, of no more than ``depth`` levels."""
    if isinstance(value, dict):
        inner = list(value.values())
        return (
            depth > 0
            and all(isinstance(key, str) for key in value)
            and (all(_is_plain(each, depth - 1) for each in inner))
        )
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
    if isinstance(value, int):
        return value.bit_length() < 64
    return value is None or isinstance(value, str | float)


def find(run: str | Path) -> Path:
    """The checkpoint of a run's folder, or the file itself."""
    path = Path(run)
    return path / CHECKPOINT if os.path.isdir(path) else path  # noqa: PTH112 - never raises


@contextmanager
def must_fit(path: Path) -> Iterator[None]:
    """Turn errors of loading a checkpoint's state into ``ModelFileError``."""
    try:
        yield
    except (MienError, MemoryError, torch.cuda.OutOfMemoryError):  # which say what is wrong
        raise
    except Exception as error:  # noqa: BLE001 - PyTorch stumbles over what it does not check
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not fit its own recipe: {reason}") from None


def weights_hash(net: nn.Module) -> str:
    """SHA-256 over names, shapes and values of all weights, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        array = value.detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def keep(run: Path, rows: Sequence[Row], state: Mapping[str, Any]) -> None:
    """Write the metrics and the checkpoint of all epochs so far; raises ``OutputError``."""
    # Metrics first: a kill in between leaves one extra row, which resuming drops.
    write_metrics(run / METRICS, rows)
    save(state, run / CHECKPOINT)
