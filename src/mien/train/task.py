"""``Task``: everything that the trainer asks of one kind of model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Generator, Tensor, nn

from mien.errors import ConfigError, TrainingError
from mien.train.config import BaseConfig
from mien.train.metrics_file import Row

Net = TypeVar("Net", bound=nn.Module)


class Task(Protocol[Net]):
    """A network, the data it learns from and its loss. Epochs count from 0 here.

    Every draw of an epoch follows from ``epoch_seed`` or PyTorch's own generator, which the trainer
    seeds with it.
    """

    net: Net
    """The network to train, with random weights that follow from the recipe's seed."""
    pictures: int
    """Training pictures."""
    steps: int
    """Optimiser steps per epoch; 0 if ``begin_epoch`` fits the network all at once."""
    epochs: int
    """Epochs of the whole run."""

    @property
    def config(self) -> BaseConfig:
        """The recipe."""
        ...

    @property
    def unreadable(self) -> Sequence[tuple[str, str]]:
        """Key and reason of every picture that could not be read."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know about the data, one sentence each."""
        ...

    @property
    def rate_factor(self) -> float:
        """Factor of the scheduled learning rate."""
        ...

    @property
    def rate_factors(self) -> Mapping[nn.Parameter, float]:
        """Factors of single weights' learning rates; others have 1."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether training ends before the next epoch, whatever ``epochs`` says."""
        ...

    @property
    def graph_obstacle(self) -> str | None:
        """Why a step cannot be captured as a CUDA graph; ``None`` if it can.

        Then ``batches`` are ``Graphable``, and ``prepare`` and ``loss`` never wait for the device.
        """
        ...

    @property
    def generators(self) -> Sequence[Generator]:
        """What ``prepare`` and ``loss`` draw from, besides PyTorch's own generator."""
        ...

    def start(self) -> None:
        """Prepare a new run's network: load initial weights, fit what depends on the data."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """Set which weights train, and the network's mode."""
        ...

    def batches(self, epoch: int) -> Iterator[Any]:
        """The epoch's ``steps`` batches, of each this process's share, on the device."""
        ...

    def prepare(self, batch: Any) -> Any:
        """What ``loss`` takes, made on the device in full precision."""
        ...

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a prepared batch, and detached measures that are summed over the epoch."""
        ...

    def metrics(self, epoch: int, sums: Mapping[str, float]) -> Row:
        """The metrics of a finished epoch beyond loss and rate, from the summed measures."""
        ...

    def update_statistics(self, averaged: Net, epoch: int) -> None:
        """Recompute what the average of the weights cannot take from their own averages."""
        ...

    def validate(self, averaged: Net, epoch: int) -> Row:
        """Metrics of the averaged weights on the validation split; empty if none is due."""
        ...

    def is_best(self, epoch: int, metrics: Row) -> bool:
        """Take in a validation; whether these weights are kept as the best so far."""
        ...

    def facts(self) -> dict[str, Any]:
        """Facts about the training data and the initial weights, for the model's card."""
        ...

    def state(self) -> dict[str, Any]:
        """``labels`` and what else a checkpoint stores besides network and optimiser."""
        ...

    def restore(self, state: Mapping[str, Any], folder: Path) -> None:
        """Take over a checkpoint's state; ``ConfigError`` if ``folder`` had other data."""
        ...


def epoch_seed(config: BaseConfig, epoch: int) -> int:
    """The seed of one epoch's draws, so that a resumed run repeats the epoch exactly."""
    return config.seed * 100_003 + epoch + 1


def steps_per_epoch(pictures: int, config: BaseConfig) -> int:
    """Whole batches in an epoch; ``TrainingError`` if there is none."""
    if pictures < config.batch_size:
        raise TrainingError(
            f"{pictures} pictures make no batch of {config.batch_size}: lower batch_size, "
            f"such as --set batch_size={max(pictures, 1)}"
        )
    return pictures // config.batch_size


DATA = {"fingerprint": "training", "valid_fingerprint": "validation"}
"""Facts of a checkpoint that identify its data (``mien.datasets.fingerprint``)."""


def check_same_data(facts: Mapping[str, Any], own: Mapping[str, Any], folder: Path) -> None:
    """Raise ``ConfigError`` if a checkpoint's ``facts`` are of other data than a task's ``own``.

    Checkpoints of earlier versions lack some of these facts: what they lack is not compared.
    """
    for key, what in DATA.items():
        if key in facts and facts[key] != own.get(key):
            raise ConfigError(
                f"{folder} was trained on other data: the fingerprint of its {what} pictures is "
                f"{facts[key]}, of these {own.get(key)}; resume with the same data ('mien data "
                "info' shows fingerprints)"
            )
