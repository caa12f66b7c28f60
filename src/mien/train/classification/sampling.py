"""Which pictures an epoch trains on, and in which order."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from mien.train.classification.config import ClassifierConfig


def epoch_length(labels: Tensor, config: ClassifierConfig) -> int:
    """Number of pictures in each epoch of a run."""
    counts = torch.bincount(labels)
    if config.epoch_per_class is None:
        return len(labels)
    if config.sampling == "balanced":
        return int((counts > 0).sum()) * config.epoch_per_class
    return int(counts.clamp(max=config.epoch_per_class).sum())


def epoch_order(labels: Tensor, config: ClassifierConfig, generator: Generator) -> Tensor:
    """(L,) indices into the split, drawn for one epoch; L = ``epoch_length``.

    ``natural``: each picture once, at most ``epoch_per_class`` of each class. ``balanced``: with
    replacement, all classes that occur equally likely.
    """
    device = generator.device
    if config.sampling == "balanced":
        counts = torch.bincount(labels).float()
        chance = 1 / counts[labels]
        return torch.multinomial(
            chance.to(device), epoch_length(labels, config), replacement=True, generator=generator
        )
    order = torch.randperm(len(labels), generator=generator, device=device)
    if config.epoch_per_class is None:
        return order
    shuffled = labels[order]
    kept = torch.zeros(len(order), dtype=torch.bool, device=device)
    for label in range(int(labels.max()) + 1):
        kept[(shuffled == label).nonzero()[: config.epoch_per_class, 0]] = True
    return order[kept]
