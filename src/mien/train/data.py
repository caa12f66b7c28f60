"""A data set's splits as tensors that live on the training device for the whole run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from mien.datasets.base import Dataset, stack
from mien.preprocess import frames
from mien.spec import ModelSpec
from mien.train.config import TrainConfig


@dataclass(slots=True)
class TensorSplit:
    """A split on the training device: FER2013's pictures take 66 MB as bytes."""

    frames: Tensor
    """(N, R, R, C) uint8, R = ``TrainConfig.resize``."""
    labels: Tensor
    """(N,) int64."""
    votes: Tensor | None
    """(N, 10) float32 FER+ votes, or ``None`` where the data set has none."""

    def __len__(self) -> int:
        return len(self.labels)


def input_spec(config: TrainConfig, labels: tuple[str, ...]) -> ModelSpec:
    """The facts about the network's input that training, validation and the exported file share."""
    return ModelSpec(
        name=config.name,
        labels=labels,
        input_size=config.input_size,
        resize=config.resize,
        channels=config.channels,
        mean=_a_channel(config.mean, config.channels),
        std=_a_channel(config.std, config.channels),
    )


def _a_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return values * channels if len(values) == 1 else values


def load_split(
    dataset: Dataset, name: str, config: TrainConfig, spec: ModelSpec, device: torch.device
) -> TensorSplit:
    """The first ``config.limit`` pictures of a split, through ``mien.preprocess.frames``.

    Raises ``DatasetError``.
    """
    split = stack(islice(dataset.samples(name), config.limit), f"split {name!r}")
    return TensorSplit(
        frames=torch.from_numpy(frames(list(split.images), spec)).to(device),
        labels=torch.from_numpy(split.labels).to(device),
        votes=None if split.votes is None else torch.from_numpy(split.votes).to(device),
    )
