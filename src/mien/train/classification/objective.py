"""The training objective of a recipe: targets of a batch, and the loss against them."""

from __future__ import annotations

import torch
from torch import Tensor

from mien.errors import ConfigError
from mien.train.classification.compiled import Features
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.losses import (
    concordance,
    distillation,
    focal,
    smooth,
    soft_cross_entropy,
    squared_hinge,
    vote_distribution,
)
from mien.train.classification.models.base import Network
from mien.train.classification.teachers import Teachers
from mien.train.classification.tensors import TensorSplit


class Objective:
    """The loss of one recipe on one split: labels, and where wanted votes, affect and teachers."""

    def __init__(
        self, config: ClassifierConfig, classes: int, data: TensorSplit, teachers: Teachers | None
    ) -> None:
        self.config, self.classes, self.data, self.teachers = config, classes, data, teachers
        self.ferplus = config.ferplus_weight if data.votes is not None else 0.0
        self.affect = config.affect_weight
        if self.affect and data.affect is None:
            raise ConfigError(
                "affect_weight: this data set has no valence and arousal; set it to 0"
            )
        if config.loss == "svm" and data.targets is not None:
            raise ConfigError("loss svm takes hard labels, and this data set gives soft ones")
        self._class_weights = _class_weights(data.labels, classes) if config.class_weights else None

    def targets(self, rows: Tensor) -> list[Tensor]:
        """Targets of the pictures ``rows``: (N, …) tensors that may be mixed linearly.

        Soft labels (N, K); with ``ferplus`` votes (N, 8); with ``affect`` valence and arousal
        (N, 2), and whether they are known (N, 1).
        """
        if self.data.targets is None:
            labels = smooth(self.data.labels[rows], self.classes, self.config.label_smoothing)
        else:
            spread = self.config.label_smoothing
            labels = self.data.targets[rows] * (1 - spread) + spread / self.classes
        targets = [labels]
        if self.ferplus and self.data.votes is not None:
            targets.append(vote_distribution(self.data.votes[rows]))
        if self.affect and self.data.affect is not None:
            values = self.data.affect[rows]
            targets += [values.nan_to_num(), values.isfinite().all(1, keepdim=True).float()]
        return targets

    def loss(
        self,
        net: Network,
        x: Tensor,
        targets: list[Tensor],
        taught: Tensor,
        body: Features | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The loss of (N, C, S, S) normalised views, and the (N, K) logits.

        ``taught`` are the views that the teachers see. ``body`` computes what ``net.features``
        does, if given.
        """
        features = (body or net.features)(x)
        alone = not self.config.label_weight  # then the labels change nothing but the last layer
        logits = net.head(features.detach() if alone else features)
        labels, *rest = targets
        loss = self._label_loss(logits, labels)
        if net.auxiliary is not None:
            votes = soft_cross_entropy(net.auxiliary(features), rest.pop(0))
            loss = (loss + self.ferplus * votes) / (1 + self.ferplus)
        if not alone:
            loss = self.config.label_weight * loss
        if net.affect is not None:
            values, known = rest
            loss = loss + self.affect * _affect_loss(net.affect(features), values, known[:, 0])
        if self.teachers is not None:
            share, temperature = self.config.distill_weight, self.config.distill_temperature
            answers = self.teachers.log_probabilities(taught, temperature)
            soft = distillation(logits, answers, temperature)
            loss = (1 - share) * loss + share * soft
        return loss, logits

    def _label_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        weights = None if self._class_weights is None else labels @ self._class_weights
        if self.config.loss == "focal":
            return focal(logits, labels, self.config.focal_gamma, weights)
        if self.config.loss == "svm":
            return squared_hinge(logits, labels, weights)
        return soft_cross_entropy(logits, labels, weights)


def _class_weights(labels: Tensor, classes: int) -> Tensor:
    """(K,) inverse frequencies, mean 1 over the pictures; 0 for a class without pictures."""
    counts = torch.bincount(labels, minlength=classes).float()
    weights = torch.where(counts > 0, 1 / counts.clamp(min=1), 0.0)
    return weights * len(labels) / (counts > 0).sum()


def _affect_loss(predicted: Tensor, values: Tensor, known: Tensor) -> Tensor:
    """1 - CCC, mean of valence and arousal, over the pictures where both are known."""
    use = known > 1 - 1e-6  # of a mixture both pictures must be known
    if int(use.sum()) < 2:
        return predicted.sum() * 0.0
    return torch.stack(
        [1 - concordance(predicted[use, i], values[use, i]) for i in range(2)]
    ).mean()
