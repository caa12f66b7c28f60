"""The training loop: one function from a config and a data set to a run folder.

Every epoch draws from its own seed, made of the recipe's seed and the epoch's number. So a run that
was killed and resumed at its last whole epoch is the run that would have been, and no random state
needs saving: to the last bit on one CPU with one number of threads, and on a GPU as far as its
kernels repeat themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, TrainingError
from mien.registry import architectures
from mien.specs.classifier import ModelSpec
from mien.train import checkpoint, distributed
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.run import OnBatch, Run
from mien.train.classification.tensors import input_spec, load_split
from mien.train.detection.config import DetectorConfig
from mien.train.distributed import World
from mien.train.out_of_memory import explain_out_of_memory

OnEpoch = Callable[[dict[str, Any]], None]
"""Called with an epoch's metrics, once its checkpoint is safe."""


def pick_device(name: str = "auto") -> torch.device:
    """``auto``: the process's GPU where PyTorch sees one, else the CPU; else what PyTorch calls it.

    Raises ``TrainingError`` where there is no such device here.
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


def train(
    config: ClassifierConfig,
    dataset: Dataset,
    run: Path,
    *,
    device: torch.device | None = None,
    resume: bool = False,
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
) -> list[dict[str, Any]]:
    """Train as ``config`` says and leave checkpoint, recipe and metrics in ``run``.

    Returns the metrics, one dict an epoch: ``epoch`` (from 0), ``input_size``, ``lr``,
    ``train_loss``, ``train_accuracy`` (of augmented views, by the weights as they were),
    ``images_per_second``, ``seconds`` and, with a ``valid_split``, ``valid_accuracy`` and
    ``valid_nll`` of the averaged weights. ``resume`` goes on after the last whole epoch.

    Started by PyTorch's launcher, several processes train together (``mien.train.distributed``).

    Raises ``TrainingError`` where the loss is no number or memory runs out, ``ConfigError``,
    ``DatasetError``, ``OutputError``; none of them loses an epoch that is done.
    """
    device = device or pick_device()
    world = join_processes(config, device)
    dataset = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
    check_splits(config, dataset)
    spec = input_spec(config, dataset.facts.labels)
    teacher = _load_teacher(config, spec)
    _check_network(config, len(spec.labels), world)  # a wrong one is told before the data is read
    checkpoint.check(run, config, resume)
    lower = (
        f"--set batch_size={max(1, config.batch_size // 2)}, or lower widths, input_size or limit"
    )
    with explain_out_of_memory(device, f"this network and batches of {config.batch_size}", lower):
        data = load_split(dataset, config.train_split, config, spec, device)
        valid = None
        if config.valid_split is not None:
            valid = load_split(dataset, config.valid_split, config, spec, device)
        training = Run(config, spec, data, valid, teacher, run, device, world)
        if world.is_main:
            checkpoint.prepare(
                run, config, [*data.unreadable, *(valid.unreadable if valid else ())]
            )
        going_on = world.agree(resume and checkpoint.exists(run))
        rows = training.restore() if going_on else training.begin()
        return training.go(rows, on_batch, on_epoch)


def join_processes(config: ClassifierConfig | DetectorConfig, device: torch.device) -> World:
    """The processes that share the run, once the machine and their number suit the recipe.

    Raises ``TrainingError`` and ``ConfigError``.
    """
    if config.precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        other = "fp16" if isinstance(config, ClassifierConfig) else "fp32"
        raise TrainingError(f"this GPU has no bf16: add --set precision={other}")
    if config.precision == "fp16" and device.type != "cuda":
        raise TrainingError("precision fp16 needs a GPU: add --set precision=fp32")
    world = distributed.world(device)
    if config.batch_size % world.size:
        raise ConfigError(
            f"batch_size {config.batch_size} cannot be shared by {world.size} processes alike"
        )
    return world


def check_splits(
    config: ClassifierConfig | DetectorConfig, dataset: Dataset | SceneDataset
) -> None:
    """Raise ``ConfigError`` where the data lacks a split that the recipe names."""
    held = dataset.splits()
    for key in ("train_split", "valid_split"):
        split = getattr(config, key)
        if split is not None and split not in held:
            none = ', or --set valid_split="" for none' if key == "valid_split" else ""
            raise ConfigError(
                f"the recipe has {key} = {split!r}, and this {dataset.facts.name} has the splits "
                f"{', '.join(held)}: add --set {key}=NAME{none}"
            )


def _check_network(config: ClassifierConfig, classes: int, world: World) -> None:
    """Refuse a network that cannot take the recipe's batches; needs next to no time or memory."""
    make = architectures.get(config.architecture)
    pictures = min(config.batch_size // world.size, 2)
    for side in _sides(config):
        try:
            with torch.device("meta"):  # shapes alone
                net = make(config, classes)
                if isinstance(net, Fitted):
                    return
                net(torch.zeros(pictures, config.channels, side, side))
        except NotImplementedError:
            return  # a network that computes with its shapes' values: it is found out as it trains
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0][:200]
            raise ConfigError(
                f"the architecture {config.backbone or config.architecture} cannot learn from "
                f"batches of {config.batch_size} inputs of {side}×{side} pixels ({reason}): "
                "change input_size, batch_size or the network's shape"
            ) from None


def _sides(config: ClassifierConfig) -> set[int]:
    """Every side in pixels that the network's input has during the run."""
    return {config.input_size, *(side for _, side in config.size_schedule)}


def _load_teacher(config: ClassifierConfig, spec: ModelSpec) -> Network | None:
    config.check_teacher()
    if config.teacher is None:
        return None
    teacher, state = checkpoint.load_network(config.teacher)
    if tuple(state["labels"]) != spec.labels:
        raise ConfigError(
            f"the teacher {config.teacher} names {', '.join(state['labels'])}, the data set "
            f"{', '.join(spec.labels)}: both must have the same labels in the same order"
        )
    theirs = input_spec(ClassifierConfig.from_dict(state["config"]), spec.labels)
    for fact in ("channels", "mean", "std"):
        if getattr(theirs, fact) != getattr(spec, fact):
            raise ConfigError(
                f"the teacher {config.teacher} was trained with {fact} {getattr(theirs, fact)}, "
                f"the recipe has {getattr(spec, fact)}: both see the same views"
            )
    teacher.requires_grad_(False)
    for side in _sides(config):
        try:
            teacher(torch.zeros(1, config.channels, side, side))
        except RuntimeError:
            raise ConfigError(
                f"the teacher {config.teacher} takes {theirs.input_size}×{theirs.input_size} "
                f"pixels alone, and the recipe shows it {side}×{side}: set input_size and "
                "size_schedule to what both can see"
            ) from None
    return teacher
