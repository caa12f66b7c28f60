"""The optimiser of a recipe, and its regularisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mien.train.config import BaseConfig


def decayed(net: nn.Module) -> list[nn.Parameter]:
    """Kernels and matrices, which L1 and L2 penalise; not biases or normalisation."""
    return [p for p in net.parameters() if p.ndim > 1]


def make_optimizer(net: nn.Module, config: BaseConfig) -> Optimizer:
    """SGD with Nesterov momentum, Adam, or AdamW, in two groups: with and without weight decay."""
    groups = [
        {"params": decayed(net), "weight_decay": config.weight_decay},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    # Fused optimisers pass over the weights once, which makes small networks faster.
    if config.optimizer == "adam":
        return torch.optim.Adam(groups, lr=config.lr, fused=True)
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.lr, fused=True)
    # Not fused: PyTorch's fused SGD fails on weights that were frozen at first.
    return torch.optim.SGD(
        groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0
    )


def l1_norm(net: nn.Module) -> Tensor:
    """Sum of the absolute values of the ``decayed`` weights."""
    return torch.stack([p.abs().sum() for p in decayed(net)]).sum()
