"""What changes over a run: the learning rate by the step, the input's side by the epoch."""

from __future__ import annotations

import math

from mien.train.classification.config import ClassifierConfig
from mien.train.detection.config import DetectorConfig


def learning_rate(
    config: ClassifierConfig | DetectorConfig, step: int, steps_per_epoch: int
) -> float:
    """Learning rate at global ``step``, counted from 0.

    ``onecycle``: cosine up from lr/25 over the ``warmup`` share, cosine down to 0 (Smith and Topin
    2018); ``cosine``: linear up from 0, cosine down to 0 (Loshchilov and Hutter 2017); ``constant``
    and ``plateau``: linear up from 0, then ``lr`` (which ``mien.train.classification.watch``
    lowers).
    """
    total = config.epochs * steps_per_epoch
    peak = config.warmup * total
    if step < peak:
        done = (step + 1) / max(peak, 1)
        if config.schedule != "onecycle":
            return config.lr * min(done, 1.0)
        start = config.lr / 25
        return start + (config.lr - start) * (1 - math.cos(math.pi * min(done, 1.0))) / 2
    if config.schedule in ("constant", "plateau"):
        return config.lr
    done = (step + 1 - peak) / max(total - peak, 1)
    return config.lr * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def input_side(config: ClassifierConfig, epoch: int) -> int:
    """Input side in pixels of one epoch, counted from 0, by ``size_schedule``."""
    end = 0.0
    for share, side in config.size_schedule:
        end += share
        if epoch < round(end * config.epochs):
            return side
    return config.input_size
