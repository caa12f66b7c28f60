"""Sharpness-aware minimisation (SAM; Foret et al. 2021, arXiv:2010.01412)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def uphill(net: nn.Module, radius: float) -> Iterator[None]:
    """Move the weights by ``radius`` along their gradient g for a ``with`` block, then back.

    To w + radius · g / |g|, the norm taken over all weights (equation 2 of the paper, for p = 2).
    Meanwhile the batch statistics do not learn: they belong to the weights that stay. The gradients
    made in the block are left for the optimiser. Launches kernels only, so that a CUDA graph can
    hold it.
    """
    weights: list[Tensor] = [p for p in net.parameters() if p.grad is not None]
    before = [p.detach().clone() for p in weights]
    with torch.no_grad():
        gradients = [p.grad for p in weights if p.grad is not None]
        steps = torch._foreach_mul(gradients, radius / (nn.utils.get_total_norm(gradients) + 1e-12))
        torch._foreach_add_(weights, list(steps))
    norms = [
        m
        for m in net.modules()
        if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats
    ]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
        with torch.no_grad():
            torch._foreach_copy_(weights, before)
