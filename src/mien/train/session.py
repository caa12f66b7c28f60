"""What a training run needs around the network: a device, other processes, suitable data."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TypeVar

import torch

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.opening import AUTO
from mien.errors import ConfigError, TrainingError
from mien.train import distributed
from mien.train.config import BaseConfig
from mien.train.detection.config import DetectorConfig
from mien.train.distributed import World
from mien.train.ranges import choices
from mien.version import __version__

C = TypeVar("C", bound=BaseConfig)


def pick_device(name: str = "auto") -> torch.device:
    """The device ``name``, as PyTorch spells it; ``auto``: this process's GPU if any, else the CPU.

    Raises ``TrainingError`` if this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{distributed.local_rank()}"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"device {name!r} cannot be used here ({reason}): try auto or cpu"
        ) from None
    return device


def join_processes(config: BaseConfig, device: torch.device) -> World:
    """The processes that share the run, after checking that device and number suit the recipe.

    Raises ``TrainingError`` and ``ConfigError``.
    """
    if config.precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        other = "fp16" if "fp16" in choices(type(config), "precision") else "fp32"
        raise TrainingError(f"this GPU does not support bf16: add --set precision={other}")
    if config.precision == "fp16" and device.type != "cuda":
        raise TrainingError("precision fp16 needs a GPU: add --set precision=fp32")
    world = distributed.world(device)
    if config.batch_size % world.size:
        raise ConfigError(
            f"batch_size {config.batch_size} cannot be divided among {world.size} processes: "
            f"choose a multiple of {world.size}"
        )
    return world


def check_dataset(config: BaseConfig, dataset: Dataset | SceneDataset) -> None:
    """Raise ``ConfigError`` for face crops given to a detector, or pictures to a classifier."""
    scenes = isinstance(dataset, SceneDataset)
    if scenes == isinstance(config, DetectorConfig):
        return
    if scenes:
        reads = "whole pictures with marked faces: choose a reader of face crops with --dataset"
    else:
        reads = (
            "face crops: choose a reader of whole pictures with --dataset, such as coco or wider"
        )
    reader = dataset.facts.reader or config.dataset
    raise ConfigError(
        f"the recipe {config.name!r} trains a {config.noun}, and {reader!r} reads {reads}"
    )


def with_reader(config: C, dataset: Dataset | SceneDataset) -> C:
    """``config`` with the reader that opened ``dataset``, where it says ``auto``.

    A run's recipe then names it, and what is measured later is read in the same way.
    """
    if config.dataset != AUTO or not dataset.facts.reader:
        return config
    return replace(config, dataset=dataset.facts.reader)


def check_splits(config: BaseConfig, dataset: Dataset | SceneDataset) -> None:
    """Raise ``ConfigError`` if the data lacks a split that the recipe names."""
    splits = dataset.splits()
    for key, split in (("train_split", config.train_split), ("valid_split", config.valid_split)):
        if split is not None and split not in splits:
            none = ', or --set valid_split="" for none' if key == "valid_split" else ""
            raise ConfigError(
                f"the recipe has {key} = {split!r}, and this {dataset.facts.name} has the splits "
                f"{', '.join(splits)}: add --set {key}=NAME{none}"
            )


def environment(device: torch.device, world: World) -> dict[str, str]:
    """Hardware and versions that a run uses, for the model's card."""
    if device.type == "cuda":
        hardware = torch.cuda.get_device_name(device)
    else:
        threads = torch.get_num_threads()
        hardware = f"{platform.machine()} CPU, {threads} thread{'s' if threads > 1 else ''}"
    if world.size > 1:
        hardware = f"{world.size} × {hardware}"
    return {"hardware": hardware, "torch": str(torch.__version__), "mien": __version__}
