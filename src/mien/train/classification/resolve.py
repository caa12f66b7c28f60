"""Settles what a recipe leaves to its data and its initial weights, before anything is trained."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import torch

from mien.datasets.base import Dataset
from mien.datasets.splits import at_most, at_random, resplit
from mien.errors import ConfigError
from mien.train import checkpoint
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.sampling import epoch_length
from mien.train.classification.start import (
    Start,
    check_network_fits,
    is_foreign,
    open_start,
    take_network,
)
from mien.train.recipe import config_of
from mien.train.session import check_splits

SMALLEST_BATCH = 4
"""``min_steps_per_epoch`` lowers the batch size to this many pictures at most."""
HELD_BACK = "random:90/10"


def resolve(
    config: ClassifierConfig, dataset: Dataset, run: Path, resume: bool
) -> tuple[ClassifierConfig, Dataset]:
    """The recipe that says everything by itself, and its divided data.

    ``splits = "auto"``, ``network_from_weights``, ``known_rate``, ``min_steps`` and
    ``min_steps_per_epoch`` are replaced by what follows from the data and from the initial weights;
    a resolved recipe stays as it is. To ``resume`` the run in the folder ``run``, its own network
    is taken, so the weights that it began with may be gone. Raises ``ConfigError`` for weights of
    another network than the recipe's, ``ModelFileError``, ``DatasetError``.
    """
    config.check_weights()
    resumed = resume and checkpoint.exists(run)
    start = None if resumed else _start_of(config)
    config = _with_rate(config, dataset, run, start)
    config = _with_network(config, run, start)
    config = _with_splits(config, dataset)
    dataset = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
    check_splits(config, dataset)
    return _with_length(config, dataset), dataset


def _start_of(config: ClassifierConfig) -> Start | None:
    """The weights that a new run begins with; ``None`` without any, and for those of others."""
    if config.weights is None:
        return None
    if not config.network_from_weights:
        return None if is_foreign(config) else open_start(config.weights)
    if config.weights == "imagenet":
        raise ConfigError(
            f"the recipe {config.name!r} takes its network from the weights, and imagenet has "
            "many: give --weights default, a run or an .onnx file, or use a recipe such as "
            "resnet18"
        )
    return open_start(config.weights)


def _with_network(config: ClassifierConfig, run: Path, start: Start | None) -> ClassifierConfig:
    if config.weights is None:
        return config
    if config.network_from_weights:
        if start is not None:
            return take_network(config, start.config, config.weights)
        before = _recipe_of(run)
        if before is None:
            return replace(config, network_from_weights=False)  # refused when they are compared
        return take_network(config, before, str(run))
    if start is not None:
        check_network_fits(config, start)
    return config


def _with_rate(
    config: ClassifierConfig, dataset: Dataset, run: Path, start: Start | None
) -> ClassifierConfig:
    if config.known_rate == 1 or config.weights is None or is_foreign(config):
        return config
    labels = dataset.facts.labels
    rates = [  # by how many of the labels the start knows
        float(f"{config.lr * config.known_rate ** (known / len(labels)):.6g}")
        for known in range(len(labels) + 1)
    ]
    if start is not None:
        rate = rates[len(set(labels) & set(start.labels))]
    else:
        before = _recipe_of(run)
        rate = before.lr if before is not None and before.lr in rates else config.lr
    return replace(config, lr=rate, known_rate=1.0)


def _recipe_of(run: Path) -> ClassifierConfig | None:
    """The recipe of the run in a folder; ``None`` if it is a detector's."""
    recipe = config_of(checkpoint.load(run / checkpoint.CHECKPOINT)["config"], str(run))
    return recipe if isinstance(recipe, ClassifierConfig) else None


def _with_splits(config: ClassifierConfig, dataset: Dataset) -> ClassifierConfig:
    if config.splits != "auto":
        return config
    if "valid" in dataset.splits():
        return replace(config, splits="official", valid_split="valid")
    return replace(config, splits=HELD_BACK, train_split="train", valid_split="valid")


def _with_length(config: ClassifierConfig, dataset: Dataset) -> ClassifierConfig:
    if not config.min_steps and not config.min_steps_per_epoch:
        return config
    labels = [sample.label for sample in dataset.samples(config.train_split)]
    drawn = torch.tensor(labels)[at_random(labels, config.limit, config.seed)]
    if config.max_per_class is not None:
        drawn = drawn[at_most(drawn.tolist(), config.max_per_class, config.seed)]
    pictures = epoch_length(drawn, config)
    batch = config.batch_size
    if config.min_steps_per_epoch:
        batch = min(batch, max(SMALLEST_BATCH, pictures // config.min_steps_per_epoch))
    steps = max(1, pictures // batch)
    epochs = max(config.epochs, math.ceil(config.min_steps / steps))
    longer = epochs / config.epochs
    return replace(
        config,
        batch_size=batch,
        epochs=epochs,
        freeze_epochs=round(config.freeze_epochs * longer),
        weak_epochs=round(config.weak_epochs * longer),
        min_steps=0,
        min_steps_per_epoch=0,
    )
