"""What the training loop asks of a network; an architecture registers a function that makes one."""

from __future__ import annotations

from torch import Tensor, nn


class Network(nn.Module):
    """Features and a head on them; ``auxiliary`` is a second head that training alone uses.

    A factory registered with ``mien.registry.register_architecture`` takes ``(config, classes,
    auxiliary_classes=0)`` and returns one of these. Parameters of the second head must be named
    ``auxiliary.…`` alone, since the exported model goes without them.
    """

    head: nn.Module
    auxiliary: nn.Module | None

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, F); ``x`` is normalised as the model's spec says."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, classes) logits."""
        logits: Tensor = self.head(self.features(x))
        return logits
