"""Views of a run's own training pictures, to measure a trained network on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError
from mien.train.classification.augment import augment
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.spec import input_spec
from mien.train.classification.tensors import load_split


def training_views(
    data: str | Path, config: ClassifierConfig, labels: tuple[str, ...], pictures: int
) -> Tensor:
    """(N, C, S, S) network inputs, N of at most ``pictures``, weakly augmented by the recipe.

    ``data`` is the path of what the run of ``config`` was trained on, with these ``labels``. Raises
    ``ConfigError`` for data of other labels, and ``DatasetError``.
    """
    dataset = open_dataset(data, config.dataset, config.dataset_options, wants="crops")
    if tuple(dataset.facts.labels) != labels:
        raise ConfigError(
            f"{data} has the labels {', '.join(dataset.facts.labels)}, the run "
            f"{', '.join(labels)}: give the data that it was trained on"
        )
    dataset = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
    few = replace(config, limit=pictures, batch_size=1, max_per_class=None)
    spec = input_spec(config, labels)
    split = load_split(dataset, config.train_split, few, spec, torch.device("cpu"))
    generator = torch.Generator().manual_seed(config.seed)
    order = torch.randperm(len(split), generator=generator)
    x = augment(split.pictures(order), config.input_size, config, generator, weak=True)
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (spec.mean, spec.std))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)
