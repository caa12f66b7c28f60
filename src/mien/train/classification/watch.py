"""What the validation loss decides during a run: a lower rate, the best epoch, an early end."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from mien.train.classification.config import ClassifierConfig


@dataclass(slots=True)
class Watch:
    """The validation losses so far, in short; plain numbers, so that a checkpoint keeps them."""

    best_loss: float = math.inf
    best_epoch: int = -1
    since_best: int = 0
    """Epochs since the lowest loss."""
    since_change: int = 0
    """Epochs since the lowest loss or the last change of the rate."""
    rate: float = 1.0
    """Factor of the learning rate, by ``schedule = "plateau"``."""

    def see(self, epoch: int, loss: float, config: ClassifierConfig) -> bool:
        """Take in an epoch's validation loss; returns whether it is the lowest so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, epoch
            self.since_best = self.since_change = 0
            return True
        self.since_best += 1
        self.since_change += 1
        if config.schedule == "plateau" and self.since_change >= config.plateau_patience:
            self.rate *= config.plateau_factor
            self.since_change = 0
        return False

    def should_stop(self, config: ClassifierConfig) -> bool:
        """Whether patience has run out."""
        return 0 < config.patience <= self.since_best

    def to_dict(self) -> dict[str, Any]:
        """Plain values, which ``Watch(**values)`` reads back."""
        return asdict(self)


def kept_row(rows: list[dict[str, Any]], config: ClassifierConfig) -> dict[str, Any]:
    """Metrics of the epoch whose weights a run keeps: the last, or with ``patience`` the best."""
    return min(rows, key=lambda row: row["valid_nll"]) if config.patience else rows[-1]
