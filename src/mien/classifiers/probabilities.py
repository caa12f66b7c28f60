"""From a network's logits to probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """(N, K) probabilities of (N, K) finite logits, divided by ``temperature`` (Guo et al. 2017).

    They are finite and sum to 1 however large the logits are.
    """
    # In float64 neither the differences nor the quotients of float32 values overflow.
    below = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    e = np.exp(below / temperature)
    return np.asarray(e / e.sum(axis=1, keepdims=True), np.float32)


def uncalibrated(probs: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """(N, K) probabilities at temperature 1, from those of logits divided by ``temperature``."""
    # Both are softmax of the same logits, and log p is the divided logits up to a constant.
    logits = temperature * np.log(np.maximum(probs.astype(np.float64), 1e-45))
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
