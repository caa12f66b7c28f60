"""Loss functions over soft labels; every one takes logits and returns a mean over the batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def soft_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of (N, K) logits against (N, K) distributions.

    ``weights`` (N,) in [0, 1] take pictures out of the mean; without any weight the loss is 0.
    """
    losses = -(targets * F.log_softmax(logits.float(), 1)).sum(1)  # (N,)
    if weights is None:
        return losses.mean()
    return (losses * weights).sum() / weights.sum().clamp(min=1.0)


def smooth(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """(N,) labels → (N, K) distributions with label smoothing (Szegedy et al. 2016)."""
    hard = F.one_hot(labels, classes).float()
    return hard * (1 - smoothing) + smoothing / classes


def vote_distribution(votes: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 10) FER+ votes → (N, 8) distributions over expressions and (N,) weights of 0 or 1.

    Votes for unknown and not-a-face are left out; a picture with no other vote weighs 0.
    """
    expressions = votes[:, :8].float()
    total = expressions.sum(1, keepdim=True)
    return expressions / total.clamp(min=1), (total[:, 0] > 0).float()


def distillation(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student) of (N, K) logits at temperature T (Hinton et al. 2015)."""
    return temperature**2 * F.kl_div(
        F.log_softmax(student.float() / temperature, 1),
        torch.log_softmax(teacher.float() / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
