"""``Draw``: a batch before its views are made, which is all that the host decides about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Generator, Tensor

from mien.train.classification.config import ClassifierConfig
from mien.train.classification.mixing import Mixture, draw_mixture
from mien.train.classification.sampling import epoch_order
from mien.train.classification.spec import input_side


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Which pictures a batch has, and how they are augmented and mixed."""

    rows: Tensor
    """(N,) indices into the split."""
    numbers: Tensor
    """(5,) ``Mixture.numbers``."""
    side: int
    """Side of the views in pixels."""
    weak: bool
    """Whether the augmentation is that of the last epochs."""
    mixing: str
    """``Mixture.kind``."""

    @property
    def kind(self) -> tuple[int, bool, str]:
        """What decides which work a batch makes, as ``mien.train.graphed_step`` asks."""
        return self.side, self.weak, self.mixing

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """The values that differ between batches of a kind."""
        return self.rows, self.numbers

    def with_tensors(self, *tensors: Tensor) -> Self:
        """The same with other ``tensors``."""
        rows, numbers = tensors
        return replace(self, rows=rows, numbers=numbers)


def draws(
    labels: Tensor, config: ClassifierConfig, epoch: int, steps: int, generator: Generator
) -> Iterator[Draw]:
    """The whole batches of an epoch. Everything is drawn, and on the device, before the first."""
    rng = np.random.default_rng((config.seed, epoch))
    side = input_side(config, epoch)
    weak = epoch >= config.epochs - config.weak_epochs
    order = epoch_order(labels, config, generator)
    mixtures = [Mixture() if weak else draw_mixture(config, side, rng) for _ in range(steps)]
    numbers = torch.tensor([mixture.numbers for mixture in mixtures], dtype=torch.float32)
    parts = torch.split(order[: steps * config.batch_size], config.batch_size)
    # Nothing is drawn lazily: the generator's next numbers belong to the first batch's views.
    return map(
        Draw,
        parts,
        numbers.to(order.device),
        [side] * steps,
        [weak] * steps,
        [mixture.kind for mixture in mixtures],
    )
