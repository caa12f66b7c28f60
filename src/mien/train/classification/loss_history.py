"""Decisions from the validation loss: lower the rate, keep the best epoch, stop early."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from mien.train.classification.config import ClassifierConfig
from mien.train.metrics_file import Row


@dataclass(slots=True)
class LossHistory:
    """Summary of the validation losses so far; plain numbers, which a checkpoint stores."""

    best_loss: float = math.inf
    best_epoch: int = -1
    """Epoch of the lowest loss, counted from 0, as in the checkpoints of earlier versions."""
    since_best: int = 0
    """Epochs since the lowest loss."""
    since_change: int = 0
    """Epochs since the lowest loss or the last change of the rate."""
    rate: float = 1.0
    """Factor of the learning rate, for ``schedule = "plateau"``."""

    def add(self, epoch: int, loss: float, config: ClassifierConfig) -> bool:
        """Add the loss of an epoch, counted from 0; returns whether it is the lowest so far."""
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

    def out_of_patience(self, config: ClassifierConfig) -> bool:
        """Whether the recipe's ``patience`` is used up."""
        return 0 < config.patience <= self.since_best

    def to_dict(self) -> dict[str, Any]:
        """Plain values; ``LossHistory(**values)`` reads them back."""
        return asdict(self)


def row_of_kept_epoch(rows: list[Row], config: ClassifierConfig) -> Row:
    """Metrics of the epoch whose weights a run keeps: the last, or the best with ``patience``."""
    return min(rows, key=lambda row: watched(row, config)) if config.patience else rows[-1]


def watched(row: Row, config: ClassifierConfig) -> float:
    """The validation loss of an epoch: NLL, or without the labels' weight 1 - the mean CCC."""
    if config.label_weight:
        return float(row["valid_nll"])
    return 1 - float(row["valid_valence_ccc"] + row["valid_arousal_ccc"]) / 2
