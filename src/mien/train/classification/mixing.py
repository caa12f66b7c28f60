"""Mixup and CutMix: pictures and targets of a batch, mixed with a shuffled copy of it.

What is drawn for a whole batch is drawn on the host and kept as five numbers beside the pictures,
so that mixing waits for nothing and does the same work whatever was drawn.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from mien.train.classification.config import ClassifierConfig


class Mixture(NamedTuple):
    """How one batch is mixed; the last three numbers are those of CutMix's square, in pixels."""

    kind: str = ""
    """``mixup``, ``cutmix``, or empty: the batch is not mixed."""
    share: float = 1.0
    """Share of the picture itself in its target; the other one has the rest."""
    top: int = 0
    left: int = 0
    side: int = 0

    @property
    def numbers(self) -> tuple[float, float, float, float, float]:
        """The share, the rest, and the square."""
        return self.share, 1 - self.share, self.top, self.left, self.side


def draw_mixture(config: ClassifierConfig, side: int, rng: np.random.Generator) -> Mixture:
    """How to mix the next batch of pictures of ``side`` pixels."""
    kinds = [kind for kind in ("mixup", "cutmix") if getattr(config, kind) > 0]
    if not kinds or rng.random() >= config.mix_probability:
        return Mixture()
    kind = kinds[rng.integers(len(kinds))]
    alpha = getattr(config, kind)
    share = float(rng.beta(alpha, alpha))
    if kind == "mixup":
        return Mixture(kind, share)
    cut = round(side * math.sqrt(1 - share))
    top, left = rng.integers(side - cut + 1, size=2)
    # The share of the actual square, in whole pixels.
    return Mixture(kind, 1 - (cut / side) ** 2, int(top), int(left), cut)


def mix(
    x: Tensor, targets: list[Tensor], kind: str, numbers: Tensor, generator: Generator
) -> tuple[Tensor, list[Tensor]]:
    """Mix (N, C, S, S) pictures and their (N, …) targets as a ``Mixture`` of this ``kind`` says.

    ``numbers``: its (5,) ``numbers``, on the device of the pictures.
    """
    if not kind:
        return x, targets
    share, rest, top, left, cut = numbers.unbind()
    other = torch.randperm(len(x), generator=generator, device=generator.device)
    if kind == "mixup":
        x = share * x + rest * x[other]
    else:
        at = torch.arange(x.shape[-1], device=x.device)
        rows, columns = (at >= top) & (at < top + cut), (at >= left) & (at < left + cut)  # (S,)
        x = torch.where(rows[:, None] & columns, x[other], x)
    return x, [share * target + rest * target[other] for target in targets]
