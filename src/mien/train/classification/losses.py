"""Loss functions over (N, K) logits; each returns a mean over the batch."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def soft_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of (N, K) logits against (N, K) soft labels.

    The sum of a row is the picture's weight in the mean: a row of zeros drops the picture, and if
    all rows are zeros the loss is 0. ``weights`` (N,) are multiplied with it.
    """
    return _mean(-(targets * F.log_softmax(logits.float(), 1)).sum(1), targets, weights)


def focal(logits: Tensor, targets: Tensor, gamma: float, weights: Tensor | None = None) -> Tensor:
    """Focal loss -(1 - p)^γ log p (Lin et al. 2017), over soft labels; γ = 0 is cross-entropy."""
    log_probs = F.log_softmax(logits.float(), 1)
    easy = (1 - log_probs.exp()).clamp(min=0) ** gamma
    return _mean(-(targets * easy * log_probs).sum(1), targets, weights)


def squared_hinge(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """L2-SVM, one class against the rest: Σ max(0, 1 - t·z)², t = ±1 (Tang 2013).

    ``targets`` are (N, K) one-hot.
    """
    signs = 2 * targets - 1
    return _mean(F.relu(1 - signs * logits.float()).square().sum(1), targets, weights)


def concordance(predicted: Tensor, actual: Tensor) -> Tensor:
    """Concordance correlation coefficient of two (N,) series, in [-1, 1] (Lin 1989).

    0 if neither varies.
    """
    a, b = predicted.float(), actual.float()
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    spread = a.var(correction=0) + b.var(correction=0) + (a.mean() - b.mean()).square()
    return 2 * covariance / (spread + 1e-8)


def smooth(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """(N,) labels → (N, K) distributions with label smoothing (Szegedy et al. 2016)."""
    hard = F.one_hot(labels, classes).float()
    return hard * (1 - smoothing) + smoothing / classes


def vote_distribution(votes: Tensor) -> Tensor:
    """(N, 10) FER+ votes → (N, 8) distributions over expressions.

    Votes for "unknown" and "not a face" are ignored; a picture without other votes is all zeros.
    """
    expressions = votes[:, :8].float()
    return expressions / expressions.sum(1, keepdim=True).clamp(min=1)


def distillation(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student) at temperature T (Hinton et al. 2015).

    ``student``: (N, K) logits. ``teacher``: (N, K) logarithms of probabilities at T.
    """
    return temperature**2 * F.kl_div(
        F.log_softmax(student.float() / temperature, 1),
        teacher,
        reduction="batchmean",
        log_target=True,
    )


def _mean(losses: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of (N,) losses, weighted by the sum of each row of ``targets``."""
    total = targets.sum(1)  # (N,)
    if weights is not None:
        losses, total = losses * weights, total * weights
    return losses.sum() / total.sum().clamp(min=1e-6)
