"""The learning rate at each step of a run."""

from __future__ import annotations

import math

from mien.train.config import BaseConfig


def learning_rate(config: BaseConfig, step: int, steps_per_epoch: int) -> float:
    """Learning rate at global ``step``, counted from 0.

    ``onecycle``: cosine up from lr/25 over the ``warmup`` share, cosine down to 0 (Smith and Topin
    2018); ``cosine``: linear up from 0, cosine down to 0 (Loshchilov and Hutter 2017); ``constant``
    and ``plateau``: linear up from 0, then ``lr`` (which the trainer multiplies by a task's
    ``rate_factor``). With ``swa`` a falling rate ends at ``swa_rate`` of ``lr``.
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
    share = (1 + math.cos(math.pi * min(done, 1.0))) / 2
    return config.lr * max(share, config.swa_rate if config.swa else 0.0)
