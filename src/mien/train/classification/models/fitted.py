"""Baselines that are fitted in one pass, without gradients: the majority class and k-NN."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mien.errors import ConfigError
from mien.registry import register_architecture
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network

SMOOTHING = 0.1
"""Added to every count, so that no class has probability 0 and every logit is finite."""


class Fitted(Network):
    """A network without weights to train: ``fit`` sees the training pictures once."""

    def make_heads(self, features: int, auxiliary_classes: int, affect: bool) -> None:
        """Make no heads: the features are the logits."""
        self.head = nn.Identity()
        self.auxiliary = self.affect = None

    def fit(self, x: Tensor, labels: Tensor) -> None:
        """Learn from (N, C, S, S) normalised pictures and their (N,) labels."""
        raise NotImplementedError


@register_architecture("majority")
class Majority(Fitted):
    """Answers every picture with the frequencies of the training labels."""

    log_shares: Tensor

    def build(self, config: ClassifierConfig) -> int:
        """Make a buffer for the share of each class."""
        self.register_buffer("log_shares", torch.zeros(self.classes))
        return self.classes

    def fit(self, x: Tensor, labels: Tensor) -> None:
        """Count the (N,) labels and ignore the pictures."""
        counts = torch.bincount(labels, minlength=self.classes).float() + SMOOTHING
        self.log_shares.copy_((counts / counts.sum()).log())

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, classes) logits, every row the same."""
        # The term is 0, but keeps the input in the exported graph.
        return self.log_shares + 0 * x.mean((1, 2, 3))[:, None]


@register_architecture("knn")
class KNN(Fitted):
    """The vote of the nearest training pictures, by the Euclidean distance of their pixels.

    Stores every training picture. The nearest picture breaks ties.
    """

    pictures: Tensor
    answers: Tensor
    ranks: Tensor

    def build(self, config: ClassifierConfig) -> int:
        """Make buffers for the training pictures and their labels."""
        self.neighbours = config.neighbours
        self.register_buffer("pictures", torch.zeros(0, config.channels * config.input_size**2))
        self.register_buffer("answers", torch.zeros(0, self.classes))  # one-hot
        # A vote counts 1 plus a bonus, which halves from each neighbour to the next.
        ranks = 1 + 0.01 * 0.5 ** torch.arange(config.neighbours)  # (k,)
        self.register_buffer("ranks", ranks, persistent=False)
        return self.classes

    def fit(self, x: Tensor, labels: Tensor) -> None:
        """Store the pictures. Raises ``ConfigError`` if there are too few."""
        if len(x) < self.neighbours:
            raise ConfigError(f"neighbours = {self.neighbours}, but there are {len(x)} pictures")
        self.pictures = self.prepare(x).flatten(1).clone()  # (M, D)
        self.answers = F.one_hot(labels, self.classes).float()  # (M, K)

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, classes) logits: the logarithms of the vote shares."""
        x = self.prepare(x).flatten(1)  # (N, D)
        # The squared distance without |x|², which is the same for all.
        distances = self.pictures.square().sum(1) - 2 * x @ self.pictures.T  # (N, M)
        nearest = distances.topk(self.neighbours, largest=False).indices  # (N, k)
        votes = (self.answers[nearest] * self.ranks[:, None]).sum(1) + SMOOTHING  # (N, K)
        return (votes / votes.sum(1, keepdim=True)).log()

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        # Only the weights say how many pictures there are.
        for name in ("pictures", "answers"):
            if prefix + name in state:
                setattr(self, name, torch.empty_like(state[prefix + name]))
        super()._load_from_state_dict(state, prefix, *rest)
